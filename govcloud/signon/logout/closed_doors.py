"""Ends stays in subsystems whose door has closed meanwhile: a role or a duty ended, a policy changed, a term ran out.

Whatever closed it, the door itself is asked again: from the address of the last entry, and under the appointment that the session acts
under now (an appointment that ends has ended its stays by itself). So nothing has to know all the reasons there are, and whoever may
still enter through something else stays. Where a subsystem asks the platform at each use (integration level 2 and above) its next
check refuses, and there is nothing to do here.

Whom a change names is looked at by every process at once. Everybody is looked at in sweeps, some pages at a time and by one process
alone: with two million stays a sweep takes minutes, and neither those who are named nor the other processes wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import Row, Select, select

from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.authorization.service import Authorization
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place
from govcloud.kernel.clock import Clock
from govcloud.kernel.turn import Turn
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon.logout.calls import revoke_calls
from govcloud.signon.logout.leaving import Leaving, among, stays_ended
from govcloud.signon.models import Participant, Session
from govcloud.subsystems.queries import SubsystemQueries

CAUSE = "door_closed"
SWEEP = "govcloud sweep of stays"
"""The turn that the sweeping process has."""
LOOK_AT_ALL = timedelta(minutes=1)
"""So often a sweep begins: time closes doors too, and somebody may have entered while a right was being taken away."""
_PAGE, _PAGES = 2_000, 5
_ENDED_AT_ONCE = 200


class _Closed(NamedTuple):
    """A stay whose door is closed."""

    participant_id: UUID
    official_id: UUID
    subsystem_code: str


@dataclass
class _Sweep:
    """A sweep over the stays in ``codes`` (``None``: in all subsystems that do not ask), which has come to the stay ``after``."""

    codes: frozenset[str] | None
    after: UUID | None = None


_Stay: TypeAlias = Row[*tuple[Any, ...]]


class ClosedDoors:
    """Looks again at the doors that people went through; what it has seen is remembered by the process and no further."""

    def __init__(  # noqa: PLR0917 - all that it rests on, in the order of the house
        self,
        uow: UnitOfWork,
        subsystems: SubsystemQueries,
        authorization: Authorization,
        changes: AuthorizationQueries,
        leaving: Leaving,
        clock: Clock,
        turn: Turn,
    ) -> None:
        """Take the catalogue, who decides, what says whom changes touched, what ends stays, the clock, and whose turn it is to sweep."""
        self._uow = uow
        self._subsystems = subsystems
        self._authorization = authorization
        self._changes = changes
        self._leaving = leaving
        self._clock = clock
        self._turn = turn
        self._epoch: int | None = None
        self._swept_at: datetime | None = None
        self._sweep: _Sweep | None = None
        # The subsystems that the next sweep goes over; none: it need not begin yet.
        self._wanted: frozenset[str] | None = frozenset()

    def look(self, actor: Actor, stopping: Callable[[], bool] = lambda: False) -> int:
        """End stays whose door has closed since the last look; return how many.

        First those of the people whom changes touched since. Then the sweep goes on for a bounded number of stays; one begins every
        minute, at the first look, and when a change touches everybody. ``stopping`` is asked between pages: the next look goes on.
        """
        now, subsystem_of = self._clock.now(), self._subsystems.clients_not_asking()
        ended = self._look_at_named(actor, subsystem_of, stopping)
        if self._swept_at is None or now - self._swept_at >= LOOK_AT_ALL:
            self._wanted = None
        for _ in range(_PAGES):
            if stopping() or not self._sweeping(now):
                break
            ended += self._sweep_on(actor, subsystem_of)
        return ended

    def _look_at_named(self, actor: Actor, subsystem_of: Mapping[str, str], stopping: Callable[[], bool]) -> int:
        """End the stays of the people whom changes named since the last look, and remember what only a sweep finds."""
        if self._epoch is None:
            self._epoch, self._wanted = self._changes.last_epoch(), None
            return 0
        reduced, ended = self._changes.reduced_after(self._epoch), 0
        if reduced.officials is None:
            self._wanted = None
        else:
            touched = reduced.subsystems & frozenset(subsystem_of.values())
            self._wanted = None if self._wanted is None else self._wanted | touched
            query = _stays(subsystem_of).where(among(Session.official_id, reduced.officials))
            after, more = None, bool(reduced.officials)
            while more:
                if stopping():
                    return ended
                rows = self._page(query, after)
                ended += self._end(actor, rows, subsystem_of, reduced.epoch)
                after, more = (rows[-1].id, True) if len(rows) == _PAGE else (None, False)
        self._epoch = reduced.epoch
        return ended

    def _sweeping(self, now: datetime) -> bool:
        """Return whether there is a sweep to go on with, and this process is the one that sweeps; begin one that is due."""
        due = self._wanted is None or bool(self._wanted)
        if (self._sweep is None and not due) or not self._turn.ours():
            return False
        if self._sweep is None:
            self._sweep, self._swept_at, self._wanted = _Sweep(self._wanted), now, frozenset()
        return True

    def _sweep_on(self, actor: Actor, subsystem_of: Mapping[str, str]) -> int:
        """Look at one page of the sweep that is under way."""
        sweep = self._sweep
        if sweep is None:
            return 0
        clients = {client: code for client, code in subsystem_of.items() if sweep.codes is None or code in sweep.codes}
        rows = self._page(_stays(clients), sweep.after)
        ended = self._end(actor, rows, subsystem_of, self._epoch or 0)
        if len(rows) < _PAGE:
            self._sweep = None
        else:
            sweep.after = rows[-1].id
        return ended

    def _page(self, query: Select[*tuple[Any, ...]], after: UUID | None) -> Sequence[_Stay]:
        """Return the next stays of a query, in the order of their ids."""
        page = query if after is None else query.where(Participant.id > after)
        return self._uow.read().execute(page.order_by(Participant.id).limit(_PAGE)).all()

    def _end(self, actor: Actor, rows: Sequence[_Stay], subsystem_of: Mapping[str, str], epoch: int) -> int:
        """End those of the stays whose door is closed, as of change ``epoch`` or later; return how many."""
        closed = self._closed(rows, subsystem_of, epoch) if rows else []
        pieces = range(0, len(closed), _ENDED_AT_ONCE)
        return sum(self._leave(actor, closed[begin : begin + _ENDED_AT_ONCE]) for begin in pieces)

    def _closed(self, rows: Sequence[_Stay], subsystem_of: Mapping[str, str], epoch: int) -> list[_Closed]:
        """Return the stays whose door is closed."""
        # Stays of one person stand beside each other, so that each person is read once.
        ordered = sorted(rows, key=lambda row: (row.official_id, str(row.appointment_id)))
        questions = [
            Question(
                door_of(subsystem_of[row.client_id]),
                appointment_id=row.appointment_id,
                official_id=row.official_id,
                client_address=row.source_address,
                min_epoch=epoch or None,
            )
            for row in ordered
        ]
        decisions = self._authorization.decide_all(questions)
        return [
            _Closed(row.id, row.official_id, subsystem_of[row.client_id])
            for row, decision in zip(ordered, decisions, strict=True)
            if _is_closed(decision, row.source_address)
        ]

    def _leave(self, actor: Actor, closed: Sequence[_Closed]) -> int:
        officials = sorted({stay.official_id for stay in closed})
        with self._uow.begin(actor, "govcloud:stay:end", Target("official", one_place(map(str, officials)))) as tx:
            which = among(Participant.id, [stay.participant_id for stay in closed])
            self._leaving.hold(tx, which)
            left = self._leaving.leave(tx, CAUSE, which)
            gone = {item.participant_id for item in left}
            revoke_calls(tx, {(stay.official_id, stay.subsystem_code): (None,) for stay in closed if stay.participant_id in gone})
            tx.record_all(stays_ended(left, CAUSE))
            return len(left)


def _stays(clients: Collection[str]) -> Select[*tuple[Any, ...]]:
    """Select the open stays in subsystems, by their clients."""
    columns = (Participant.id, Participant.client_id, Participant.source_address, Session.official_id, Session.appointment_id)
    live = (Participant.ended_at.is_(None), Session.ended_at.is_(None), Participant.client_id.in_(clients))
    return select(*columns).join(Session, Session.id == Participant.session_id).where(*live)


def _is_closed(decision: Decision, address: str | None) -> bool:
    """Say whether a door is closed for certain: from where somebody entered is not always known, and then a condition ends nothing."""
    return not decision.allowed and (address is not None or decision.code is not Reason.CONDITION_NOT_MET)
