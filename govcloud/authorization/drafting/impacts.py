"""Impacts as rows: asked for, worked out at once or by the jobs with signs of progress, kept with a digest, forgotten with their text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.drafting.effects import GAINS, LOSSES, Effect
from govcloud.authorization.drafting.errors import impact_missing, impact_under_way, no_such_draft
from govcloud.authorization.drafting.measuring import Gathered, Measured, Measuring
from govcloud.authorization.drafting.models import (
    PolicyDraft,
    PolicyImpact,
    PolicyImpactGroup,
    PolicyImpactMember,
    PolicyImpactPlace,
    PolicyReview,
)
from govcloud.authorization.drafting.versions import version_id
from govcloud.authorization.policies.document import parse_document
from govcloud.identity.finding.grouping import sets_of
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

COMMAND = "govcloud:policy:measure"
#: One whose last sign of life is older was interrupted, and is begun again.
STALE = timedelta(minutes=2)
#: Up to so many appointments an impact is worked out while one waits; beyond, the jobs do it.
AT_ONCE = 20_000
_BATCH = 5000


class Impacts:
    """The commands that work impacts out."""

    def __init__(self, uow: UnitOfWork, decider: Decider, measuring: Measuring, clock: Clock) -> None:
        """Take the unit of work, the decider for the policy in force, and what measures."""
        self._uow = uow
        self._decider = decider
        self._measuring = measuring
        self._clock = clock

    def request(self, actor: Actor, draft_id: UUID, *, at_once: bool | None = None) -> UUID:
        """Ask what a draft would change for whom; return the impact's id.

        In a small province it is worked out before this returns, else the jobs do it (``at_once`` says otherwise).

        Raises:
            NotFound: there is no such draft.
            Conflict: it is being worked out already.
        """
        with self._uow.begin(actor, COMMAND, Target("policy_draft", str(draft_id))) as tx:
            draft = tx.session.get(PolicyDraft, draft_id, with_for_update=True)
            if draft is None:
                raise no_such_draft(draft_id)
            under_way = (PolicyImpact.draft_id == draft_id, PolicyImpact.checksum == draft.checksum)
            going = (PolicyImpact.state.in_(("waiting", "running")), PolicyImpact.updated_at > tx.now - STALE)
            if tx.session.scalar(select(PolicyImpact.id).where(*under_way, *going).limit(1)) is not None:
                raise impact_under_way()
            forget(tx.session, draft_id)
            here = not self._measuring.groups.more_than(AT_ONCE) if at_once is None else at_once
            # What is worked out here is running already: the jobs leave it alone.
            row = _row(draft, tx, "running" if here else "waiting")
            tx.session.add(row)
            impact_id = row.id
        if here:
            self._work_out(actor, impact_id)
        return impact_id

    def work(self, actor: Actor) -> int:
        """Work out what waits, and what was interrupted; return how many impacts."""
        done = 0
        while (impact_id := self._take(actor)) is not None:
            self._work_out(actor, impact_id)
            done += 1
        return done

    # How one is worked out

    def _take(self, actor: Actor) -> UUID | None:
        """Claim the oldest that waits, by a fresh sign of life."""
        with self._uow.begin(actor, COMMAND) as tx:
            stale = (PolicyImpact.state == "running") & (PolicyImpact.updated_at < tx.now - STALE)
            row = tx.session.scalar(
                select(PolicyImpact)
                .where(or_(PolicyImpact.state == "waiting", stale))
                .order_by(PolicyImpact.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if row is None:
                return None
            row.state, row.updated_at = "running", tx.now
            return row.id

    def _work_out(self, actor: Actor, impact_id: UUID) -> None:
        """Measure and keep; a text that cannot be measured ends the impact with what is wrong."""
        session = self._uow.read()
        row = session.execute(
            select(PolicyImpact.base_number, PolicyDraft.document, PolicyDraft.source)
            .join(PolicyDraft, PolicyDraft.id == PolicyImpact.draft_id)
            .where(PolicyImpact.id == impact_id, PolicyImpact.checksum == PolicyDraft.checksum)
        ).one_or_none()
        try:
            if row is None:
                raise impact_missing()
            live = self._decider.live.as_of(version_id(session, row.base_number)).policy
            document = parse_document(row.document, row.source)
            at = self._clock.now()
            measured = self._measuring.measure(live, document, at, self._progress(actor, impact_id))
        except GovcloudError as error:
            self._finish(actor, impact_id, {"state": "failed", "error": error.message.stored()}, None)
            return
        values = {"state": "done", "at": at, "grouped_by": list(measured.grouping.by), "summary": _summary(measured)}
        self._finish(actor, impact_id, values | {"digest": digest_of(measured)}, measured)

    def _progress(self, actor: Actor, impact_id: UUID) -> Callable[[int, int], None]:
        def note(done: int, total: int) -> None:
            with self._uow.begin(actor, COMMAND, Target("policy_impact", str(impact_id))) as tx:
                mine = update(PolicyImpact).where(PolicyImpact.id == impact_id)
                tx.session.execute(mine.values(state="running", done=done, total=total, updated_at=tx.now))

        return note

    def _finish(self, actor: Actor, impact_id: UUID, values: dict[str, Any], measured: Measured | None) -> None:
        with self._uow.begin(actor, COMMAND, Target("policy_impact", str(impact_id))) as tx:
            ended = update(PolicyImpact).where(PolicyImpact.id == impact_id, PolicyImpact.state.in_(("waiting", "running")))
            changed = ended.values(**values, updated_at=tx.now, finished_at=tx.now).returning(PolicyImpact.id)
            # Somebody else may have finished it, or its text is gone: then nothing is kept.
            if tx.session.scalar(changed) is not None and measured is not None:
                _keep(tx.session, impact_id, measured)


def forget(session: Session, draft_id: UUID) -> None:
    """Forget what was worked out for a draft, but what a review rests on."""
    reviewed = select(PolicyReview.impact_id).where(PolicyReview.impact_id == PolicyImpact.id).exists()
    gone = session.scalars(select(PolicyImpact.id).where(PolicyImpact.draft_id == draft_id, ~reviewed)).all()
    for table in (PolicyImpactMember, PolicyImpactGroup, PolicyImpactPlace):
        session.execute(delete(table).where(table.impact_id.in_(gone)))
    session.execute(delete(PolicyImpact).where(PolicyImpact.id.in_(gone)))


def digest_of(measured: Measured) -> str:
    """Return the SHA-256 over who is touched and how: another list has another digest."""
    digest = hashlib.sha256()
    for group in measured.groups:
        effects = sorted((function, str(effect)) for function, effect in group.effects.items())
        members = [[str(part) for part in member] for member in sorted(group.members, key=lambda member: member[0])]
        said = [group.kind, group.roles, group.attributes, group.size, effects, group.classes, members]
        digest.update(json.dumps(said, ensure_ascii=False, sort_keys=True).encode())
    digest.update(json.dumps([measured.unknown, measured.roles_lost]).encode())
    return digest.hexdigest()


def _row(draft: PolicyDraft, tx: Transaction, state: str) -> PolicyImpact:
    return PolicyImpact(
        id=new_id(),
        draft_id=draft.id,
        checksum=draft.checksum,
        base_number=draft.base_number,
        state=state,
        at=tx.now,
        done=0,
        total=0,
        grouped_by=[],
        summary={},
        digest=None,
        error=None,
        requested_by=tx.actor.reference,
        created_at=tx.now,
        updated_at=tx.now,
        finished_at=None,
    )


def _summary(measured: Measured) -> dict[str, Any]:
    """Return the counts by function, in the form in which they are kept; parts of the platform are no people and are left out."""
    counts: dict[str, dict[str, int]] = {}
    totals = {"population": measured.population, "touched": 0, "gains": 0, "losses": 0, "altered": 0}
    for group in measured.groups:
        for function, effect in group.effects.items():
            known = counts.setdefault(function, {})
            known[str(effect)] = known.get(str(effect), 0) + group.size
        totals["touched"] += group.size
        for name, kinds in (("gains", GAINS), ("losses", LOSSES), ("altered", (Effect.ALTERED,))):
            totals[name] += group.size if any(effect in kinds for effect in group.effects.values()) else 0
    return {
        "totals": totals,
        "functions": counts,
        "unknown": list(measured.unknown),
        "roles_lost": list(measured.roles_lost),
        "apart": measured.apart.to_json(),
    }


def _keep(session: Session, impact_id: UUID, measured: Measured) -> None:
    places = [{"impact_id": impact_id, "number": number, "departments": ids} for number, ids in sets_of(measured.grouping.numbers)]
    if places:
        session.execute(insert(PolicyImpactPlace), places)
    groups = [_group(impact_id, number, group) for number, group in enumerate(measured.groups)]
    if groups:
        session.execute(insert(PolicyImpactGroup), groups)
    members = [
        {"impact_id": impact_id, "number": number, "place_id": place, "official_id": official, "appointment_id": appointment}
        for number, group in enumerate(measured.groups)
        for place, official, appointment in group.members
    ]
    for start in range(0, len(members), _BATCH):
        session.execute(insert(PolicyImpactMember), members[start : start + _BATCH])


def _group(impact_id: UUID, number: int, group: Gathered) -> dict[str, Any]:
    return {
        "impact_id": impact_id,
        "number": number,
        "kind": group.kind,
        "label": {"roles": list(group.roles), "attributes": group.attributes},
        "size": group.size,
        "effects": sorted([function, str(effect)] for function, effect in group.effects.items()),
        "classes": [list(key) for key in group.classes],
    }
