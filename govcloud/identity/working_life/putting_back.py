"""Putting back what a change closed: appointments go on, standings hold again, changes that fell away stand again."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from govcloud.identity.locking import hold_departments
from govcloud.identity.models import Appointment, DepartmentSuccession, DepartmentVersion, Office, PersonnelChange
from govcloud.identity.working_life import changes, standings
from govcloud.identity.working_life.changes import Closed
from govcloud.identity.working_life.standings import Stretch
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction


def put_back(tx: Transaction, change: PersonnelChange) -> Mapping[UUID, UUID]:
    """Undo what ``change``, which has just been marked as cancelled or undone, closed; the caller holds the person's lock.

    What has held is left as it was: an appointment that has ended goes on in a new one. What others changed since stays theirs.

    Returns:
        The new appointment for each that had ended.
    """
    for part in changes.standings_before(change):
        since = max(part.since, tx.now)
        if part.until is None or part.until > since:
            standings.restate(tx.session, change.official_id, Stretch(part.status, since, part.until))
    followed: dict[UUID, UUID] = {}
    for closed in changes.closed_by(change):
        row = tx.session.get_one(Appointment, closed.appointment_id, with_for_update=True, populate_existing=True)
        if row.valid_to != closed.now or (closed.was is not None and closed.was <= tx.now):
            continue
        department_id = _what_became_of(tx, row.department_id)
        if department_id is None:
            # The department was abolished meanwhile: there is nothing left to go on in.
            continue
        if closed.now > tx.now and department_id == row.department_id:
            row.handover_from = closed.handover_was
            changes.reopen(tx, row, closed.was)
        else:
            fresh = _going_on(tx, row, closed, department_id)
            changes.begin(tx, fresh)
            followed[row.id] = fresh.id
    _stand_again(tx, change, followed)
    return followed


def hold_places(tx: Transaction, change: PersonnelChange) -> None:
    """Keep the departments in which ``put_back`` may let appointments go on from being dissolved; to be taken before the person's lock."""
    ended = [item.appointment_id for item in changes.closed_by(change)]
    held: set[UUID] = set()
    wanted = set(tx.session.scalars(select(Appointment.department_id).where(Appointment.id.in_(ended))))
    while not wanted <= held:
        hold_departments(tx.session, wanted - held)
        held |= wanted
        # Those that were dissolved while this waited, and before, have successors, which are held in turn.
        wanted = {found for department in held if (found := _what_became_of(tx, department))}


def _what_became_of(tx: Transaction, department_id: UUID) -> UUID | None:
    """Return the department that is there in the place of another: itself, its last successor, or ``None``."""
    seen: UUID | None = department_id
    while seen is not None:
        live = (DepartmentVersion.department_id == seen, live_at(DepartmentVersion, tx.now))
        if tx.session.scalar(select(DepartmentVersion.id).where(*live)) is not None:
            return seen
        # A department that was split goes on itself.
        last = select(DepartmentSuccession.successor_id).where(
            DepartmentSuccession.predecessor_id == seen, DepartmentSuccession.kind == "merge"
        )
        seen = tx.session.scalar(last.order_by(DepartmentSuccession.at.desc()).limit(1))
    return None


def _office_of(tx: Transaction, row: Appointment, department_id: UUID) -> UUID | None:
    """Return the office of an appointment, if the department still has it."""
    mine = (Office.office_id == row.office_id, Office.department_id == department_id, live_at(Office, tx.now))
    return tx.session.scalar(select(Office.office_id).where(*mine)) if row.office_id else None


def _going_on(tx: Transaction, row: Appointment, closed: Closed, department_id: UUID) -> Appointment:
    """Return the appointment that goes on where ``row`` ended."""
    # Who was handing over when it ended hands over still.
    handover = closed.handover_was and max(closed.handover_was, tx.now)
    return Appointment(
        id=new_id(),
        official_id=row.official_id,
        department_id=department_id,
        office_id=_office_of(tx, row, department_id),
        kind=row.kind,
        post=row.post,
        position=row.position,
        valid_from=max(tx.now, row.valid_from),
        valid_to=closed.was,
        handover_from=handover,
        end_noted_at=None,
    )


def _stand_again(tx: Transaction, change: PersonnelChange, followed: Mapping[UUID, UUID]) -> None:
    """Let the planned changes that fell away with ``change`` stand again, unless their day has passed."""
    query = select(PersonnelChange).where(PersonnelChange.superseded_by == change.id, PersonnelChange.effective_at > tx.now)
    for fallen in tx.session.scalars(query.execution_options(populate_existing=True)):
        fallen.cancelled_at = fallen.superseded_by = None
        if fallen.appointment_id is not None:
            fallen.appointment_id = followed.get(fallen.appointment_id, fallen.appointment_id)
    tx.session.flush()
