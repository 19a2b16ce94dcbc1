"""How far somebody may see and manage people: whole subtrees of the organisation, as one condition for lists, search and single reads.

A person lies within reach through the department of an appointment that holds or lies ahead. Who serves nowhere any more lies
where the last appointment ended, so that the department which let somebody go can still correct it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, any_, literal, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
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


def within(reach: Reach, at: datetime, person: ColumnElement[UUID] = Official.id.expression) -> ColumnElement[bool]:
    """Return the condition that the person of the row (by default of ``Official``) lies within ``reach`` at ``at``."""
    if reach.everywhere:
        return person.is_not(None)
    return people_within(reach, at).where(Appointment.official_id == person).correlate_except(Appointment, DepartmentVersion).exists()


def serves_in(departments: Sequence[UUID], at: datetime, person: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the same condition for a reach whose live departments are known.

    Each person's few appointments are looked up on their own index; OFFSET 0 keeps the planner from gathering everybody who serves
    in the departments first, of whom it cannot know how many they are.
    """
    known = any_(literal(list(departments), ARRAY(Uuid)))
    places = select(Appointment.id).where(Appointment.official_id == person, Appointment.department_id == known, *_counting(at))
    return places.offset(0).correlate_except(Appointment).exists()


def people_within(reach: Reach, at: datetime) -> Select[UUID]:
    """Select the ids of the people within ``reach``; somebody with two places there comes twice."""
    version = and_(DepartmentVersion.department_id == Appointment.department_id, live_at(DepartmentVersion, at))
    places = select(Appointment.official_id).join(DepartmentVersion, version)
    return places.where(at_or_below(DepartmentVersion.path, reach.paths), *_counting(at))


def _counting(at: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
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


def places_within(reach: Reach, at: datetime) -> Select[UUID]:
    """Select for every appointment within ``reach``, over or not, whose it is: no fewer than the people, and found in the index alone.

    Department by department (OFFSET 0 holds the planner to it), so that whoever counts up to a number reads no more than that.
    """
    own = select(Appointment.official_id).where(Appointment.department_id == DepartmentVersion.department_id)
    each = own.offset(0).correlate(DepartmentVersion).lateral("own")
    places = select(each.c.official_id).select_from(DepartmentVersion).join(each, true())
    return places.where(at_or_below(DepartmentVersion.path, reach.paths), live_at(DepartmentVersion, at))
