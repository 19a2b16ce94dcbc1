"""How the replica writes its facts down: positional MessagePack, typed, and checked by msgspec when it is read.

Moments are instants (microseconds since 1970, UTC), ids are their sixteen bytes, scopes are JSON texts. Everything that begins or
ends by itself carries its window, which the decision compares: nothing here has to be rewritten because time passes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID, SafeUUID

import msgspec

from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.authorization.subjects.snapshot import Giver, GrantFact, Window, bounds, grace_of, moment

#: Raised whenever a record comes to mean something else without changing its shape.
FORMAT = 1
_set = object.__setattr__
_SCOPES = 65_536


class StandingRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An official's standing in ``[since, until)``."""

    status: str
    rank: str
    label: int
    since: int
    until: int | None


class PlaceRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An appointment; from ``handover`` on it is held only to hand over."""

    id: bytes
    department: bytes
    kind: str
    post: str
    position: str
    since: int
    until: int | None
    handover: int | None


class RoleRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A role that was assigned, to the person (``place`` is ``None``) or under one appointment."""

    role: str
    place: bytes | None
    since: int
    until: int | None
    scope: str | None
    id: bytes

    def window(self) -> Window:
        """Return the window in which the role is held.

        Raises:
            ValueError: its scope cannot be read.
        """
        scope, path = _bounds(self.scope)
        return Window(self.since, self.until, scope, path, None, Giver.ASSIGNMENT, self.id)


class GrantRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A temporary grant: opened and closed in ``[opened, closed)``, for the term ``[starts, ends)``, at rest in ``rests``."""

    function: str
    place: bytes | None
    opened: int
    closed: int | None
    starts: int
    ends: int
    scope: str | None
    id: bytes
    rests: tuple[tuple[int, int | None], ...]

    def window(self) -> Window:
        """Return the window of the term.

        Raises:
            ValueError: its scope cannot be read.
        """
        scope, case_number, _grace = _grant_scope(self.scope)
        return Window(self.starts, self.ends, scope, None, case_number, Giver.GRANT, self.id)

    @property
    def grace(self) -> int:
        """Return for how long (microseconds) after its end work in progress may be finished."""
        return 0 if self.scope is None else _grant_scope(self.scope)[2]

    def rests_at(self, at: int) -> bool:
        """Return whether the grant is suspended at ``at``."""
        return bool(self.rests) and live(self.rests, at)

    def fact(self, at: int) -> GrantFact:
        """Return the grant as the database would give it at ``at``."""
        return GrantFact(
            UUID(bytes=self.id),
            self.function,
            moment(self.starts),
            moment(self.ends),
            None if self.scope is None else json.loads(self.scope),
            moment(self.closed) if self.closed is not None and self.closed <= at else None,
            self.rests_at(at),
        )


class PersonRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """All that decisions read of one official, whatever appointment is acted under."""

    standings: tuple[StandingRecord, ...] = ()
    places: tuple[PlaceRecord, ...] = ()
    roles: tuple[RoleRecord, ...] = ()
    grants: tuple[GrantRecord, ...] = ()


class DepartmentRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where a department stands in ``[since, until)``; apart from people, so that moving one rewrites no person."""

    id: str
    path: str
    division: str
    level: str
    lines: tuple[str, ...]
    since: int
    until: int | None


class FunctionRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A function of the catalogue: the state of its subsystem, its versions (label, integration level, care), and its items.

    The door of a subsystem is always there, whether or not it is listed. Items come in the order in which they are offered.
    """

    status: str
    is_door: bool
    versions: tuple[tuple[int, int | None, int, int, bool], ...]
    items: tuple[tuple[int, int | None, bytes], ...]


Departments = tuple[DepartmentRecord, ...]
_RECORDS = (StandingRecord, PlaceRecord, RoleRecord, GrantRecord, PersonRecord, DepartmentRecord, FunctionRecord)

encode = msgspec.msgpack.Encoder().encode
decode_person = msgspec.msgpack.Decoder(PersonRecord).decode
decode_department = msgspec.msgpack.Decoder(Departments).decode
decode_function = msgspec.msgpack.Decoder(FunctionRecord).decode


@lru_cache(1)
def fingerprint(head: str) -> str:
    """Return what tells this way of writing records, and a head of that layout, from every other, as 64 hexadecimal digits."""
    shapes = [(record.__name__, [(field.name, str(field.type)) for field in msgspec.structs.fields(record)]) for record in _RECORDS]
    return hashlib.sha256(repr((FORMAT, head, shapes)).encode()).hexdigest()


def uuid_of(id_bytes: bytes) -> UUID:
    """Return the UUID of sixteen bytes, without what ``UUID`` does to find out which of its six forms it was given."""
    made = object.__new__(UUID)
    _set(made, "int", int.from_bytes(id_bytes, "big"))
    _set(made, "is_safe", SafeUUID.unknown)
    return made


def scope_text(scope: Mapping[str, Any] | None) -> str | None:
    """Return a scope as its record has it; equal scopes are equal texts."""
    return None if scope is None else json.dumps(scope, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def live(windows: Iterable[tuple[int, int | None]], at: int) -> bool:
    """Return whether ``at`` lies in one of the half-open windows."""
    return any(since <= at and (until is None or at < until) for since, until in windows)


@lru_cache(_SCOPES)
def _grant_scope(text: str | None) -> tuple[Scope, str | None, int]:
    """Return the rows of a grant, the case that it was given for, and how long after its end work may be finished."""
    if text is None:
        return PROVINCE, None, 0
    scope = json.loads(text)
    return Scope.from_json(scope), scope.get("case_number"), grace_of(scope)


@lru_cache(_SCOPES)
def _bounds(text: str | None) -> tuple[Scope, str | None]:
    return bounds(None if text is None else json.loads(text))
