"""People in the directory: a page of whole records costs five statements, however many it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from govcloud.audit.changes import Changes
from govcloud.identity import errors, masking, sealing
from govcloud.identity.directory.lookups import Begins, Condition, Everything, Is, Lookups, as_sql
from govcloud.identity.directory.views import DOMAIN, PersonRecord, Place
from govcloud.identity.locking import hold_tree, lock_official
from govcloud.identity.models import Appointment, Department, DepartmentVersion, Division, Official, OfficialVersion
from govcloud.identity.rows import Found, Rows
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import live_at
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.validation import searchable


class PeopleDirectory:
    """Whole records of people. Who may not act and holds no place, now or ahead, has left and is not in it."""

    def __init__(self, read: Callable[[], Session], keys: KeyRing, clock: Clock, changes: Changes) -> None:
        """Take the source of reading sessions, the key ring (masked and compared numbers), the clock and the changes."""
        self._read = read
        self._keys = keys
        self._clock = clock
        self._changes = changes

    def one(self, official_id: UUID, *, left_too: bool = False) -> PersonRecord | None:
        """Return one person; ``left_too``: one who has left as well."""
        now = self._clock.now()
        query = _everybody(now) if left_too else _people(now)
        found = self._records(query.where(Official.id == official_id), now)
        return found[0] if found else None

    def locked(self, official_id: UUID, *, left_too: bool = False) -> PersonRecord:
        """Return a person as the last change left them, and let nobody else change them until the transaction ends.

        The tree is held first: a merger locks departments, then people, and whoever placed a locked person would meet it halfway.

        Raises:
            NotFound: the directory has no such person.
        """
        hold_tree(self._read())
        lock_official(self._read(), official_id)
        found = self.one(official_id, left_too=left_too)
        if found is None:
            raise errors.official_missing(official_id)
        return found

    def page(self, condition: Condition, limit: int, *, after: UUID | None = None, offset: int = 0) -> tuple[PersonRecord, ...]:
        """Return at most ``limit`` people who meet ``condition``, in the order of their ids, after ``after`` or from ``offset`` on."""
        now = self._clock.now()
        query = _people(now).where(as_sql(condition, _LOOKUPS, now)).order_by(Official.id).offset(offset).limit(limit)
        return self._records(query if after is None else query.where(Official.id > after), now)

    def named(self, wanted: Sequence[UUID], condition: Condition | None = None) -> tuple[PersonRecord, ...]:
        """Return those of ``wanted`` that are in the directory (and meet ``condition``), in the order in which they were named."""
        now = self._clock.now()
        query = _people(now).where(Official.id.in_(wanted), as_sql(condition or Everything(), _LOOKUPS, now))
        order = {official_id: place for place, official_id in enumerate(wanted)}
        return tuple(sorted(self._records(query, now), key=lambda record: order[record.id]))

    def count(self, condition: Condition) -> int:
        """Return exactly how many people meet ``condition``; this walks over all of them."""
        now = self._clock.now()
        query = _people(now).where(as_sql(condition, _LOOKUPS, now)).with_only_columns(func.count())
        return self._read().scalar(query) or 0

    def suspended_without_place(self, employee_code: str) -> UUID | None:
        """Return somebody who is suspended and serves nowhere, by employee code: gone from the directory without having left."""
        now = self._clock.now()
        joined = and_(OfficialVersion.official_id == Official.id, live_at(OfficialVersion, now))
        query = select(Official.id).join(OfficialVersion, joined).where(~_in_directory(now), OfficialVersion.status == "suspended")
        return self._read().scalar(query.where(Official.employee_code == searchable(employee_code).upper()))

    def has_id_number(self, official_id: UUID, id_number: str) -> bool:
        """Say whether this is the person's ID number; it is compared by its keyed digest."""
        digest = sealing.id_number_digest(self._keys, searchable(id_number).upper())
        return self._read().scalar(select(Official.id).where(Official.id == official_id, Official.id_number_digest == digest)) is not None

    # How the above read

    def _records(self, query: Rows, now: datetime) -> tuple[PersonRecord, ...]:
        rows = self._read().execute(query).all()
        if not rows:
            return ()
        places: dict[UUID, list[Place]] = defaultdict(list)
        for place in self._places([row.id for row in rows], now):
            places[place.official_id].append(place)
        newest = self._changes.newest(DOMAIN, (f"official:{row.id}" for row in rows))
        return tuple(self._record(row, places[row.id], newest) for row in rows)

    def _record(self, row: Found, places: Sequence[Place], newest: Mapping[str, datetime]) -> PersonRecord:
        phone = sealing.open_phone(self._keys, row.id, row.phone_sealed) if row.phone_sealed else None
        return PersonRecord(
            id=row.id,
            employee_code=row.employee_code,
            name=row.name,
            masked_phone=masking.mask_phone(phone) if phone else None,
            status=row.status,
            rank=row.rank,
            staffing_type=row.staffing_type,
            security_label=row.security_label,
            places=tuple(places),
            created_at=row.created_at,
            changed_at=newest.get(f"official:{row.id}", row.created_at),
            mark=(row.phone_sealed or b"").hex(),
        )

    def _places(self, official_ids: Sequence[UUID], now: datetime) -> list[Place]:
        """Return the places of people, and with each the name of the department at the root above it."""
        found = self._read().execute(_appointments(now).where(Appointment.official_id.in_(official_ids))).all()
        roots = {row.id: UUID(hex=row.path.split("/")[1]) for row in found}
        names = select(DepartmentVersion.department_id, DepartmentVersion.name).where(
            DepartmentVersion.department_id.in_(set(roots.values())), live_at(DepartmentVersion, now)
        )
        named = {row.department_id: row.name for row in self._read().execute(names)} if roots else {}
        return [
            Place(
                id=row.id,
                official_id=row.official_id,
                department_id=row.department_id,
                uscc=row.uscc,
                department_name=row.department_name,
                organization=named.get(roots[row.id], ""),
                division=row.division_code,
                division_name=row.division_name,
                kind=row.kind,
                post=row.post,
                position=row.position,
                starts_at=row.valid_from,
                ends_at=row.valid_to,
                live=row.valid_from <= now,
            )
            for row in found
        ]


def not_over(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an appointment is live or lies ahead; one that was ended before it began never holds."""
    return or_(Appointment.valid_to.is_(None), and_(Appointment.valid_to > now, Appointment.valid_to > Appointment.valid_from))


def _in_directory(now: datetime) -> ColumnElement[bool]:
    serves = select(Appointment.id).where(Appointment.official_id == Official.id, not_over(now)).exists()
    return or_(OfficialVersion.status == "active", serves)


def _people(now: datetime) -> Rows:
    return _everybody(now).where(_in_directory(now))


def _everybody(now: datetime) -> Rows:
    return select(
        Official.id,
        Official.employee_code,
        Official.name,
        Official.phone_sealed,
        Official.created_at,
        OfficialVersion.status,
        OfficialVersion.rank,
        OfficialVersion.staffing_type,
        OfficialVersion.security_label,
    ).join(OfficialVersion, and_(OfficialVersion.official_id == Official.id, live_at(OfficialVersion, now)))


def _appointments(now: datetime) -> Rows:
    """Select the places that are live or lie ahead, each person's primary one first."""
    return (
        select(
            Appointment.id,
            Appointment.official_id,
            Appointment.department_id,
            Appointment.kind,
            Appointment.post,
            Appointment.position,
            Appointment.valid_from,
            Appointment.valid_to,
            Department.uscc,
            DepartmentVersion.name.label("department_name"),
            DepartmentVersion.path,
            DepartmentVersion.division_code,
            Division.name.label("division_name"),
        )
        .join(Department, Department.id == Appointment.department_id)
        .join(DepartmentVersion, and_(DepartmentVersion.department_id == Department.id, live_at(DepartmentVersion, now)))
        .join(Division, Division.code == DepartmentVersion.division_code)
        .where(not_over(now))
        .order_by(Appointment.official_id, Appointment.kind != "primary", Appointment.id)
    )


def _serves_in(department_id: object, now: datetime) -> ColumnElement[bool]:
    serving = select(Appointment.official_id).where(Appointment.department_id == department_id, live_at(Appointment, now))
    return Official.id.in_(serving)


_LOOKUPS: Lookups = {
    (Is, "id"): lambda value, _now: Official.id == value,
    (Is, "employee_code"): lambda value, _now: Official.employee_code == searchable(value).upper(),
    (Is, "name"): lambda value, _now: Official.name == searchable(value),
    (Is, "active"): lambda value, _now: (OfficialVersion.status == "active") == value,
    (Is, "department"): _serves_in,
    (Begins, "employee_code"): lambda value, _now: Official.employee_code.startswith(searchable(value).upper(), autoescape=True),
    (Begins, "name"): lambda value, _now: Official.name.startswith(searchable(value), autoescape=True),
}
