"""How far somebody may see and manage people: whole subtrees of the organisation, as one condition for lists, search and single reads.

A person lies within reach through the department of an appointment that holds or lies ahead. Who serves nowhere any more lies
where the last appointment ended, so that the department which let somebody go can still correct it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import aliased

from govcloud.identity.extents import at_or_below
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


def within(
    reach: Reach, at: datetime, person: ColumnElement[UUID] = Official.id.expression, *, one_by_one: bool = False
) -> ColumnElement[bool]:
    """Return the condition that the person of the row (by default of ``Official``) lies within ``reach`` at ``at``.

    ``one_by_one`` holds the planner to looking each person's few appointments up on their own index (OFFSET 0): it cannot know how
    few are asked about, and might gather everybody within reach first.
    """
    if reach.everywhere:
        return person.is_not(None)
    places = people_within(reach, at).where(Appointment.official_id == person).correlate_except(Appointment, DepartmentVersion)
    return (places.offset(0) if one_by_one else places).exists()


def people_within(reach: Reach, at: datetime) -> Select[UUID]:
    """Select the ids of the people within ``reach``; somebody with two places there comes twice."""
    version = and_(DepartmentVersion.department_id == Appointment.department_id, live_at(DepartmentVersion, at))
    places = select(Appointment.official_id).join(DepartmentVersion, version)
    return places.where(at_or_below(DepartmentVersion.path, reach.paths), *counting(at))


def counting(at: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions by which an appointment says where somebody lies: it holds, lies ahead, or was the last one."""
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
    return holds, lasts
