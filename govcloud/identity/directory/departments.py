"""Departments in the directory, how many serve in them, and who."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from govcloud.audit.changes import Changes
from govcloud.identity import errors
from govcloud.identity.directory.lookups import Begins, Condition, Everything, Is, Lookups, as_sql
from govcloud.identity.directory.people import not_over
from govcloud.identity.directory.views import DOMAIN, DepartmentRecord, Member
from govcloud.identity.locking import lock_tree
from govcloud.identity.models import Appointment, Department, DepartmentVersion, Official
from govcloud.identity.rows import Rows
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import live_at
from govcloud.kernel.validation import searchable


class DepartmentDirectory:
    """Whole records of live departments; their members come apart, as there may be thousands."""

    def __init__(self, read: Callable[[], Session], clock: Clock, changes: Changes) -> None:
        """Take the source of reading sessions, the clock and the changes."""
        self._read = read
        self._clock = clock
        self._changes = changes

    def one(self, department_id: UUID) -> DepartmentRecord | None:
        """Return one department."""
        found = self.named([department_id])
        return found[0] if found else None

    def locked(self, department_id: UUID) -> DepartmentRecord:
        """Return a department as the last change left it; nobody else changes the tree until the transaction ends.

        Raises:
            NotFound: there is no such live department.
        """
        lock_tree(self._read())
        found = self.one(department_id)
        if found is None:
            raise errors.department_missing(department_id)
        return found

    def page(self, condition: Condition, limit: int, *, after: UUID | None = None, offset: int = 0) -> tuple[DepartmentRecord, ...]:
        """Return at most ``limit`` departments that meet ``condition``, by id, after ``after`` or from ``offset`` on."""
        now = self._clock.now()
        query = _departments(now).where(as_sql(condition, _LOOKUPS, now)).order_by(Department.id).offset(offset).limit(limit)
        return self._records(query if after is None else query.where(Department.id > after), now)

    def named(self, wanted: Sequence[UUID], condition: Condition | None = None) -> tuple[DepartmentRecord, ...]:
        """Return those of ``wanted`` that are live (and meet ``condition``), in the order in which they were named."""
        now = self._clock.now()
        query = _departments(now).where(Department.id.in_(wanted), as_sql(condition or Everything(), _LOOKUPS, now))
        order = {department_id: place for place, department_id in enumerate(wanted)}
        return tuple(sorted(self._records(query, now), key=lambda record: order[record.id]))

    def count(self, condition: Condition) -> int:
        """Return exactly how many departments meet ``condition``."""
        now = self._clock.now()
        query = _departments(now).where(as_sql(condition, _LOOKUPS, now)).with_only_columns(func.count())
        return self._read().scalar(query) or 0

    def by_uscc(self, codes: Iterable[str]) -> Mapping[str, UUID]:
        """Return the live departments with these unified social credit codes (upper case), by code."""
        query = _departments(self._clock.now()).where(Department.uscc.in_(set(codes)))
        return {row.uscc: row.id for row in self._read().execute(query)}

    def members(self, departments: Iterable[UUID]) -> Mapping[UUID, tuple[Member, ...]]:
        """Return who serves in each of ``departments`` now; one person is there once, under the oldest appointment."""
        query = (
            select(Appointment.department_id, Appointment.official_id, Appointment.position, Official.name)
            .join(Official, Official.id == Appointment.official_id)
            .where(Appointment.department_id.in_(set(departments)), live_at(Appointment, self._clock.now()))
            .order_by(Appointment.department_id, Appointment.official_id, Appointment.id)
        )
        found: dict[UUID, dict[UUID, Member]] = defaultdict(dict)
        for row in self._read().execute(query):
            found[row.department_id].setdefault(row.official_id, Member(row.official_id, row.name, row.position))
        return {department_id: tuple(members.values()) for department_id, members in found.items()}

    def places_in(self, department_id: UUID, official_ids: Iterable[UUID]) -> tuple[UUID, ...]:
        """Return the appointments, present and ahead, that these people hold in a department."""
        mine = (Appointment.department_id == department_id, Appointment.official_id.in_(set(official_ids)))
        return tuple(self._read().scalars(select(Appointment.id).where(*mine, not_over(self._clock.now())).order_by(Appointment.id)))

    # How the above read

    def _records(self, query: Rows, now: datetime) -> tuple[DepartmentRecord, ...]:
        rows = self._read().execute(query).all()
        if not rows:
            return ()
        counted = (
            select(
                Appointment.department_id,
                func.count(Appointment.official_id.distinct()).label("members"),
                func.md5(func.string_agg(cast(Appointment.id, Text()), aggregate_order_by(literal(","), Appointment.id))).label("mark"),
            )
            .where(Appointment.department_id.in_([row.id for row in rows]), live_at(Appointment, now))
            .group_by(Appointment.department_id)
        )
        serving = {row.department_id: row for row in self._read().execute(counted)}
        newest = self._changes.newest(DOMAIN, (f"department:{row.id}" for row in rows))
        return tuple(
            DepartmentRecord(
                id=row.id,
                uscc=row.uscc,
                name=row.name,
                short_name=row.short_name,
                parent_id=row.parent_id,
                division=row.division_code,
                level=row.level,
                business_lines=tuple(row.business_lines),
                created_at=row.created_at,
                changed_at=newest.get(f"department:{row.id}", row.created_at),
                member_count=serving[row.id].members if row.id in serving else 0,
                mark=serving[row.id].mark if row.id in serving else "",
            )
            for row in rows
        )


def _departments(now: datetime) -> Rows:
    return select(
        Department.id,
        Department.uscc,
        Department.created_at,
        DepartmentVersion.name,
        DepartmentVersion.short_name,
        DepartmentVersion.parent_id,
        DepartmentVersion.division_code,
        DepartmentVersion.level,
        DepartmentVersion.business_lines,
    ).join(DepartmentVersion, and_(DepartmentVersion.department_id == Department.id, live_at(DepartmentVersion, now)))


def _has_member(official_id: object, now: datetime) -> ColumnElement[bool]:
    serving = select(Appointment.department_id).where(Appointment.official_id == official_id, live_at(Appointment, now))
    return Department.id.in_(serving)


_LOOKUPS: Lookups = {
    (Is, "id"): lambda value, _now: Department.id == value,
    (Is, "uscc"): lambda value, _now: Department.uscc == searchable(value).upper(),
    (Is, "name"): lambda value, _now: DepartmentVersion.name == searchable(value),
    (Is, "parent"): lambda value, _now: DepartmentVersion.parent_id == value,
    (Is, "member"): _has_member,
    (Begins, "name"): lambda value, _now: DepartmentVersion.name.startswith(searchable(value), autoescape=True),
}
