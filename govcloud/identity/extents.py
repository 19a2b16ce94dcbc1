"""Parts of the organisation as conditions and selections of departments: at or below some paths, led or published from there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import aliased

from govcloud.identity.models import Appointment, DepartmentVersion, OfficialVersion
from govcloud.kernel.database import live_at


def at_or_below(path: Any, paths: Sequence[str]) -> ColumnElement[bool]:  # noqa: ANN401 - a column, or an expression that gives a path
    """Return the condition that ``path`` begins with one of ``paths``; nothing does when there are none.

    As ranges of the index on paths, which serve whatever the plan knows of its parameters.
    """
    ranges = (and_(path.bool_op("~>=~")(above), path.bool_op("~<~")(above[:-1] + chr(ord(above[-1]) + 1))) for above in paths)
    return or_(false(), *ranges)


def department_ids_within(paths: Sequence[str], at: datetime) -> Select[UUID]:
    """Select the ids of the departments that lie at or below one of ``paths`` at ``at``; none when there are no paths."""
    return select(DepartmentVersion.department_id).where(at_or_below(DepartmentVersion.path, paths), live_at(DepartmentVersion, at))


def serving_within(paths: Sequence[str], at: datetime) -> Select[UUID]:
    """Select the people who serve in a department at or below one of ``paths`` at ``at``, whatever kind of appointment it is."""
    within = Appointment.department_id.in_(department_ids_within(paths, at))
    return select(Appointment.official_id).where(within, live_at(Appointment, at))


def may_direct(departments: Collection[UUID], ranks_not_above: Collection[str], at: datetime) -> Select[UUID]:
    """Select the people who serve in one of ``departments`` at ``at`` and whose rank is none of those that stand no higher."""
    query = select(Appointment.official_id).join(OfficialVersion, OfficialVersion.official_id == Appointment.official_id)
    serving = (Appointment.department_id.in_(list(departments)), live_at(Appointment, at), live_at(OfficialVersion, at))
    return query.where(*serving, OfficialVersion.rank.not_in(list(ranks_not_above)))


def overseen_departments(paths: Sequence[str], at: datetime) -> Select[UUID]:
    """Select the departments at or below ``paths``, and those that a department there leads (主管部门)."""
    above = aliased(DepartmentVersion)
    inner = select(above.department_id).where(live_at(above, at), at_or_below(above.path, paths))
    overseen = or_(at_or_below(DepartmentVersion.path, paths), DepartmentVersion.lead_department_id.in_(inner))
    return select(DepartmentVersion.department_id).where(live_at(DepartmentVersion, at), overseen)


def publishing_departments(paths: Sequence[str], at: datetime) -> Select[UUID]:
    """Select the departments of which what they bring is published at or below ``paths``.

    That is where their lead department lies (one below themselves does not count), without one the department above, without that
    they themselves.
    """
    lead, parent = aliased(DepartmentVersion), aliased(DepartmentVersion)
    query = select(DepartmentVersion.department_id)
    leads = and_(lead.department_id == DepartmentVersion.lead_department_id, ~lead.path.startswith(DepartmentVersion.path))
    query = query.outerjoin(lead, and_(leads, live_at(lead, at)))
    query = query.outerjoin(parent, and_(parent.department_id == DepartmentVersion.parent_id, live_at(parent, at)))
    path = func.coalesce(lead.path, parent.path, DepartmentVersion.path)
    return query.where(live_at(DepartmentVersion, at), at_or_below(path, paths))
