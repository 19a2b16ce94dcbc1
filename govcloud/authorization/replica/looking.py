"""The replica's contents as one question sees them: records are read when they are asked for, and only those."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import lmdb
import msgspec

from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.deciding.facts import PolicyState
from govcloud.authorization.deciding.inputs import RETIRED, SourceError
from govcloud.authorization.replica.acting import PRIMARY, ReplicaActing, holds, kind_of
from govcloud.authorization.replica.place import Store
from govcloud.authorization.replica.records import (
    DepartmentRecord,
    FunctionRecord,
    PersonRecord,
    StandingRecord,
    decode_department,
    decode_function,
    decode_person,
    uuid_of,
)
from govcloud.authorization.subjects.snapshot import instant
from govcloud.subsystems.levels import Traits

_ACTIVE, _PUBLISHED = "active", "published"
_DAMAGE = (msgspec.MsgspecError, lmdb.Error)
#: Letters of the longest code that is asked for; the catalogue has none of more than 120.
_LONGEST = 500
_UNLISTED_DOOR = Traits()
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
        return ReplicaActing(self.department, key, person, standing, place, department, now)

    def primary(self, official_id: UUID, at: datetime) -> UUID | None:
        """Return the official's primary appointment at ``at``, if there is one."""
        person, now = self.person(official_id.bytes), instant(at)
        for place in person.places if person is not None else ():
            if holds(place, now) and kind_of(place, now) == PRIMARY and self.department(place.department, now) is not None:
                return UUID(bytes=place.id)
        return None

    def traits_of(self, function: str, at: datetime) -> Traits | None:
        """Return what a function in the catalogue is like; ``None``: there is none, or its subsystem is retired."""
        found = self._function(function)
        if found is None or found.status == RETIRED:
            return None
        traits = _traits(found, instant(at))
        return traits if traits is not None else _UNLISTED_DOOR if found.is_door else None

    def traits(self, functions: Collection[str], at: datetime) -> Mapping[str, Traits]:
        """Return what functions are like, whatever the state of their subsystems; those that are not live are left out."""
        now = instant(at)
        known = ((function, self._function(function)) for function in functions)
        listed = {function: _traits(found, now) for function, found in known if found is not None}
        return {function: traits for function, traits in listed.items() if traits is not None}

    def item_for(self, function: str, at: datetime) -> UUID | None:
        """Return the item that a refusal of this function points to: the first one offered."""
        found = self._function(function)
        if found is None or found.status != _PUBLISHED:
            return None
        now = instant(at)
        return next((uuid_of(item) for since, until, item in found.items if since <= now and (until is None or now < until)), None)

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


def _traits(function: FunctionRecord, at: int) -> Traits | None:
    """Return what the version that holds at ``at`` says."""
    for since, until, label, level, sensitive in function.versions:
        if since <= at and (until is None or at < until):
            return Traits(label, level, sensitive)
    return None


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
