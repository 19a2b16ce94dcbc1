"""Officials who may act at a moment, as selections that another domain joins its own facts to: narrow, and only what is asked for.

What decisions read of one subject (``queries.subject``) is here a column for many, so that a list of everybody who may use something
costs one statement and not one read a person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, FromClause, Select, Text, Uuid, and_, case, cast, func, null, or_, select, true
from sqlalchemy.orm import aliased

from govcloud.identity.extents import at_or_below
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.finding.matching import met
from govcloud.identity.models import Appointment, DepartmentVersion, OfficialVersion
from govcloud.identity.rows import kind_at
from govcloud.kernel.database import live_at

# Selections of several columns, taken by name.
Columns: TypeAlias = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Acting:
    """Whoever of some people may act, under which appointment: what to select from, the condition that joins it, and its columns.

    The columns are ``appointment_id`` (NULL: the official serves nowhere, and acts under no appointment) and those that were asked for, by
    the names that conditions have for them; NULL without an appointment.
    """

    source: FromClause
    condition: ColumnElement[bool]
    columns: Mapping[str, ColumnElement[Any]]


def acting(people: FromClause, at: datetime, reads: Collection[str], *, primary: bool, within: Sequence[str] | None = None) -> Acting:
    """Join to ``people`` (rows of ``official_id``, ``appointment_id``) their standing at ``at``, and the appointment that they act under.

    A row that names an appointment is about that one alone, and one that names none about every one.

    Args:
        people: the selection to join to.
        at: the moment.
        reads: which attributes are wanted.
        primary: only the primary appointment counts; who has none then acts under none.
        within: keep to appointments in these departments and below (paths); ``None``: everywhere, and nowhere.
    """
    mine = OfficialVersion.official_id == people.c.official_id
    standing = select(OfficialVersion.rank, OfficialVersion.security_label)
    standing = standing.where(mine, OfficialVersion.status == "active", live_at(OfficialVersion, at))
    columns = (Appointment.id, Appointment.department_id, Appointment.post, Appointment.position, kind_at(at).label("kind"))
    served = [Appointment.official_id == people.c.official_id, live_at(Appointment, at)]
    if primary:
        served.append(kind_at(at) == "primary")
    # The planner cannot know how few people are asked about, and would rather read everybody in the province: OFFSET 0 holds it to
    # looking each of them up.
    found = standing.offset(0).correlate(people).lateral("standing")
    place = select(*columns).where(*served).offset(0).correlate(people).lateral("place")
    department = aliased(DepartmentVersion)
    known = and_(department.department_id == place.c.department_id, live_at(department, at))
    source = people.join(found, true()).join(place, true(), isouter=True).outerjoin(department, known)
    # An appointment counts with its department as it then is.
    conditions = [
        or_(people.c.appointment_id.is_(None), people.c.appointment_id == place.c.id),
        or_(place.c.id.is_(None), department.id.is_not(None)),
    ]
    if within is not None:
        conditions.append(at_or_below(department.path, within))
    columns_read = {"appointment_id": place.c.id, **_attributes(reads, people, found, place, department, at)}
    return Acting(source, and_(*conditions), columns_read)


def serving(criteria: AppointmentCriteria, paths: Mapping[UUID, str], at: datetime) -> Columns:
    """Select ``official_id`` and ``appointment_id`` of the appointments that meet ``criteria`` at ``at``; standing is not asked.

    ``paths`` are the places of the departments that the criteria name, as far as they have one then.
    """
    query = select(Appointment.official_id, Appointment.id.label("appointment_id")).where(live_at(Appointment, at))
    if criteria.levels or criteria.business_lines or criteria.department_id or criteria.division_code:
        query = query.join(DepartmentVersion, _version_of(at))
    if criteria.ranks:
        standing = and_(OfficialVersion.official_id == Appointment.official_id, live_at(OfficialVersion, at))
        query = query.join(OfficialVersion, standing)
    return query.where(met(criteria, paths, at))


def everybody(at: datetime) -> Columns:
    """Select ``official_id`` of everybody who is active at ``at``, and NULL as ``appointment_id``."""
    active = (OfficialVersion.status == "active", live_at(OfficialVersion, at))
    return select(OfficialVersion.official_id, cast(null(), Uuid).label("appointment_id")).where(*active)


def _version_of(at: datetime) -> ColumnElement[bool]:
    return and_(DepartmentVersion.department_id == Appointment.department_id, live_at(DepartmentVersion, at))


def _attributes(  # noqa: PLR0917 - the parts of a join
    reads: Collection[str],
    people: FromClause,
    standing: FromClause,
    place: FromClause,
    department: type[DepartmentVersion],
    at: datetime,
) -> dict[str, ColumnElement[Any]]:
    """Return what is read of a subject, each as a column; nothing of it is known without an appointment."""
    serves = place.c.id.is_not(None)
    given: dict[str, Callable[[], Any]] = {
        "official_id": lambda: people.c.official_id,
        "department_id": lambda: place.c.department_id,
        "department_path": lambda: department.path,
        "division": lambda: department.division_code,
        "business_lines": lambda: department.business_lines,
        "level": lambda: department.level,
        "rank": lambda: case((serves, standing.c.rank)),
        "post": lambda: place.c.post,
        "position": lambda: place.c.position,
        "appointment_kind": lambda: place.c.kind,
        "label": lambda: case((serves, standing.c.security_label)),
        "all_department_ids": lambda: _all_places(people, at, departments=True),
        "all_positions": lambda: _all_places(people, at, departments=False),
    }
    return {name: column() for name, column in given.items() if name in reads}


def _all_places(people: FromClause, at: datetime, *, departments: bool) -> ColumnElement[Any]:
    """Return, as an array, what the official's live appointments have of one kind; empty without any."""
    place, version = aliased(Appointment), aliased(DepartmentVersion)
    wanted: ColumnElement[Any] = cast(place.department_id, Text) if departments else place.position.expression
    query = select(wanted).join(version, version.department_id == place.department_id)
    mine = query.where(place.official_id == people.c.official_id, live_at(place, at), live_at(version, at)).distinct().order_by(wanted)
    return func.array(mine.correlate(people).scalar_subquery(), type_=ARRAY(Text))


__all__ = ["Acting", "acting", "everybody", "serving"]
