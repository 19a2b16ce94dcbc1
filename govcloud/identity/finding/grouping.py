"""Appointments counted in groups: who is alike in what somebody asks about, as one statement over the whole province.

Departments come in numbered sets, of which the asker makes what it likes: those of one set count as alike. Those without any
appointment are counted by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    cast,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from govcloud.identity import rows
from govcloud.identity.models import Appointment, DepartmentVersion, Official, OfficialVersion
from govcloud.identity.views import Subject
from govcloud.kernel.database import live_at

#: What appointments can be grouped by beside the sets of departments.
BY = ("appointment_kind", "label", "position", "post", "rank")
_MOST = 1000
_STRETCH = 2000
Key = tuple[int, *tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """A department, as far as somebody serving there is described by it."""

    id: UUID
    path: str
    division: str
    level: str
    business_lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Appointments of active officials that are alike: the number of the set of departments, the values, and how many there are."""

    key: Key
    size: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """By what to group, as at ``at``: some of ``BY`` in their order, and each live department's number."""

    by: tuple[str, ...]
    numbers: Mapping[UUID, int]
    at: datetime


class GroupQueries:
    """Counts and lists appointments in groups; it never writes."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def places(self, at: datetime) -> tuple[Place, ...]:
        """Return every department that is live at ``at``."""
        columns = (
            DepartmentVersion.department_id,
            DepartmentVersion.path,
            DepartmentVersion.division_code,
            DepartmentVersion.level,
            DepartmentVersion.business_lines,
        )
        found = self._read().execute(select(*columns).where(live_at(DepartmentVersion, at)))
        return tuple(Place(row[0], row[1], row[2], row[3], tuple(row[4])) for row in found)

    def more_than(self, count: int) -> bool:
        """Say whether there are more than ``count`` appointments at all, ended ones included; reads no more than that many."""
        some = select(Appointment.id).limit(count + 1).subquery()
        return (self._read().scalar(select(func.count()).select_from(some)) or 0) > count

    def groups(self, grouping: Grouping) -> tuple[Group, ...]:
        """Return every group of live appointments with its size."""
        number, joined = _numbered(grouping)
        values = _values(grouping)
        query = select(number, *values, func.count()).select_from(joined).where(*_live(grouping.at)).group_by(number, *values)
        found: Sequence[Any] = self._read().execute(query).all()
        return tuple(Group(_key(row[:-1]), row[-1]) for row in found)

    def keys_of(self, officials: Collection[UUID], grouping: Grouping) -> tuple[tuple[UUID, UUID, Key], ...]:
        """Return official, appointment and group of each live appointment of ``officials``."""
        number, joined = _numbered(grouping)
        columns = (Appointment.official_id, Appointment.id, number, *_values(grouping))
        query = select(*columns).select_from(joined).where(*_live(grouping.at), Appointment.official_id == func.any(_ids(officials)))
        found: Sequence[Any] = self._read().execute(query).all()
        return tuple((row[0], row[1], _key(row[2:])) for row in found)

    def members(
        self, keys: Sequence[Key], departments: Mapping[int, Sequence[UUID]], grouping: Grouping, *, after: UUID | None, limit: int
    ) -> tuple[Subject, ...]:
        """Return up to ``limit`` live appointments that are in one of the groups ``keys``, by their ids, beginning behind ``after``.

        ``departments`` are those of each set that ``keys`` name; ``numbers`` of the grouping are not looked at.
        """
        numbers = {department: number for number in {key[0] for key in keys} for department in departments.get(number, ())}
        sets = _table("sets", {"department_id": (Uuid(), list(numbers)), "number": (Integer(), list(numbers.values()))})
        wanted = _table(
            "wanted",
            {"number": (Integer(), [key[0] for key in keys])}
            | {name: (Text(), [key[1 + place] for key in keys]) for place, name in enumerate(grouping.by)},
        )
        alike = [value == wanted.c[name] for name, value in zip(grouping.by, _values(grouping), strict=True)]
        query = (
            rows.subjects_at(grouping.at)
            .join(sets, sets.c.department_id == Appointment.department_id)
            .join(wanted, and_(wanted.c.number == sets.c.number, true(), *alike))
            .where(OfficialVersion.status == "active")
            .order_by(None)
        )
        # Stretch by stretch along the ids: of a large group the first one has a page, and nothing behind it is read.
        found: list[Subject] = []
        most, stretch, begin = min(limit, _MOST), _STRETCH, after or UUID(int=0)
        while len(found) < most:
            end = self._read().scalar(
                select(Appointment.id).where(Appointment.id > begin).order_by(Appointment.id).offset(stretch).limit(1)
            )
            here = query.where(Appointment.id > begin, *(() if end is None else (Appointment.id <= end,)))
            page = self._read().execute(here.order_by(Appointment.id).limit(most - len(found)))
            found += [rows.subject_view(row) for row in page]
            if end is None:
                break
            begin, stretch = end, stretch * 4
        return tuple(found)

    def serving_twice(self, at: datetime) -> frozenset[UUID]:
        """Return the active officials with more than one live appointment."""
        query = select(Appointment.official_id).where(live_at(Appointment, at)).group_by(Appointment.official_id).having(func.count() > 1)
        return frozenset(self._read().scalars(query))

    def count_unplaced(self, at: datetime) -> int:
        """Return how many active officials have no live appointment."""
        return self._read().scalar(_unplaced(at, func.count())) or 0

    def unplaced(
        self, at: datetime, *, after: UUID | None = None, limit: int = _MOST, among: Collection[UUID] | None = None
    ) -> tuple[UUID, ...]:
        """Return active officials without a live appointment (of those in ``among``), by their ids, beginning behind ``after``."""
        if among is not None and not among:
            return ()
        query = _unplaced(at, OfficialVersion.official_id)
        if among is not None:
            query = query.where(OfficialVersion.official_id == func.any(_ids(among)))
        if after is not None:
            query = query.where(OfficialVersion.official_id > after)
        return tuple(self._read().scalars(query.order_by(OfficialVersion.official_id).limit(min(limit, _MOST))))

    def people(self, wanted: Collection[UUID]) -> Mapping[UUID, tuple[str, str]]:
        """Return names and employee codes by the person."""
        query = select(Official.id, Official.name, Official.employee_code).where(Official.id == func.any(_ids(wanted)))
        return {row[0]: (row[1], row[2]) for row in self._read().execute(query)}


def _key(values: Sequence[Any]) -> Key:
    """Return number and values as a key."""
    return (values[0], *values[1:])


def sets_of(numbers: Mapping[UUID, int]) -> Iterator[tuple[int, list[UUID]]]:
    """Give each set of departments with its number."""
    found: dict[int, list[UUID]] = {}
    for department, number in numbers.items():
        found.setdefault(number, []).append(department)
    yield from sorted(found.items())


def _unplaced(at: datetime, what: ColumnElement[Any] | Any) -> Select[Any]:  # noqa: ANN401 - a column or a count of them
    served = select(Appointment.id).where(Appointment.official_id == OfficialVersion.official_id, live_at(Appointment, at)).exists()
    return select(what).select_from(OfficialVersion).where(OfficialVersion.status == "active", live_at(OfficialVersion, at), ~served)


def _live(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (live_at(Appointment, at), live_at(OfficialVersion, at), OfficialVersion.status == "active")


def _numbered(grouping: Grouping) -> tuple[ColumnElement[int], FromClause]:
    """Return the number of an appointment's department, and what to select it from."""
    numbers = grouping.numbers
    sets = _table("sets", {"department_id": (Uuid(), list(numbers)), "number": (Integer(), list(numbers.values()))})
    joined = Appointment.__table__.join(OfficialVersion.__table__, OfficialVersion.official_id == Appointment.official_id).join(
        sets, sets.c.department_id == Appointment.department_id
    )
    return sets.c.number, joined


def _values(grouping: Grouping) -> list[ColumnElement[str]]:
    columns: Mapping[str, ColumnElement[str]] = {
        "appointment_kind": cast(rows.kind_at(grouping.at), Text()),
        "label": cast(OfficialVersion.security_label, Text()),
        "position": Appointment.position.expression,
        "post": Appointment.post.expression,
        "rank": OfficialVersion.rank.expression,
    }
    return [columns[name] for name in grouping.by]


def _table(name: str, columns: Mapping[str, tuple[Any, Sequence[Any]]]) -> Any:  # noqa: ANN401 - SQLAlchemy's table of values
    """Return parallel lists as a table."""
    lists = [cast(list(values), ARRAY(kind)) for kind, values in columns.values()]
    heads = [column(head, kind) for head, (kind, _) in columns.items()]
    return func.unnest(*lists).table_valued(*heads, name=name).render_derived()


def _ids(wanted: Collection[UUID]) -> ColumnElement[Any]:
    return cast(list(wanted), ARRAY(Uuid()))
