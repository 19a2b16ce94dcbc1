"""Who and what of identity hangs on departments: counted whole, and named as far as a preview shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from govcloud.identity.extents import at_or_below
from govcloud.identity.models import Appointment, DepartmentVersion, Office, Official
from govcloud.identity.reorganisation import MOST_NAMED, Affected
from govcloud.identity.views import DepartmentView
from govcloud.kernel.database import live_at


def lasting(at: datetime) -> ColumnElement[bool]:
    """Return the condition that an appointment holds at ``at`` or will hold later."""
    return or_(Appointment.valid_to.is_(None), Appointment.valid_to > func.greatest(at, Appointment.valid_from))


def census(session: Session, departments: Sequence[DepartmentView], at: datetime, *, below: bool) -> tuple[Affected, ...]:
    """Count what hangs on ``departments`` at ``at``; with ``below``, on all below them too."""
    if below:
        within = at_or_below(DepartmentVersion.path, [view.path for view in departments])
        inside = select(DepartmentVersion.department_id).where(within, live_at(DepartmentVersion, at))
    else:
        inside = select(DepartmentVersion.department_id).where(DepartmentVersion.department_id.in_([view.id for view in departments]))
    mine = (Appointment.department_id.in_(inside), lasting(at))
    children = (DepartmentVersion.parent_id.in_(inside), live_at(DepartmentVersion, at))
    led = (
        DepartmentVersion.lead_department_id.in_(inside),
        DepartmentVersion.department_id.not_in(inside),
        live_at(DepartmentVersion, at),
    )
    people = select(Official.id, Official.name, Official.pinyin).join(Appointment, Appointment.official_id == Official.id).where(*mine)
    found = (
        _counted(session, "people", people.distinct(), Official.pinyin),
        Affected("appointments", _count(session, select(Appointment.id).where(*mine))),
        _counted(
            session, "offices", select(Office.id, Office.name).where(Office.department_id.in_(inside), live_at(Office, at)), Office.id
        ),
        _counted(
            session,
            "departments" if below else "children",
            select(DepartmentVersion.id, DepartmentVersion.name, DepartmentVersion.path).where(
                *((within, live_at(DepartmentVersion, at)) if below else children)
            ),
            DepartmentVersion.path,
        ),
        _counted(
            session,
            "led",
            select(DepartmentVersion.id, DepartmentVersion.name, DepartmentVersion.path).where(*led),
            DepartmentVersion.path,
        ),
    )
    return tuple(item for item in found if item.count)


def people_named(session: Session, appointments: Sequence[UUID]) -> tuple[Affected, ...]:
    """Count the people of ``appointments``, for a change that touches only some of a department."""
    people = select(Official.id, Official.name, Official.pinyin).join(Appointment, Appointment.official_id == Official.id)
    found = _counted(session, "people", people.where(Appointment.id.in_(appointments)).distinct(), Official.pinyin)
    return (found, Affected("appointments", len(appointments))) if appointments else ()


def _counted(session: Session, kind: str, query: Select[*tuple[Any, ...]], order: Any) -> Affected:  # noqa: ANN401 - a column
    names = [row.name for row in session.execute(query.order_by(order).limit(MOST_NAMED))]
    return Affected(kind, len(names) if len(names) < MOST_NAMED else _count(session, query), tuple(names))


def _count(session: Session, query: Select[*tuple[Any, ...]]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0
