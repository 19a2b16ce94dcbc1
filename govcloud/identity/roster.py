"""Officials who may act at a moment, as selections that another domain joins its own facts to: narrow, and only what is asked for.

What decisions read of one subject (``queries.subject``) is here a column for many, so that a list of everybody who may use something
costs one statement and not one read a person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Subquery, Text, Uuid, and_, case, cast, func, join, null, or_, select
from sqlalchemy.orm import aliased

from govcloud.identity.criteria import AppointmentCriteria
from govcloud.identity.extents import at_or_below
from govcloud.identity.matching import met
from govcloud.identity.models import Appointment, DepartmentVersion, OfficialVersion
from govcloud.identity.rows import kind_at
from govcloud.kernel.database import live_at

# Selections of several columns, taken by name.
Columns: TypeAlias = Select[*tuple[Any, ...]]

#: What stands in the roster of every appointment of the official, beside the one that is acted under.
_ALL_DEPARTMENTS, _ALL_POSITIONS = "all_department_ids", "all_positions"


def acting(at: datetime, reads: Collection[str], *, primary: bool, within: Sequence[str] | None = None) -> Subquery:
    """Select the active officials at ``at`` with the appointments that they act under.

    The columns are ``official_id``, ``appointment_id`` (NULL: the official serves nowhere, and acts under no appointment) and those
    of ``reads``, by the names that conditions have for them; NULL without an appointment.

    Args:
        at: the moment.
        reads: which attributes are wanted.
        primary: only the primary appointment counts; who has none then acts under none.
        within: keep to appointments in these departments and below (paths); ``None``: everywhere, and nowhere.
    """
    served = [Appointment.official_id == OfficialVersion.official_id, live_at(Appointment, at)]
    if primary:
        served.append(kind_at(at) == "primary")
    placed = join(Appointment, DepartmentVersion, _version_of(at))
    columns = [column.label(name) for name, column in _attributes(at).items() if name in reads]
    query = select(OfficialVersion.official_id, Appointment.id.label("appointment_id"), *columns)
    query = query.join(placed, and_(*served), isouter=within is None)
    query = query.where(OfficialVersion.status == "active", live_at(OfficialVersion, at))
    if within is not None:
        query = query.where(at_or_below(DepartmentVersion.path, within))
    return query.subquery("acting")


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


def _attributes(at: datetime) -> dict[str, ColumnElement[Any]]:
    """Return what a decision may read of a subject, each as a column; nothing of it is known without an appointment."""
    serves = Appointment.id.is_not(None)
    return {
        "department_id": Appointment.department_id.expression,
        "department_path": DepartmentVersion.path.expression,
        "division": DepartmentVersion.division_code.expression,
        "business_lines": DepartmentVersion.business_lines.expression,
        "level": DepartmentVersion.level.expression,
        "rank": case((serves, OfficialVersion.rank)),
        "post": Appointment.post.expression,
        "position": Appointment.position.expression,
        "appointment_kind": case((serves, kind_at(at))),
        "label": case((serves, OfficialVersion.security_label)),
        _ALL_DEPARTMENTS: _all_places(at, departments=True),
        _ALL_POSITIONS: _all_places(at, departments=False),
    }


def _all_places(at: datetime, *, departments: bool) -> ColumnElement[Any]:
    """Return, as an array, what the official's live appointments have of one kind; empty without any."""
    place, version = aliased(Appointment), aliased(DepartmentVersion)
    live = [and_(table.valid_from <= at, or_(table.valid_to.is_(None), table.valid_to > at)) for table in (place, version)]
    wanted: ColumnElement[Any] = cast(place.department_id, Text) if departments else place.position.expression
    query = select(wanted).join(version, version.department_id == place.department_id)
    mine = query.where(place.official_id == OfficialVersion.official_id, *live).distinct().order_by(wanted)
    return func.array(mine.correlate(OfficialVersion).scalar_subquery(), type_=ARRAY(Text))


__all__ = ["acting", "everybody", "serving"]
