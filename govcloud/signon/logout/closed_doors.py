"""Ends stays in subsystems whose door has closed meanwhile: a role or a duty ended, a policy changed, a term ran out.

Whatever closed it, the door itself is asked again, with the very question that was asked when somebody entered. So nothing has to
know all the reasons there are, and whoever may still enter through something else stays. Where a subsystem asks the platform at each
use (integration level 2 and above) its next check refuses, and there is nothing to do here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import Row, select

from govcloud.authorization.decisions import Decision, Question, Reason
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.authorization.service import Authorization
from govcloud.authorization.snapshot import door_of
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon import events
from govcloud.signon.logout.leaving import Leaving, among, by_session
from govcloud.signon.models import Participant, Session
from govcloud.subsystems.queries import SubsystemQueries

CAUSE = "door_closed"
LOOK_AT_ALL = timedelta(minutes=1)
"""So often every stay is looked at: time closes doors too, and somebody may have entered while a right was being taken away."""
_AT_ONCE = 2_000


class _Seen(NamedTuple):
    """Up to which change doors have been asked again, and when all of them last were."""

    epoch: int
    at: datetime


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
    ) -> None:
        """Take the catalogue, who decides, what says whom changes touched, what ends stays, and the clock."""
        self._uow = uow
        self._subsystems = subsystems
        self._authorization = authorization
        self._changes = changes
        self._leaving = leaving
        self._clock = clock
        self._seen: _Seen | None = None

    def look(self, actor: Actor) -> int:
        """End the stays whose door has closed since the last look; return how many.

        Only people whom a change touched since are looked at, and all of them once a minute, at the first look, and when a change
        touches everybody.
        """
        now, seen = self._clock.now(), self._seen
        reduced = self._changes.reduced_after(seen.epoch if seen else 0)
        if seen is None or reduced.officials is None or now - seen.at >= LOOK_AT_ALL:
            ended, self._seen = self._end(actor, None, reduced.epoch), _Seen(reduced.epoch, now)
            return ended
        ended = self._end(actor, reduced.officials, reduced.epoch) if reduced.officials else 0
        self._seen = seen._replace(epoch=reduced.epoch)
        return ended

    def _end(self, actor: Actor, officials: Collection[UUID] | None, epoch: int) -> int:
        """End the stays of ``officials`` (``None``: of everybody) before whom the door is closed, as of change ``epoch`` or later."""
        subsystem_of = self._subsystems.clients_not_asking()
        ended = 0
        for rows in self._stays(subsystem_of, officials):
            closed = self._closed(rows, subsystem_of, epoch)
            ended += self._leave(actor, closed) if closed else 0
        return ended

    def _stays(self, subsystem_of: Mapping[str, str], officials: Collection[UUID] | None) -> Iterator[Sequence[_Stay]]:
        """Give the open stays in subsystems that do not ask, some at a time, in the order of their ids."""
        columns = (Participant.id, Participant.client_id, Session.official_id, Session.appointment_id, Session.source_address)
        live = (Participant.ended_at.is_(None), Session.ended_at.is_(None), Participant.client_id.in_(subsystem_of))
        query = select(*columns).join(Session, Session.id == Participant.session_id).where(*live)
        if officials is not None:
            query = query.where(among(Session.official_id, officials))
        after: UUID | None = None
        while subsystem_of:
            page = query if after is None else query.where(Participant.id > after)
            rows = self._uow.read().execute(page.order_by(Participant.id).limit(_AT_ONCE)).all()
            if rows:
                yield rows
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1].id

    def _closed(self, rows: Sequence[_Stay], subsystem_of: Mapping[str, str], epoch: int) -> list[tuple[UUID, UUID]]:
        """Return participant and official of the stays whose door is closed."""
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
            (row.id, row.official_id) for row, decision in zip(ordered, decisions, strict=True) if _is_closed(decision, row.source_address)
        ]

    def _leave(self, actor: Actor, closed: Sequence[tuple[UUID, UUID]]) -> int:
        officials = sorted({official_id for _, official_id in closed})
        with self._uow.begin(actor, "govcloud:stay:end", Target("official", one_place(map(str, officials)))) as tx:
            left = self._leaving.leave(tx, CAUSE, among(Participant.id, [participant_id for participant_id, _ in closed]))
            tx.record_all(
                [
                    events.StayEnded(subject=f"official:{official}", session_id=session, cause=CAUSE, client_ids=names)
                    for (session, official), names in by_session(left).items()
                ]
            )
            return len(left)


def _is_closed(decision: Decision, address: str | None) -> bool:
    """Say whether a door is closed for certain: without an address a condition on the network zone is undetermined, and ends nothing."""
    return not decision.allowed and (address is not None or decision.code is not Reason.CONDITION_NOT_MET)
