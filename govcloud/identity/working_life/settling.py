"""What follows from changes whose day has come: put on record, once, however many workers look for it.

Decisions, sign-in and sessions compare the clock and never wait for this; what is done here ends sessions and grants that would
open nothing any more, and tells subsystems so.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, union

from govcloud.identity.commands import Commands
from govcloud.identity.events import OfficialDisabled, OfficialLeft, OfficialRestored, PersonnelChangeSettled
from govcloud.identity.models import Appointment, Official, PersonnelChange
from govcloud.identity.working_life import changes
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import Transaction

_BATCH = 200
_RAN_OUT = "任职期满"


class Settling(Commands):
    """The command of the job that settles what is due."""

    def settle_due(self, actor: Actor, limit: int = _BATCH) -> int:
        """Settle what is due for up to ``limit`` people, a transaction each; return how many changes and ends that were."""
        now = self._clock.now()
        due = union(
            select(PersonnelChange.official_id).where(
                PersonnelChange.settled_at.is_(None), PersonnelChange.cancelled_at.is_(None), PersonnelChange.effective_at <= now
            ),
            select(Appointment.official_id).where(Appointment.end_noted_at.is_(None), Appointment.valid_to <= now),
        ).subquery()
        found = self._uow.read().scalars(select(due.c.official_id).limit(limit)).all()
        return sum(self._settle_one(actor, official_id) for official_id in found)

    def _settle_one(self, actor: Actor, official_id: UUID) -> int:
        with self._uow.begin(actor, "govcloud:personnel_change:settle", Target("official", str(official_id))) as tx:
            # Another worker, or a command, that holds the person does this itself or leaves it to the next run.
            locked = select(Official.id).where(Official.id == official_id).with_for_update(key_share=True, skip_locked=True)
            return settle(tx, official_id) if tx.session.scalar(locked) is not None else 0


def settle(tx: Transaction, official_id: UUID) -> int:
    """Settle what is due for one person, whose lock the caller holds; return how much that was."""
    due = select(PersonnelChange).where(
        PersonnelChange.official_id == official_id,
        PersonnelChange.settled_at.is_(None),
        PersonnelChange.cancelled_at.is_(None),
        PersonnelChange.effective_at <= tx.now,
    )
    found = tx.session.scalars(due.order_by(PersonnelChange.effective_at).execution_options(populate_existing=True)).all()
    for change in found:
        change.settled_at = tx.now
        tx.session.flush()
        _record(tx, change)
    ended = select(Appointment).where(
        Appointment.official_id == official_id, Appointment.end_noted_at.is_(None), Appointment.valid_to <= tx.now
    )
    over = tx.session.scalars(ended.order_by(Appointment.valid_to).execution_options(populate_existing=True)).all()
    for row in over:
        changes.note_end(tx, row, _RAN_OUT)
    return len(found) + len(over)


def _record(tx: Transaction, change: PersonnelChange) -> None:
    """Record that a change has come; reactions do the rest."""
    subject, official_id = f"official:{change.official_id}", change.official_id
    tx.record(
        PersonnelChangeSettled(
            subject=subject,
            change_id=change.id,
            official_id=official_id,
            kind=change.kind,
            effective_at=change.effective_at,
            appointment_id=change.appointment_id,
        )
    )
    match change.kind:
        case "leave":
            tx.record(OfficialLeft(subject=subject, official_id=official_id, change_id=change.id, reason=change.reason))
        case "suspend":
            tx.record(OfficialDisabled(subject=subject, official_id=official_id, reason=change.reason))
        case "reinstate":
            tx.record(OfficialRestored(subject=subject, official_id=official_id, reason=change.reason))
        case _:
            pass
