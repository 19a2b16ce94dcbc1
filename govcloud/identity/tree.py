"""Reads of the department tree for pages: one level at a time, the way up, search by a part of a name, and history.

Every read is one statement on an index and gives a page, so that its cost does not grow with the province. ``at`` is an aware
datetime, by default now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from govcloud.identity import rows
from govcloud.identity.extents import at_or_below
from govcloud.identity.models import Appointment, Department, DepartmentSuccession, DepartmentVersion, Office, Official, OfficialVersion
from govcloud.identity.names import grams_of
from govcloud.identity.views import DepartmentView
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import live_at
from govcloud.kernel.validation import searchable

_MOST_ROWS = 200
_MOST_STEPS = 200
_USCC_LENGTH = 18


@dataclass(frozen=True)
class Node:
    """One line of the tree."""

    id: UUID
    name: str
    short_name: str
    level: str
    has_children: bool


@dataclass(frozen=True)
class NodePage:
    """A page of one level; ``after`` asks for the next one and is ``None`` at the end."""

    nodes: tuple[Node, ...]
    after: UUID | None


@dataclass(frozen=True)
class DepartmentPage:
    """A page of a search; ``after`` asks for the next one and is ``None`` at the end."""

    rows: tuple[DepartmentView, ...]
    after: UUID | None


@dataclass(frozen=True)
class Version:
    """What a department was for one window of time; ``until`` is ``None`` for what holds now."""

    department: DepartmentView
    parent_name: str | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class SuccessionStep:
    """One step between departments: ``merge``, ``split`` or ``abolish`` (then there is no successor)."""

    kind: str
    predecessor_id: UUID
    predecessor_name: str
    successor_id: UUID | None
    successor_name: str | None
    reason: str
    at: datetime


@dataclass(frozen=True)
class History:
    """The versions of a department, the newest first; what it came from, and what became of it."""

    versions: tuple[Version, ...]
    came_from: tuple[SuccessionStep, ...]
    became: tuple[SuccessionStep, ...]


@dataclass(frozen=True)
class Member:
    """Somebody who serves in a department."""

    appointment_id: UUID
    official_id: UUID
    name: str
    employee_code: str
    status: str
    kind: str
    post: str
    position: str
    office_name: str | None
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class MemberPage:
    """A page of the people of a department in the order of their appointments."""

    rows: tuple[Member, ...]
    after: UUID | None


class TreeQueries:
    """Answers what pages ask of the tree; it never writes."""

    def __init__(self, read: Callable[[], Session], clock: Clock) -> None:
        """Take the source of reading sessions and the clock."""
        self._read = read
        self._clock = clock

    def children(self, parent_id: UUID | None, limit: int = 100, after: UUID | None = None, *, at: datetime | None = None) -> NodePage:
        """Return a page of the departments directly below one (``None``: the roots), in their set order."""
        moment = self._at(at)
        order = (DepartmentVersion.position, DepartmentVersion.name, DepartmentVersion.department_id)
        query = select(*_NODE, _has_children(moment)).where(_below(parent_id), live_at(DepartmentVersion, moment))
        if after is not None:
            last = aliased(DepartmentVersion)
            place = select(last.position, last.name, last.department_id).where(last.department_id == after, live_at(last, moment))
            query = query.where(tuple_(*order) > place.scalar_subquery())
        most = _limited(limit)
        found = [Node(*row) for row in self._read().execute(query.order_by(*order).limit(most + 1))]
        return NodePage(tuple(found[:most]), found[most - 1].id if len(found) > most else None)

    def nodes(self, wanted: Sequence[UUID], *, at: datetime | None = None) -> tuple[Node, ...]:
        """Return departments as lines of the tree, in the order of their names."""
        moment = self._at(at)
        mine = (DepartmentVersion.department_id.in_(wanted), live_at(DepartmentVersion, moment))
        query = select(*_NODE, _has_children(moment)).where(*mine).order_by(DepartmentVersion.name)
        return tuple(Node(*row) for row in self._read().execute(query))

    def ancestors(self, department: DepartmentView, *, at: datetime | None = None) -> tuple[Node, ...]:
        """Return the departments above one, the root first."""
        above = [UUID(part) for part in department.path.split("/") if part][:-1]
        found = {node.id: node for node in self.nodes(above, at=at)} if above else {}
        return tuple(found[key] for key in above if key in found)

    def search(
        self, text: str, limit: int = 20, after: UUID | None = None, *, within: Sequence[str] = ("/",), at: datetime | None = None
    ) -> DepartmentPage:
        """Return a page of departments whose name, short name, pinyin or initials contain ``text``, or whose credit code it is.

        The topmost come first. ``within`` are the paths at or below which the reader may look (none: nowhere); an empty ``text``
        finds nothing.
        """
        clean = searchable(text)
        moment = self._at(at)
        if not clean:
            return DepartmentPage((), None)
        query = rows.departments_at(moment).where(_named(clean), at_or_below(DepartmentVersion.path, within))
        if after is not None:
            last = aliased(DepartmentVersion)
            place = select(last.path).where(last.department_id == after, live_at(last, moment))
            query = query.where(DepartmentVersion.path > place.scalar_subquery())
        most = _limited(limit)
        found = [rows.department_view(row) for row in self._read().execute(query.order_by(DepartmentVersion.path).limit(most + 1))]
        return DepartmentPage(tuple(found[:most]), found[most - 1].id if len(found) > most else None)

    def subtree(self, path: str, after: str | None = None, *, at: datetime | None = None) -> tuple[DepartmentView, ...]:
        """Return a page of the department at ``path`` and all below it, each behind the one above it; empty at the end.

        ``after`` is the path of the last one of the page before.
        """
        query = rows.departments_at(self._at(at)).where(at_or_below(DepartmentVersion.path, [path]))
        if after is not None:
            query = query.where(DepartmentVersion.path > after)
        found = self._read().execute(query.order_by(DepartmentVersion.path).limit(_MOST_ROWS))
        return tuple(rows.department_view(row) for row in found)

    def last_known(self, department_id: UUID, at: datetime | None = None) -> tuple[DepartmentView, datetime | None] | None:
        """Return a department as it was at ``at`` or, when it is gone by then, as it last was with the moment of its end."""
        moment = self._at(at)
        version = and_(DepartmentVersion.department_id == Department.id, DepartmentVersion.valid_from <= moment)
        query = select(*rows.DEPARTMENT_COLUMNS).join(DepartmentVersion, version).where(Department.id == department_id)
        newest = (DepartmentVersion.valid_from.desc(), DepartmentVersion.valid_to.desc().nulls_first())
        row = self._read().execute(query.order_by(*newest).limit(1)).one_or_none()
        if row is None:
            return None
        ended = row.valid_to
        return rows.department_view(row), ended if ended is not None and ended <= moment else None

    def history(self, department_id: UUID) -> History:
        """Return how a department changed, the newest first, what it came from and what became of it."""
        parent = aliased(DepartmentVersion)
        named = and_(
            parent.department_id == DepartmentVersion.parent_id,
            parent.valid_from <= DepartmentVersion.valid_from,
            or_(parent.valid_to.is_(None), parent.valid_to > DepartmentVersion.valid_from),
        )
        query = (
            select(*rows.DEPARTMENT_COLUMNS, parent.name.label("parent_name"))
            .join(DepartmentVersion, DepartmentVersion.department_id == Department.id)
            .outerjoin(parent, named)
            .where(Department.id == department_id)
            # What was replaced at once held at no moment.
            .where(or_(DepartmentVersion.valid_to.is_(None), DepartmentVersion.valid_to > DepartmentVersion.valid_from))
            .order_by(DepartmentVersion.valid_from.desc())
            .limit(_MOST_STEPS)
        )
        versions = tuple(
            Version(rows.department_view(row), row.parent_name, row.valid_from, row.valid_to) for row in self._read().execute(query)
        )
        return History(
            versions,
            self._succession(DepartmentSuccession.successor_id == department_id),
            self._succession(DepartmentSuccession.predecessor_id == department_id),
        )

    def members(self, department_id: UUID, limit: int = 20, after: UUID | None = None, *, at: datetime | None = None) -> MemberPage:
        """Return a page of those who serve in a department itself, not below it."""
        moment = self._at(at)
        standing = and_(OfficialVersion.official_id == Official.id, live_at(OfficialVersion, moment))
        office = and_(Office.office_id == Appointment.office_id, live_at(Office, moment))
        query = (
            select(
                Appointment.id,
                Official.id.label("official_id"),
                Official.name,
                Official.employee_code,
                OfficialVersion.status,
                rows.kind_at(moment).label("kind"),
                Appointment.post,
                Appointment.position,
                Office.name.label("office_name"),
                Appointment.valid_from,
                Appointment.valid_to,
            )
            .join(Official, Official.id == Appointment.official_id)
            .join(OfficialVersion, standing)
            .outerjoin(Office, office)
            .where(Appointment.department_id == department_id, live_at(Appointment, moment))
        )
        if after is not None:
            query = query.where(Appointment.id > after)
        most = _limited(limit)
        found = [Member(*row) for row in self._read().execute(query.order_by(Appointment.id).limit(most + 1))]
        return MemberPage(tuple(found[:most]), found[most - 1].appointment_id if len(found) > most else None)

    # How the above read

    def _at(self, at: datetime | None) -> datetime:
        return self._clock.now() if at is None else at

    def _succession(self, condition: ColumnElement[bool]) -> tuple[SuccessionStep, ...]:
        found = self._read().scalars(
            select(DepartmentSuccession).where(condition).order_by(DepartmentSuccession.at.desc()).limit(_MOST_STEPS)
        )
        steps = found.all()
        wanted = {key for step in steps for key in (step.predecessor_id, step.successor_id) if key}
        names = self._last_names(wanted)
        return tuple(
            SuccessionStep(
                step.kind,
                step.predecessor_id,
                names.get(step.predecessor_id, ""),
                step.successor_id,
                names.get(step.successor_id) if step.successor_id else None,
                step.reason,
                step.at,
            )
            for step in steps
        )

    def _last_names(self, wanted: set[UUID]) -> dict[UUID, str]:
        """Return what departments are called, or were called last."""
        newest = (DepartmentVersion.department_id, DepartmentVersion.valid_from.desc(), DepartmentVersion.valid_to.desc().nulls_first())
        query = select(DepartmentVersion.department_id, DepartmentVersion.name).ext(distinct_on(DepartmentVersion.department_id))
        found = self._read().execute(query.where(DepartmentVersion.department_id.in_(wanted)).order_by(*newest))
        return {row.department_id: row.name for row in found}


_NODE = (DepartmentVersion.department_id, DepartmentVersion.name, DepartmentVersion.short_name, DepartmentVersion.level)


def _has_children(at: datetime) -> ColumnElement[bool]:
    below = aliased(DepartmentVersion)
    return exists().where(below.parent_id == DepartmentVersion.department_id, live_at(below, at)).label("has_children")


def _below(parent_id: UUID | None) -> ColumnElement[bool]:
    return DepartmentVersion.parent_id.is_(None) if parent_id is None else DepartmentVersion.parent_id == parent_id


def _named(text: str) -> ColumnElement[bool]:
    """Return the condition that a department is meant by ``text``; the index on pairs of letters narrows it first."""
    if len(text) == _USCC_LENGTH and text.isascii() and text.isalnum():
        return Department.uscc == text.upper()
    columns = (DepartmentVersion.name, DepartmentVersion.short_name, DepartmentVersion.pinyin, DepartmentVersion.initials)
    contained = or_(*(func.lower(column).contains(text.lower(), autoescape=True) for column in columns))
    return and_(DepartmentVersion.grams.contains(grams_of(text)), contained)


def _limited(limit: int) -> int:
    return max(1, min(limit, _MOST_ROWS))
