"""Carrying people and offices from one department to another: what was is closed, and goes on there from the same moment.

An appointment that goes over is followed by another that names it (``continues_id``), so that roles, grants and sessions can be
carried over by their own domains, and the history shows one duty in two departments.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, insert, or_, select, update
from sqlalchemy.orm import aliased

from govcloud.identity import errors
from govcloud.identity.departments.census import lasting
from govcloud.identity.events import AppointmentTransferred
from govcloud.identity.models import Appointment, Office, Official
from govcloud.identity.reorganisation import MOST_NAMED
from govcloud.identity.working_life import changes
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction


def appointments_in(
    tx: Transaction, department_id: UUID, *, people: Sequence[UUID] | None = None, offices: Sequence[UUID] = ()
) -> list[UUID]:
    """Return the live and future appointments in a department: all, or those of ``people`` and in ``offices``."""
    query = select(Appointment.id).where(Appointment.department_id == department_id, lasting(tx.now))
    if people is not None:
        query = query.where(or_(Appointment.official_id.in_(people), Appointment.office_id.in_(offices)))
    return list(tx.session.scalars(query.order_by(Appointment.id)))


def transfer_appointments(tx: Transaction, appointments: Sequence[UUID], department_id: UUID) -> None:
    """Let appointments go on in another department; an office that does not go along is left behind.

    Raises:
        Conflict: somebody would hold one position there twice; names them.
    """
    if not appointments:
        return
    chosen = Appointment.id.in_(appointments)
    people = sorted(set(tx.session.scalars(select(Appointment.official_id).where(chosen))))
    # The order of everyone who locks several people: by id.
    tx.session.execute(select(Official.id).where(Official.id.in_(people)).order_by(Official.id).with_for_update(key_share=True)).all()
    # Somebody may have ended one meanwhile.
    rows = tx.session.execute(select(Appointment.__table__).where(chosen, lasting(tx.now)).with_for_update()).mappings().all()
    _refuse_doubles(tx, [row["id"] for row in rows], department_id)
    ends = case((Appointment.valid_from > tx.now, Appointment.valid_from), else_=tx.now)
    close = update(Appointment).where(Appointment.id.in_([row["id"] for row in rows])).values(valid_to=ends, end_noted_at=tx.now)
    tx.session.execute(close.execution_options(synchronize_session=False))
    kept = set(tx.session.scalars(select(Office.office_id).where(Office.department_id == department_id, live_at(Office, tx.now))))
    new = [
        dict(row)
        | {
            "id": new_id(),
            "continues_id": row["id"],
            "department_id": department_id,
            "office_id": row["office_id"] if row["office_id"] in kept else None,
            "valid_from": max(row["valid_from"], tx.now),
            # Who was handing over hands over still.
            "handover_from": row["handover_from"] and max(row["handover_from"], tx.now),
        }
        for row in rows
    ]
    with explained(errors.CONSTRAINTS):
        tx.session.execute(insert(Appointment), new, execution_options={"render_nulls": True})
    tx.session.expire_all()
    changes.carry(tx, {row["continues_id"]: row["id"] for row in new})
    tx.record_all(
        [
            AppointmentTransferred(
                subject=f"official:{row['official_id']}",
                official_id=row["official_id"],
                appointment_id=row["id"],
                continues_id=row["continues_id"],
                department_id=department_id,
            )
            for row in new
        ]
    )


def transfer_offices(tx: Transaction, offices: Sequence[UUID], department_id: UUID) -> None:
    """Let offices belong to another department from now on; who serves there has to go along."""
    replace_offices(tx, Office.office_id.in_(offices), department_id=department_id)


def replace_offices(tx: Transaction, which: ColumnElement[bool], **changes: object) -> list[str]:
    """Close the live rows of offices and open others that differ by ``changes``; return the old names."""
    rows = tx.session.execute(select(Office.__table__).where(which, live_at(Office, tx.now)).with_for_update()).mappings().all()
    if not rows:
        return []
    close = update(Office).where(Office.id.in_([row["id"] for row in rows])).values(valid_to=tx.now)
    tx.session.execute(close.execution_options(synchronize_session=False))
    with explained(errors.CONSTRAINTS):
        tx.session.execute(insert(Office), [dict(row) | {"id": new_id(), "valid_from": tx.now, "valid_to": None} | changes for row in rows])
    return [row["name"] for row in rows]


def _refuse_doubles(tx: Transaction, appointments: Sequence[UUID], department_id: UUID) -> None:
    """Refuse a transfer after which somebody has one position in the department twice at a time.

    Raises:
        Conflict: names the people, the first few of many.
    """
    going, other = aliased(Appointment), aliased(Appointment)
    window, there = (func.tstzrange(row.valid_from, row.valid_to) for row in (going, other))
    same = and_(other.official_id == going.official_id, other.position == going.position, other.id != going.id)
    arrives = or_(other.department_id == department_id, other.id.in_(appointments))
    goes_on = or_(other.valid_to.is_(None), other.valid_to > func.greatest(tx.now, other.valid_from))
    query = (
        select(Official.name)
        .join(going, going.official_id == Official.id)
        .join(other, same)
        .where(going.id.in_(appointments), arrives, goes_on, window.op("&&")(there))
        .distinct()
        .order_by(Official.name)
    )
    names = list(tx.session.scalars(query.limit(MOST_NAMED + 1)))
    if names:
        raise errors.position_twice(names)
