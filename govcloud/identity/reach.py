"""How far somebody may see and manage people: whole subtrees of the organisation, as one condition for lists, search and single reads.

A person lies within reach through the department of an appointment that holds or lies ahead. Who serves nowhere any more lies
where the last appointment ended, so that the department which let somebody go can still correct it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import aliased

from govcloud.identity.models import Appointment, DepartmentVersion, Official
from govcloud.kernel.database import live_at


@dataclass(frozen=True)
class Reach:
    """The subtrees (paths of departments) within which somebody sees people; ``"/"`` is the whole province, nothing is nobody."""

    paths: tuple[str, ...]

    @property
    def everywhere(self) -> bool:
        """Say whether it has no bounds."""
        return "/" in self.paths

    def covers(self, path: str) -> bool:
        """Say whether the department at ``path`` lies within it."""
        return any(path.startswith(above) for above in self.paths)

    def narrowed(self, path: str) -> Reach:
        """Return what both this reach and the subtree at ``path`` cover."""
        if self.covers(path):
            return Reach((path,))
        return Reach(tuple(own for own in self.paths if own.startswith(path)))


EVERYWHERE = Reach(("/",))
NOWHERE = Reach(())


def within(reach: Reach, at: datetime) -> ColumnElement[bool]:
    """Return the condition that the person of the row (``Official``) lies within ``reach`` at ``at``."""
    if reach.everywhere:
        return Official.id.is_not(None)
    return people_within(reach, at).where(Appointment.official_id == Official.id).correlate(Official).exists()


def people_within(reach: Reach, at: datetime) -> Select[UUID]:
    """Select the ids of the people within ``reach``; somebody with two places there comes twice."""
    below = or_(*(DepartmentVersion.path.startswith(path, autoescape=True) for path in reach.paths)) if reach.paths else or_(False)  # noqa: FBT003 - SQL's own
    later = aliased(Appointment)
    not_empty = or_(later.valid_to.is_(None), later.valid_to > later.valid_from)
    outlived = (
        select(later.id)
        .where(
            later.official_id == Appointment.official_id, not_empty, or_(later.valid_to.is_(None), later.valid_to > Appointment.valid_to)
        )
        .exists()
    )
    lasts = or_(Appointment.valid_to.is_(None), Appointment.valid_to > at, ~outlived)
    holds = or_(Appointment.valid_to.is_(None), Appointment.valid_to > Appointment.valid_from)
    version = and_(DepartmentVersion.department_id == Appointment.department_id, live_at(DepartmentVersion, at))
    return select(Appointment.official_id).join(DepartmentVersion, version).where(below, holds, lasts)


def overseen_departments(paths: Sequence[str], at: datetime) -> Select[UUID]:
    """Select the departments at or below ``paths``, and those that a department there leads (主管部门)."""
    led = DepartmentVersion.lead_department_id.in_(_inner(paths, at))
    return select(DepartmentVersion.department_id).where(live_at(DepartmentVersion, at), or_(_below(DepartmentVersion.path, paths), led))


def publishing_departments(paths: Sequence[str], at: datetime) -> Select[UUID]:
    """Select the departments of which what they bring is published at or below ``paths``.

    That is where their lead department lies (one below themselves does not count), without one the department above, without that
    they themselves.
    """
    lead, parent = aliased(DepartmentVersion), aliased(DepartmentVersion)
    query = select(DepartmentVersion.department_id)
    leads = and_(lead.department_id == DepartmentVersion.lead_department_id, ~lead.path.startswith(DepartmentVersion.path))
    query = query.outerjoin(lead, and_(leads, _live(lead, at)))
    query = query.outerjoin(parent, and_(parent.department_id == DepartmentVersion.parent_id, _live(parent, at)))
    path = func.coalesce(lead.path, parent.path, DepartmentVersion.path)
    return query.where(live_at(DepartmentVersion, at), _below(path, paths))


def _inner(paths: Sequence[str], at: datetime) -> Select[UUID]:
    above = aliased(DepartmentVersion)
    return select(above.department_id).where(_live(above, at), _below(above.path, paths))


def _below(path: Any, paths: Sequence[str]) -> ColumnElement[bool]:  # noqa: ANN401 - a column, or an expression that gives a path
    return or_(false(), *(path.startswith(above, autoescape=True) for above in paths))


def _live(version: Any, at: datetime) -> ColumnElement[bool]:  # noqa: ANN401 - an alias of the table
    return and_(version.valid_from <= at, or_(version.valid_to.is_(None), version.valid_to > at))
