"""Shadow mode: a draft decides beside the live policy on real questions, and nothing follows from what it says.

A check hands its question over after its answer stands, into a short queue, and is done: no database, no lock, and whatever goes wrong
here never reaches it. A thread of the process takes a few questions a second, reads the subject anew and lets both policies decide on
the same facts; so a difference is one of the policies and never one of the moment. The questions beyond that are only counted.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.answering import Catalogue, Seen, answer
from govcloud.authorization.deciding.decider import PLATFORM, Decider
from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.policy import compile_policy
from govcloud.authorization.drafting.models import PolicyShadow, PolicyShadowDifference, PolicyShadowSample
from govcloud.authorization.policies.document import parse_document
from govcloud.authorization.subjects.snapshot import subsystem_of
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.subsystems.levels import OWN, Traits

COMMAND = "govcloud:policy:note_shadow"
ACTOR = Actor.system("shadow")
#: So many questions a second are looked at in one process; a look costs a few milliseconds of a thread that nobody waits for.
A_SECOND = 10
#: Kept of one shadow: samples go round, and kinds of differences beyond the most are counted together.
SAMPLES, MOST_KINDS = 200, 500
OTHER_ROWS = "other_rows"
_BEYOND = "*"
_REFRESH = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Current:
    """The shadow that runs, ready to decide."""

    id: UUID
    checksum: str
    until: datetime
    engine: Engine


@dataclass
class _Batch:
    """What some questions came to: how many were looked at, and those that differ (live, shadow)."""

    checked: int = 0
    different: list[tuple[Question, str, str]] = field(default_factory=list)


class Shadowing:
    """Takes questions over from checks, and lets the shadow decide them later."""

    def __init__(self, uow: UnitOfWork, decider: Decider, clock: Clock) -> None:
        """Take what the background work needs; nothing runs before ``run_within``."""
        self._uow = uow
        self._decider = decider
        self._clock = clock
        self._context: Callable[[], AbstractContextManager[object]] | None = None
        self._waiting: deque[Question] = deque()
        self._left_out = 0
        self._current: _Current | None = None
        self._process = 0
        self._wake = threading.Event()

    def run_within(self, context: Callable[[], AbstractContextManager[object]]) -> None:
        """Let a thread of this process do the work from the first question on; ``context`` gives it a database session of its own."""
        self._context = context

    def note(self, question: Question) -> None:
        """Take over a question that has been answered. Costs next to nothing, whether a shadow runs or not, and never raises."""
        if self._process != os.getpid():
            self._start()
        if self._current is None:
            return
        if len(self._waiting) < A_SECOND:
            self._waiting.append(question)
        else:
            self._left_out += 1

    def look(self) -> None:
        """See which shadow runs now, and make it ready if it is another than before."""
        now = self._clock.now()
        query = select(PolicyShadow.id, PolicyShadow.checksum, PolicyShadow.until).where(
            PolicyShadow.ended_at.is_(None), PolicyShadow.until > now
        )
        row = self._uow.read().execute(query).one_or_none()
        current = self._current
        if row is None:
            self._current = None
        elif current is None or current.id != row.id:
            document = parse_document(self._document(row.id), "shadow")
            engine = self._decider.live.engine_for(compile_policy(0, document.roles, document.rules))
            self._current = _Current(row.id, row.checksum, row.until, engine)

    def work(self) -> int:
        """Decide what waits and keep what differs; return how many questions that were."""
        current = self._current
        if current is None:
            self._waiting.clear()
            return 0
        batch = _Batch()
        while self._waiting and batch.checked < A_SECOND:
            question = self._waiting.popleft()
            batch.checked += 1
            said = self._both(question, current.engine)
            if said is not None:
                batch.different.append((question, *said))
        left_out, self._left_out = self._left_out, 0
        if batch.checked or left_out:
            self._keep(current.id, batch, left_out)
        return batch.checked

    # How the thread works

    def _start(self) -> None:
        """Begin in this process: a worker is a fork of one that may have begun already."""
        self._process = os.getpid()
        self._waiting, self._current, self._left_out = deque(), None, 0
        if self._context is not None:
            threading.Thread(target=self._run, args=(self._context,), name="shadow", daemon=True).start()

    def _run(self, context: Callable[[], AbstractContextManager[object]]) -> None:
        turn = 0
        while True:
            try:
                with context():
                    if turn % _REFRESH == 0:
                        self.look()
                    self.work()
            except (GovcloudError, SQLAlchemyError, OSError, ValueError, LookupError, TypeError) as error:
                # No database, a policy without the shadow's role, a question that nobody can read: checks go on, and so does this.
                self._current = None
                logger.warning("the shadow rests: %s", type(error).__name__)
            turn += 1
            self._wake.wait(1)

    # How a question is decided twice

    def _both(self, question: Question, engine: Engine) -> tuple[str, str] | None:
        """Return what the live policy and the shadow say, read on the same facts; ``None`` when that is the same."""
        decider, now = self._decider, self._clock.now()
        standing = decider.standing(question.official_id, question.appointment_id, now)
        if isinstance(standing, Reason):
            return None
        state = decider.facts.state()
        duties = decider.live_duties.of(state.duties, now)
        who = (standing.official_id, standing.appointment_id, now)
        facts = (decider.facts.assignments(*who), decider.facts.grants(*who))
        said: list[Decision] = []
        for side in (decider.live.of(state.version_id), engine):
            snapshot = decider.snapshot(standing, side.policy, duties, *facts, now)
            said.append(answer(question, Seen(snapshot, side, state.epoch, now), self._catalogue(side)))
        live, shadow = said
        return _difference(live, shadow)

    def _catalogue(self, side: Engine) -> Catalogue:
        """Return the catalogue as one side sees it; what became of a grant, and what could be asked for, is alike for both."""

        def traits_of(function: str) -> Traits | None:
            if subsystem_of(function) == PLATFORM:
                return OWN if side.policy.knows(function) else None
            return self._decider.subsystems.traits_in_catalogue(function, self._clock.now())

        return Catalogue(traits_of, last_grant=lambda _function: None, item_for=lambda _function: None)

    def _document(self, shadow_id: UUID) -> str:
        return self._uow.read().scalars(select(PolicyShadow.document).where(PolicyShadow.id == shadow_id)).one()

    # What is kept

    def _keep(self, shadow_id: UUID, batch: _Batch, left_out: int) -> None:
        with self._uow.begin(ACTOR, COMMAND, Target("policy_shadow", str(shadow_id))) as tx:
            counted = (
                update(PolicyShadow)
                .where(PolicyShadow.id == shadow_id, PolicyShadow.ended_at.is_(None))
                .values(
                    checked=PolicyShadow.checked + batch.checked,
                    different=PolicyShadow.different + len(batch.different),
                    dropped=PolicyShadow.dropped + left_out,
                )
                .returning(PolicyShadow.different)
            )
            # The row is held from here on, so that processes take their slots one after another.
            different = tx.session.scalar(counted)
            if different is None or not batch.different:
                return
            _count(tx.session, shadow_id, Counter((q.function, live, shadow) for q, live, shadow in batch.different), tx.now)
            first = different - len(batch.different)
            rows = {
                (first + place) % SAMPLES: _sample(shadow_id, (first + place) % SAMPLES, item, tx.now)
                for place, item in enumerate(batch.different)
            }
            kept = insert(PolicyShadowSample).values(list(rows.values()))
            columns = ("at", "official_id", "appointment_id", "function", "division", "live", "shadow")
            tx.session.execute(
                kept.on_conflict_do_update(
                    index_elements=["shadow_id", "slot"], set_={name: getattr(kept.excluded, name) for name in columns}
                )
            )


def _difference(live: Decision, shadow: Decision) -> tuple[str, str] | None:
    if live.allowed and shadow.allowed:
        return None if live.views == shadow.views else (str(Reason.ALLOWED), OTHER_ROWS)
    return None if live.allowed == shadow.allowed else (str(live.code), str(shadow.code))


def _count(session: Session, shadow_id: UUID, kinds: Counter[tuple[str, str, str]], now: datetime) -> None:
    """Add to the counts; kinds beyond the most that are kept go into one."""
    table = PolicyShadowDifference
    known = {tuple(row) for row in session.execute(select(table.function, table.live, table.shadow).where(table.shadow_id == shadow_id))}
    folded: Counter[tuple[str, str, str]] = Counter()
    for kind, times in kinds.items():
        room = kind in known or len(known) < MOST_KINDS
        folded[kind if room else (_BEYOND, _BEYOND, _BEYOND)] += times
        known |= {kind} if room else set()
    rows = [
        {"shadow_id": shadow_id, "function": function, "live": live, "shadow": shadow, "times": times, "last_at": now}
        for (function, live, shadow), times in sorted(folded.items())
    ]
    added = insert(table).values(rows)
    session.execute(
        added.on_conflict_do_update(
            index_elements=["shadow_id", "function", "live", "shadow"],
            set_={"times": table.times + added.excluded.times, "last_at": func.greatest(table.last_at, added.excluded.last_at)},
        )
    )


def _sample(shadow_id: UUID, slot: int, item: tuple[Question, str, str], now: datetime) -> dict[str, Any]:
    """Return one sample; of the thing asked about only the division is kept, as the rest is the subsystem's own."""
    question, live, shadow = item
    division = question.resource.get("division")
    return {
        "shadow_id": shadow_id,
        "slot": slot,
        "at": now,
        "official_id": question.official_id,
        "appointment_id": question.appointment_id,
        "function": question.function[:200],
        "division": division[:12] if isinstance(division, str) else None,
        "live": live,
        "shadow": shadow,
    }
