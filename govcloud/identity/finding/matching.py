"""Finding the appointments that criteria mean, as one statement over the whole province: how many, and who, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true

from govcloud.identity import codes, rows
from govcloud.identity.extents import at_or_below
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.models import Appointment, DepartmentVersion, OfficialVersion
from govcloud.identity.views import Subject


@dataclass(frozen=True, slots=True)
class Wanted:
    """Appointments of active officials that meet one of ``any_of`` and none of ``none_of``.

    ``departments`` keeps to appointments in exactly these; ``not_officials`` and ``not_appointments`` are left out.
    """

    any_of: tuple[AppointmentCriteria, ...]
    none_of: tuple[AppointmentCriteria, ...] = ()
    departments: tuple[UUID, ...] | None = None
    not_officials: frozenset[UUID] = frozenset()
    not_appointments: frozenset[UUID] = frozenset()

    @property
    def roots(self) -> frozenset[UUID]:
        """Return the departments whose subtrees are named."""
        return frozenset(item.department_id for item in (*self.any_of, *self.none_of) if item.department_id)


@dataclass(frozen=True)
class SubjectPage:
    """One page of appointments, oldest first; ``after`` asks for the next one and is ``None`` at the end."""

    rows: tuple[Subject, ...]
    after: UUID | None


def selected(wanted: Wanted, paths: Mapping[UUID, str], at: datetime) -> rows.Rows:
    """Select the subjects that are ``wanted`` at ``at``; ``paths`` are the places of the departments that have one then."""
    conditions = [OfficialVersion.status == "active", or_(false(), *(met(item, paths, at) for item in wanted.any_of))]
    if wanted.none_of:
        conditions.append(not_(or_(*(met(item, paths, at) for item in wanted.none_of))))
    if wanted.departments is not None:
        conditions.append(Appointment.department_id.in_(wanted.departments))
    if wanted.not_officials:
        conditions.append(Appointment.official_id.not_in(wanted.not_officials))
    if wanted.not_appointments:
        conditions.append(Appointment.id.not_in(wanted.not_appointments))
    return rows.subjects_at(at).where(*conditions).order_by(None)


def counted(query: rows.Rows) -> rows.Rows:
    """Turn a selection into the number of its rows."""
    return query.with_only_columns(func.count(), maintain_column_froms=True)


def met(criteria: AppointmentCriteria, paths: Mapping[UUID, str], at: datetime) -> ColumnElement[bool]:
    """Return ``AppointmentCriteria.met_by`` as a condition of the database."""
    lists: Iterable[tuple[ColumnElement[str], tuple[str, ...]]] = (
        (Appointment.position.expression, criteria.positions),
        (Appointment.post.expression, criteria.posts),
        (OfficialVersion.rank.expression, criteria.ranks),
        (rows.kind_at(at), criteria.kinds),
        (DepartmentVersion.level.expression, criteria.levels),
    )
    conditions: list[ColumnElement[bool]] = [column.in_(values) for column, values in lists if values]
    if criteria.business_lines:
        conditions.append(DepartmentVersion.business_lines.overlap(list(criteria.business_lines)))
    if criteria.department_id is not None:
        path = paths.get(criteria.department_id)
        conditions.append(at_or_below(DepartmentVersion.path, [] if path is None else [path]))
    if criteria.division_code is not None:
        conditions.append(DepartmentVersion.division_code.startswith(codes.division_prefix(criteria.division_code)))
    return and_(true(), *conditions)
