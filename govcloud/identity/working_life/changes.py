"""Changes in a person's duty as they are recorded: what was ordered for when, what it closed, and how that is put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from govcloud.identity import errors
from govcloud.identity.events import AppointmentBegun, AppointmentEnded, AppointmentRescheduled, PersonnelChangeRecorded
from govcloud.identity.models import Appointment, PersonnelChange
from govcloud.identity.working_life.standings import Stretch
from govcloud.kernel.constraints import explained
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction

LEAVE, UNDO_LEAVE, REJOIN, TRANSFER = "leave", "undo_leave", "rejoin", "transfer"
STATUS_CHANGES = ("suspend", "reinstate")


@dataclass(frozen=True)
class Closed:
    """An appointment that a change ends: the end that it had (``None``: open) and the one that the change gave it."""

    appointment_id: UUID
    was: datetime | None
    now: datetime
    handover_was: datetime | None = None


def record(
    tx: Transaction,
    official_id: UUID,
    kind: str,
    effective_at: datetime,
    reason: str,
    *,
    appointment_id: UUID | None = None,
    closed: Iterable[Closed] = (),
    standings: Iterable[Stretch] = (),
) -> PersonnelChange:
    """Write a change down and return its row; one that holds at once is settled by its own command."""
    row = PersonnelChange(
        id=new_id(),
        official_id=official_id,
        kind=kind,
        effective_at=effective_at,
        appointment_id=appointment_id,
        reason=reason,
        before={
            "appointments": [_closed_json(item) for item in closed],
            "standings": [[part.status, part.since.isoformat(), part.until.isoformat() if part.until else None] for part in standings],
        },
        recorded_at=tx.now,
        recorded_by=tx.actor.reference,
        settled_at=tx.now if effective_at <= tx.now else None,
        cancelled_at=None,
        undone_at=None,
        superseded_by=None,
    )
    tx.session.add(row)
    tx.session.flush()
    tx.record(
        PersonnelChangeRecorded(
            subject=f"official:{official_id}",
            change_id=row.id,
            official_id=official_id,
            kind=kind,
            effective_at=effective_at,
            appointment_id=appointment_id,
            planned=effective_at > tx.now,
            reason=reason,
        )
    )
    return row


def closed_by(change: PersonnelChange) -> list[Closed]:
    """Return the appointments that a change ends."""
    return [
        Closed(UUID(item["id"]), _moment(item["was"]), datetime.fromisoformat(item["now"]), _moment(item["handover_was"]))
        for item in change.before["appointments"]
    ]


def standings_before(change: PersonnelChange) -> list[Stretch]:
    """Return the standings that a change wrote over."""
    return [Stretch(status, datetime.fromisoformat(since), _moment(until)) for status, since, until in change.before["standings"]]


def planned(session: Session, official_id: UUID, now: datetime) -> list[PersonnelChange]:
    """Return the changes that lie ahead, the next one first; the caller holds the person's lock."""
    query = select(PersonnelChange).where(
        PersonnelChange.official_id == official_id,
        PersonnelChange.cancelled_at.is_(None),
        PersonnelChange.undone_at.is_(None),
        PersonnelChange.effective_at > now,
    )
    ordered = query.order_by(PersonnelChange.effective_at, PersonnelChange.id)
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


def planned_leave(session: Session, official_id: UUID, now: datetime) -> PersonnelChange | None:
    """Return the leave that lies ahead, if there is one."""
    return next((change for change in planned(session, official_id, now) if change.kind == LEAVE), None)


def held_after(session: Session, official_id: UUID, at: datetime) -> list[Appointment]:
    """Return the appointments that hold at ``at`` or later, for the caller to change."""
    query = select(Appointment).where(
        Appointment.official_id == official_id,
        or_(Appointment.valid_to.is_(None), Appointment.valid_to > at),
        or_(Appointment.valid_to.is_(None), Appointment.valid_to > Appointment.valid_from),
    )
    found = query.order_by(Appointment.valid_from, Appointment.id).with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(found))


def begin(tx: Transaction, row: Appointment) -> None:
    """Write a new appointment, which ends with a leave that is planned already, and record it."""
    row.valid_to = _within_leave(tx, row, row.valid_to)
    with explained(errors.CONSTRAINTS):
        tx.session.add(row)
        tx.session.flush()
    tx.record(
        AppointmentBegun(
            subject=f"official:{row.official_id}",
            official_id=row.official_id,
            appointment_id=row.id,
            department_id=row.department_id,
            kind=row.kind,
            post=row.post,
            position=row.position,
            starts_at=row.valid_from,
            ends_at=row.valid_to,
        )
    )


def end(tx: Transaction, row: Appointment, at: datetime, reason: str) -> None:
    """End an appointment at ``at``, one that would begin later never holds; what follows from it follows then.

    An end that is due is recorded now, one ahead when it comes (``settling.py``).
    """
    # A window that is emptied later than now would count as "begins later"; it lies where it was planned and never holds.
    row.valid_to = max(at, row.valid_from)
    if row.valid_to <= tx.now or row.valid_to == row.valid_from:
        note_end(tx, row, reason)
        return
    row.end_noted_at = None
    tx.session.flush()
    tx.record(_rescheduled(row))


def reopen(tx: Transaction, row: Appointment, until: datetime | None) -> None:
    """Give an appointment that has not ended yet another end (``None``: open)."""
    row.valid_to = _within_leave(tx, row, until)
    row.end_noted_at = None
    with explained(errors.CONSTRAINTS):
        tx.session.flush()
    tx.record(_rescheduled(row))


def note_end(tx: Transaction, row: Appointment, reason: str) -> None:
    """Put the end of an appointment on record, once; what hung on it ends through the event."""
    row.end_noted_at = tx.now
    tx.session.flush()
    tx.record(
        AppointmentEnded(
            subject=f"official:{row.official_id}",
            official_id=row.official_id,
            appointment_id=row.id,
            department_id=row.department_id,
            reason=reason,
        )
    )


def carry(tx: Transaction, followed: Mapping[UUID, UUID]) -> None:
    """Let changes that lie ahead name the appointments that go on in the place of others (old id → new id).

    The caller holds the locks of the people.
    """
    people = select(Appointment.official_id).where(Appointment.id.in_(followed))
    ahead = (PersonnelChange.official_id.in_(people), PersonnelChange.effective_at > tx.now, PersonnelChange.undone_at.is_(None))
    for change in tx.session.scalars(select(PersonnelChange).where(*ahead).execution_options(populate_existing=True)):
        if change.appointment_id is not None:
            change.appointment_id = followed.get(change.appointment_id, change.appointment_id)
        closed = [{**item, "id": str(followed.get(UUID(item["id"]), item["id"]))} for item in change.before["appointments"]]
        change.before = {**change.before, "appointments": closed}
    tx.session.flush()


def _within_leave(tx: Transaction, row: Appointment, until: datetime | None) -> datetime | None:
    """Return the end that an appointment can have; what a planned leave cuts off is noted with the leave, should that be undone."""
    leave = planned_leave(tx.session, row.official_id, tx.now)
    if leave is None or (until is not None and until <= leave.effective_at):
        return until
    cut = Closed(row.id, until, max(leave.effective_at, row.valid_from), row.handover_from)
    others = [item for item in leave.before["appointments"] if item["id"] != str(row.id)]
    leave.before = {**leave.before, "appointments": [*others, _closed_json(cut)]}
    return cut.now


def _rescheduled(row: Appointment) -> AppointmentRescheduled:
    return AppointmentRescheduled(
        subject=f"official:{row.official_id}",
        official_id=row.official_id,
        appointment_id=row.id,
        department_id=row.department_id,
        ends_at=row.valid_to,
    )


def _closed_json(item: Closed) -> dict[str, Any]:
    return {
        "id": str(item.appointment_id),
        "was": item.was.isoformat() if item.was else None,
        "now": item.now.isoformat(),
        "handover_was": item.handover_was.isoformat() if item.handover_was else None,
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
