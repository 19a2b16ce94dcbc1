"""Reads about people beyond one look-up: search within a reach, the time line of duties, and changes that lie ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, ScalarSelect, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.orm import Session

from govcloud.identity import rows
from govcloud.identity.departments.census import lasting
from govcloud.identity.extents import at_or_below
from govcloud.identity.finding.reach import EVERYWHERE, Reach, within
from govcloud.identity.finding.search import Asked, Place, Wanted, page_of_ids
from govcloud.identity.models import Appointment, DepartmentVersion, Official, OfficialVersion, PersonnelChange
from govcloud.identity.views import AppointmentView, OfficialPage, OfficialView
from govcloud.kernel.actor import official_of
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import live_at
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.paging import Cursor
from govcloud.kernel.prepared import Look
from govcloud.kernel.validation import searchable

MOST_ROWS = 200
_AT = bindparam("at", type_=DateTime(timezone=True))
#: One statement of every sign-in.
_ACTIVE_UNTIL = Look(
    select(func.min(OfficialVersion.valid_from).label("until")).where(
        OfficialVersion.official_id == bindparam("official"),
        OfficialVersion.valid_from > _AT,
        OfficialVersion.status != "active",
        or_(OfficialVersion.valid_to.is_(None), OfficialVersion.valid_to > OfficialVersion.valid_from),
    )
)


@dataclass(frozen=True)
class TimelineEntry:
    """An appointment on the time line; ``state`` is past, present or planned. The department goes by the name that it had last.

    A primary one that is ``handing_over`` now is concurrent.
    """

    id: UUID
    kind: str
    post: str
    position: str
    department_id: UUID
    department_name: str
    starts_at: datetime
    ends_at: datetime | None
    state: str
    handing_over: bool


@dataclass(frozen=True)
class ChangeView:
    """A change in a person's duty; ``state`` is planned, settled, due (its day has come), cancelled or undone."""

    id: UUID
    official_id: UUID
    official_name: str
    employee_code: str
    kind: str
    effective_at: datetime
    department_name: str | None
    position: str | None
    reason: str
    recorded_at: datetime
    recorded_by: str
    state: str


@dataclass(frozen=True)
class Planned:
    """Which of the changes that lie ahead are meant: of one kind (empty: any), effective in ``[since, until)`` (UTC; ``None``: open)."""

    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class ChangePage:
    """One page of changes, who ordered each by name, and what asks for the next page (``None`` at the end)."""

    rows: tuple[ChangeView, ...]
    after: str | None
    names: Mapping[str, str]

    def by(self, row: ChangeView) -> str:
        """Return who ordered a change: an official by name, a client or a part of the platform by what it is called."""
        return self.names.get(row.recorded_by, row.recorded_by.partition(":")[2])


class PeopleQueries:
    """Answers questions about people; it never writes."""

    def __init__(self, read: Callable[[], Session], keys: KeyRing, clock: Clock) -> None:
        """Take the source of reading sessions, the key ring (to show masked numbers) and the clock."""
        self._read = read
        self._keys = keys
        self._clock = clock

    def search_officials(
        self,
        text: str,
        limit: int = 20,
        after: str | None = None,
        *,
        at: datetime | None = None,
        reach: Reach = EVERYWHERE,
        status: str = "",
    ) -> OfficialPage:
        """Return a page of people whose employee code, name, pinyin or initials begins with ``text``.

        An empty ``text`` lists everybody by pinyin. ``after`` is the ``after`` of the page before; what is none begins anew.
        """
        moment = self._clock.now() if at is None else at
        session, most = self._read(), max(1, min(limit, MOST_ROWS))
        place = Place.from_text(after) if after else None
        ids, rest = page_of_ids(session, Asked(Wanted(searchable(text), reach, status), moment, most), place)
        found = {row.Official.id: row for row in session.execute(rows.officials_at(moment).where(Official.id.in_(ids)))}
        page = tuple(rows.official_view(found[key], self._keys) for key in ids if key in found)
        return OfficialPage(page, rest.to_text() if rest else None)

    def official_within(self, official_id: UUID, reach: Reach, at: datetime | None = None) -> OfficialView | None:
        """Return a person if the reach covers them, by the same condition as a list."""
        moment = self._clock.now() if at is None else at
        query = rows.officials_at(moment).where(Official.id == official_id, within(reach, moment))
        row = self._read().execute(query).one_or_none()
        return rows.official_view(row, self._keys) if row else None

    def main_places(self, officials: Iterable[UUID], at: datetime | None = None) -> Mapping[UUID, AppointmentView]:
        """Return for each person the first of the appointments that hold at ``at``: the primary one, if there is one."""
        moment = self._clock.now() if at is None else at
        found: dict[UUID, AppointmentView] = {}
        for row in self._read().execute(rows.appointments_at(moment).where(Appointment.official_id.in_(set(officials)))):
            found.setdefault(row.official_id, rows.appointment_view(row))
        return found

    def departments_served(self, official_id: UUID, at: datetime | None = None) -> tuple[UUID, ...]:
        """Return the departments of a person's appointments that hold or lie ahead."""
        moment = self._clock.now() if at is None else at
        query = select(Appointment.department_id).where(Appointment.official_id == official_id, lasting(moment)).distinct()
        return tuple(self._read().scalars(query))

    def serving_beyond(self, people: Iterable[UUID], reach: Reach) -> frozenset[UUID]:
        """Return those of ``people`` who also serve, or will, in a department that ``reach`` does not cover."""
        moment = self._clock.now()
        version = and_(DepartmentVersion.department_id == Appointment.department_id, live_at(DepartmentVersion, moment))
        covered = at_or_below(DepartmentVersion.path, reach.paths)
        query = (
            select(Appointment.official_id)
            .join(DepartmentVersion, version)
            .where(Appointment.official_id.in_(set(people)), lasting(moment))
        )
        return frozenset(self._read().scalars(query.where(~covered).distinct()))

    def departments_served_by(self, officials: Iterable[UUID], at: datetime | None = None) -> Mapping[UUID, frozenset[UUID]]:
        """Return the same of many people; those who serve nowhere are left out."""
        moment = self._clock.now() if at is None else at
        query = select(Appointment.official_id, Appointment.department_id).where(
            Appointment.official_id.in_(set(officials)), lasting(moment)
        )
        found: dict[UUID, set[UUID]] = {}
        for row in self._read().execute(query.distinct()):
            found.setdefault(row.official_id, set()).add(row.department_id)
        return {official_id: frozenset(departments) for official_id, departments in found.items()}

    def left_among(self, officials: Iterable[UUID], at: datetime) -> frozenset[UUID]:
        """Return those of ``officials`` who have left by ``at``."""
        gone = (OfficialVersion.official_id.in_(set(officials)), OfficialVersion.status == "left", live_at(OfficialVersion, at))
        return frozenset(self._read().scalars(select(OfficialVersion.official_id).where(*gone)))

    def owners_of(self, appointments: Iterable[UUID], at: datetime) -> Mapping[UUID, UUID]:
        """Return whose each of ``appointments`` is that holds at ``at`` or will hold later; others are left out."""
        wanted = set(appointments)
        query = select(Appointment.id, Appointment.official_id).where(Appointment.id.in_(wanted), lasting(at))
        return {row.id: row.official_id for row in self._read().execute(query)} if wanted else {}

    def active_until(self, official_id: UUID, at: datetime | None = None) -> datetime | None:
        """Return when a person who is active at ``at`` will no longer be, as far as that is planned."""
        moment = self._clock.now() if at is None else at
        until: datetime | None = _ACTIVE_UNTIL.within(self._read(), {"official": official_id, "at": moment})[0].until
        return until

    def timeline(self, official_id: UUID) -> tuple[TimelineEntry, ...]:
        """Return all appointments that a person had, has and will have, the newest beginning first; cancelled ones are left out."""
        now = self._clock.now()
        query = (
            select(Appointment, _last_name().label("department_name"))
            .where(Appointment.official_id == official_id)
            .where(or_(Appointment.valid_to.is_(None), Appointment.valid_to > Appointment.valid_from))
            .order_by(Appointment.valid_from.desc(), Appointment.kind != "primary", Appointment.id)
        )
        return tuple(_entry(row.Appointment, row.department_name, now) for row in self._read().execute(query))

    def changes_of(self, official_id: UUID) -> tuple[ChangeView, ...]:
        """Return every change in a person's duty, the latest first."""
        return self._changes(PersonnelChange.official_id == official_id, order=(PersonnelChange.effective_at.desc(), PersonnelChange.id))

    def planned_changes(
        self,
        official_id: UUID | None = None,
        *,
        reach: Reach = EVERYWHERE,
        wanted: Planned = Planned(),
        after: Cursor | None = None,
        limit: int = 50,
    ) -> tuple[ChangeView, ...]:
        """Return the changes that lie ahead, of one person or of all within ``reach``, the next one first, a page at a time."""
        now = self._clock.now()
        ahead = [PersonnelChange.effective_at > now, PersonnelChange.settled_at.is_(None), PersonnelChange.cancelled_at.is_(None)]
        if official_id is not None:
            ahead.append(PersonnelChange.official_id == official_id)
        if wanted.kind:
            ahead.append(PersonnelChange.kind == wanted.kind)
        if wanted.since is not None:
            ahead.append(PersonnelChange.effective_at >= wanted.since)
        if wanted.until is not None:
            ahead.append(PersonnelChange.effective_at < wanted.until)
        if not reach.everywhere:
            ahead.append(within(reach, now))
        if after is not None:
            ahead.append(tuple_(PersonnelChange.effective_at, PersonnelChange.id) > tuple_(after.at, after.id))
        return self._changes(*ahead, order=(PersonnelChange.effective_at, PersonnelChange.id), limit=limit)

    def planned_page(self, reach: Reach, wanted: Planned, after: str | None = None, limit: int = 20) -> ChangePage:
        """Return a page of the changes that lie ahead within ``reach``; an ``after`` that is none begins anew."""
        most = max(1, min(limit, MOST_ROWS))
        found = self.planned_changes(reach=reach, wanted=wanted, after=Cursor.from_text(after or ""), limit=most + 1)
        rows = found[:most]
        last = rows[-1] if len(found) > most else None
        officials = {row.recorded_by: id_ for row in rows if (id_ := official_of(row.recorded_by)) is not None}
        query = select(Official.id, Official.name).where(Official.id.in_(set(officials.values())))
        names = {row.id: row.name for row in self._read().execute(query)} if officials else {}
        by = {recorded_by: names[id_] for recorded_by, id_ in officials.items() if id_ in names}
        return ChangePage(rows, Cursor(last.effective_at, last.id).to_text() if last else None, by)

    def change(self, change_id: UUID) -> ChangeView | None:
        """Return one change."""
        found = self._changes(PersonnelChange.id == change_id, order=(PersonnelChange.id,))
        return found[0] if found else None

    def _changes(self, *conditions: ColumnElement[bool], order: tuple[Any, ...], limit: int = MOST_ROWS) -> tuple[ChangeView, ...]:
        now = self._clock.now()
        query = (
            select(PersonnelChange, Official.name, Official.employee_code, Appointment.position, _last_name().label("department_name"))
            .join(Official, Official.id == PersonnelChange.official_id)
            .outerjoin(Appointment, Appointment.id == PersonnelChange.appointment_id)
            .where(*conditions)
            .order_by(*order)
            .limit(limit)
        )
        return tuple(_change_view(row, now) for row in self._read().execute(query))


def _last_name() -> ScalarSelect[str]:
    """Select the name that the appointment's department had last."""
    versions = select(DepartmentVersion.name).where(DepartmentVersion.department_id == Appointment.department_id)
    return versions.order_by(DepartmentVersion.valid_from.desc()).limit(1).correlate(Appointment).scalar_subquery()


def _entry(row: Appointment, department_name: str, now: datetime) -> TimelineEntry:
    over = row.valid_to is not None and row.valid_to <= now
    state = "planned" if row.valid_from > now else "past" if over else "present"
    handing_over = state == "present" and row.handover_from is not None and row.handover_from <= now
    return TimelineEntry(
        row.id,
        "concurrent" if handing_over else row.kind,
        row.post,
        row.position,
        row.department_id,
        department_name,
        row.valid_from,
        row.valid_to,
        state,
        handing_over,
    )


def _change_view(row: rows.Found, now: datetime) -> ChangeView:
    change: PersonnelChange = row.PersonnelChange
    return ChangeView(
        id=change.id,
        official_id=change.official_id,
        official_name=row.name,
        employee_code=row.employee_code,
        kind=change.kind,
        effective_at=change.effective_at,
        department_name=row.department_name,
        position=row.position,
        reason=change.reason,
        recorded_at=change.recorded_at,
        recorded_by=change.recorded_by,
        state=_state(change, now),
    )


def _state(change: PersonnelChange, now: datetime) -> str:
    if change.cancelled_at is not None:
        return "cancelled"
    if change.undone_at is not None:
        return "undone"
    if change.effective_at > now:
        return "planned"
    return "settled" if change.settled_at is not None else "due"
