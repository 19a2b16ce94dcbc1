"""The replica's contents as one question sees them: records are read when they are asked for, and only those."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import lmdb
import msgspec

from govcloud.authorization.decisions import Reason
from govcloud.authorization.duties import CompiledDuties
from govcloud.authorization.facts import PolicyState
from govcloud.authorization.inputs import RETIRED, SourceError
from govcloud.authorization.policy import CompiledPolicy
from govcloud.authorization.replica.place import Store
from govcloud.authorization.replica.records import (
    DepartmentRecord,
    FunctionRecord,
    PersonRecord,
    PlaceRecord,
    StandingRecord,
    decode_department,
    decode_function,
    decode_person,
)
from govcloud.authorization.snapshot import Fact, GrantFact, Snapshot, held_roles, instant, moment
from govcloud.authorization.subjects import EVERY_OFFICIAL, SINCE_EVER

_ACTIVE, _PUBLISHED = "active", "published"
_PRIMARY, _CONCURRENT = "primary", "concurrent"
_DAMAGE = (msgspec.MsgspecError, lmdb.Error)
#: Letters of the longest code that is asked for; the catalogue has none of more than 120.
_LONGEST = 500
#: Departments, and functions, that a worker keeps as it read them: some 20 MB at most.
_MOST_KEPT = 32_768
RecordT = TypeVar("RecordT", StandingRecord, DepartmentRecord)


class Kept(dict[Any, Any]):
    """What was read of a small table since the change ``since``, which is the last that wrote into it; it holds until there is another."""

    __slots__ = ("since",)

    def __init__(self, since: int) -> None:
        """Start with nothing."""
        super().__init__()
        self.since = since


class Seen(NamedTuple):
    """What the head says: the state, and what is known already of departments and functions as they then are."""

    state: PolicyState
    departments: Kept
    functions: Kept


class ReplicaLook:
    """The replica's contents at one moment, held open for one question; used by one thread."""

    __slots__ = ("_departments", "_functions", "_store", "_txn", "state")

    def __init__(self, txn: lmdb.Transaction[memoryview], store: Store, seen: Seen) -> None:
        """Take an open read transaction, and what its head says."""
        self._txn = txn
        self._store = store
        self.state, self._departments, self._functions = seen

    def close(self) -> None:
        """End the transaction, so that its pages can be used again."""
        self._txn.abort()

    def acting(self, official_id: UUID | None, appointment_id: UUID | None, at: datetime) -> ReplicaActing | Reason:
        """Return who the subject is at ``at``: an active official, under a live appointment of that official if one is named."""
        place_id = None if appointment_id is None else appointment_id.bytes
        key = official_id.bytes if official_id is not None else self._owner(place_id)
        person = None if key is None else self.person(key)
        if person is None:
            return Reason.UNKNOWN_SUBJECT
        now = instant(at)
        standing = _at(person.standings, now)
        if standing is None:
            return Reason.UNKNOWN_SUBJECT
        place = department = None
        if place_id is not None:
            for item in person.places:
                if item.id == place_id and item.since <= now and (item.until is None or now < item.until):
                    place = item
                    department = self.department(item.department, now)
                    break
            if department is None:
                return Reason.UNKNOWN_SUBJECT
        if standing.status != _ACTIVE:
            return Reason.SUBJECT_INACTIVE
        return ReplicaActing(self, key, person, standing, place, department, now)

    def primary(self, official_id: UUID, at: datetime) -> UUID | None:
        """Return the official's primary appointment at ``at``, if there is one."""
        person, now = self.person(official_id.bytes), instant(at)
        for place in person.places if person is not None else ():
            if _holds(place, now) and _kind(place, now) == _PRIMARY and self.department(place.department, now) is not None:
                return UUID(bytes=place.id)
        return None

    def label_of(self, function: str, at: datetime) -> int | None:
        """Return the security label of a function in the catalogue; ``None``: there is none, or its subsystem is retired."""
        found = self._function(function)
        if found is None or found.status == RETIRED:
            return None
        now = instant(at)
        for since, until, label in found.versions:
            if since <= now and (until is None or now < until):
                return label
        return 0 if found.is_door else None

    def item_for(self, function: str, at: datetime) -> UUID | None:
        """Return the item that a refusal of this function points to: the first one offered."""
        found = self._function(function)
        if found is None or found.status != _PUBLISHED:
            return None
        now = instant(at)
        return next((UUID(bytes=item) for since, until, item in found.items if since <= now and (until is None or now < until)), None)

    def person(self, key: bytes) -> PersonRecord | None:
        """Return all that is known of an official.

        Raises:
            SourceError: it cannot be read.
        """
        try:
            value = self._txn.get(key, db=self._store.people)
            return None if value is None else decode_person(value)
        except _DAMAGE as error:
            raise SourceError(str(error)) from error

    def department(self, key: bytes, at: int) -> DepartmentRecord | None:
        """Return where a department stands at ``at``.

        Raises:
            SourceError: it cannot be read.
        """
        versions = self._departments.get(key)
        if versions is None:
            try:
                value = self._txn.get(key, db=self._store.departments)
                versions = () if value is None else decode_department(value)
            except _DAMAGE as error:
                raise SourceError(str(error)) from error
            _keep(self._departments, key, versions)
        return _at(versions, at)

    def _owner(self, place_id: bytes | None) -> bytes | None:
        """Return whose appointment it is."""
        try:
            value = None if place_id is None else self._txn.get(place_id, db=self._store.places)
        except _DAMAGE as error:
            raise SourceError(str(error)) from error
        return None if value is None else bytes(value)

    def _function(self, code: str) -> FunctionRecord | None:
        found: FunctionRecord | None = self._functions.get(code)
        if found is not None or len(code) > _LONGEST:
            return found
        try:
            value = self._txn.get(code.encode(), db=self._store.functions)
            found = None if value is None else decode_function(value)
        except _DAMAGE as error:
            raise SourceError(str(error)) from error
        if found is not None:
            _keep(self._functions, code, found)
        return found


def _at(records: Sequence[RecordT], at: int) -> RecordT | None:
    """Return the record of a fact that holds at ``at``."""
    for record in records:
        if record.since <= at and (record.until is None or at < record.until):
            return record
    return None


def _keep(kept: Kept, key: object, value: object) -> None:
    """Keep what was read; there is an end to how much."""
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = value


class ReplicaActing:
    """An active official at one moment, and what duty rules read of the appointment (``Serving``)."""

    __slots__ = ("_department", "_look", "_now", "_official", "_person", "_place", "in_place", "standing")

    def __init__(  # noqa: PLR0917 - called once, above, a million times a minute
        self,
        look: ReplicaLook,
        official: Any,  # noqa: ANN401 - sixteen bytes
        person: PersonRecord,
        standing: StandingRecord,
        place: PlaceRecord | None,
        department: DepartmentRecord | None,
        now: int,
    ) -> None:
        """Take what was read."""
        self._look = look
        self._official = official
        self._person = person
        self.standing = standing
        self._place = place
        self.in_place = place is not None
        self._department = department
        self._now = now

    # What duty rules read (``Serving``); only of somebody in an appointment

    @property
    def position(self) -> str:
        """Return the kind of position."""
        return self.place.position

    @property
    def post(self) -> str:
        """Return the post's title."""
        return self.place.post

    @property
    def rank(self) -> str:
        """Return the person's rank."""
        return self.standing.rank

    @property
    def kind(self) -> str:
        """Return what kind of appointment it is now."""
        return _kind(self.place, self._now)

    @property
    def level(self) -> str:
        """Return the department's level."""
        return self.department.level

    @property
    def business_lines(self) -> tuple[str, ...]:
        """Return the department's business lines."""
        return self.department.lines

    @property
    def division(self) -> str:
        """Return the department's division."""
        return self.department.division

    @property
    def department_path(self) -> str:
        """Return the department's path."""
        return self.department.path

    @property
    def starts_at(self) -> datetime:
        """Return when the appointment begins."""
        return moment(self.place.since)

    @property
    def ends_at(self) -> datetime | None:
        """Return when the appointment ends; of nobody's appointment, never."""
        place = self._place
        return None if place is None or place.until is None else moment(place.until)

    @property
    def place(self) -> PlaceRecord:
        """Return the appointment that is acted under."""
        assert self._place is not None  # noqa: S101 - asked only of somebody in an appointment
        return self._place

    @property
    def department(self) -> DepartmentRecord:
        """Return the department of that appointment."""
        assert self._department is not None  # noqa: S101 - the same
        return self._department

    # What decisions ask for

    def snapshot(self, policy: CompiledPolicy, duties: CompiledDuties) -> Snapshot:
        """Bring the facts together that hold now, or will; their windows are made when the engine looks at a role."""
        now, person, place = self._now, self._person, self._place
        under = None if place is None else place.id
        assigned: list[tuple[str, Fact]] = [
            (role.role, role)
            for role in person.roles
            if (role.place is None or role.place == under) and role.since <= now and (role.until is None or now < role.until)
        ]
        assigned.append((EVERY_OFFICIAL, SINCE_EVER))
        if place is not None:
            assigned += duties.facts(self)
        granted: list[tuple[str, Fact]] = [
            (grant.function, grant)
            for grant in person.grants
            if (grant.place is None or grant.place == under)
            and now < grant.ends
            and grant.opened <= now
            and (grant.closed is None or now < grant.closed)
            and not (grant.rests and grant.rests_at(now))
        ]
        attributes = Attributes(self, self._everywhere() if policy.asks_everywhere else None)
        return Snapshot("official", attributes, held_roles(assigned, granted, policy.closure))

    def last_grant(self, function: str) -> GrantFact | None:
        """Return the newest grant of ``function``, closed or not."""
        under = None if self._place is None else self._place.id
        mine = [
            grant
            for grant in self._person.grants
            if grant.function == function and grant.opened <= self._now and (grant.place is None or grant.place == under)
        ]
        return max(mine, key=lambda grant: (grant.opened, grant.id)).fact(self._now) if mine else None

    def _everywhere(self) -> list[tuple[DepartmentRecord, PlaceRecord]]:
        """Return every live appointment with its department, the primary one first."""
        now = self._now
        found = [(self._look.department(place.department, now), place) for place in self._person.places if _holds(place, now)]
        known = [(department, place) for department, place in found if department is not None]
        return sorted(known, key=lambda pair: (_kind(pair[1], now) != _PRIMARY, pair[1].id))

    @property
    def official_id(self) -> str:
        """Return the official's id as conditions read it."""
        return str(UUID(bytes=bytes(self._official)))

    @property
    def appointment_id(self) -> str:
        """Return the appointment's id as conditions read it."""
        return str(UUID(bytes=self.place.id))


class Attributes(Mapping[str, Any]):
    """What conditions may read of an official (``subject.<name>``), each made when it is read: most are not."""

    __slots__ = ("_acting", "_everywhere")

    def __init__(self, acting: ReplicaActing, everywhere: list[tuple[DepartmentRecord, PlaceRecord]] | None) -> None:
        """Take the official, and every live appointment when the policy asks about all of them."""
        self._acting = acting
        self._everywhere = everywhere

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as Mapping has it
        """Return an attribute, or ``default`` when the official has none of that name."""
        reads = _OF_PLACE.get(name)
        if reads is not None and self._acting.in_place:
            return reads(self._acting)
        reads = _OF_PERSON.get(name)
        if reads is not None:
            return reads(self._acting)
        if self._everywhere is not None:
            if name == "all_department_ids":
                return tuple(department.id for department, _ in self._everywhere)
            if name == "all_positions":
                return tuple(place.position for _, place in self._everywhere)
        return default

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - as Mapping has it
        if name not in self._names():
            raise KeyError(name)
        return self.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> tuple[str, ...]:
        place = tuple(_OF_PLACE) if self._acting.in_place else ()
        return (*_OF_PERSON, *place, *(() if self._everywhere is None else ("all_department_ids", "all_positions")))


_OF_PERSON: Mapping[str, Callable[[ReplicaActing], Any]] = {
    "kind": lambda _acting: "official",
    "active_appointment": lambda acting: acting.in_place,
    "official_id": lambda acting: acting.official_id,
}
_OF_PLACE: Mapping[str, Callable[[ReplicaActing], Any]] = {
    "appointment_id": lambda acting: acting.appointment_id,
    "department_id": lambda acting: acting.department.id,
    "department_path": lambda acting: acting.department.path,
    "division": lambda acting: acting.department.division,
    "business_lines": lambda acting: acting.department.lines,
    "level": lambda acting: acting.department.level,
    "rank": lambda acting: acting.standing.rank,
    "post": lambda acting: acting.place.post,
    "position": lambda acting: acting.place.position,
    "appointment_kind": lambda acting: acting.kind,
    "label": lambda acting: acting.standing.label,
}


def _holds(place: PlaceRecord, at: int) -> bool:
    return place.since <= at and (place.until is None or at < place.until)


def _kind(place: PlaceRecord, at: int) -> str:
    """Return what kind an appointment is of at ``at``: one that is handed over is beside another."""
    return _CONCURRENT if place.handover is not None and place.handover <= at else place.kind
