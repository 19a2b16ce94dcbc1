"""What the engine knows of one subject at one moment: its attributes, and its roles with the windows in which they hold.

A snapshot is immutable and belongs to one request. No official is ever a node of Casbin's role graph: 2 M of them would cost a
gigabyte in every process. Roles are closed over inclusion beforehand, so a decision only looks one up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

import msgspec

from govcloud.authorization.scopes.scope import PROVINCE, Scope

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FUNCTION = re.compile(r"[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*){2}")
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000
MOST_GRACE = timedelta(minutes=30)
"""The longest that work in progress may be finished after a grant has ended."""
GRACE = "grace_minutes"
"""Under this key the scope of a grant says how long, where it may be finished at all."""
#: Roles that stand for a temporary grant begin so; no role of a policy may (see ``document.py``).
GRANT_PREFIX = "grant:"


def instant(moment: datetime) -> int:
    """Return ``moment`` (aware) as whole microseconds since 1970 UTC: comparing integers is exact and cheap."""
    global _newest  # noqa: PLW0603 - a decision asks for its one moment again and again; a pair is replaced as a whole, so any thread may
    known, value = _newest
    if known is not moment:
        value = (moment - _EPOCH) // _MICROSECOND
        _newest = (moment, value)
    return value


_newest: tuple[datetime, int] = (_EPOCH, 0)


def moment(value: int) -> datetime:
    """Return the datetime of an ``instant``."""
    return _EPOCH + timedelta(microseconds=value)


def grant_role(function: str) -> str:
    """Return the role that a temporary grant of ``function`` gives."""
    return GRANT_PREFIX + function


@lru_cache(65_536)
def is_function(text: str) -> bool:
    """Return whether ``text`` is written as a function is: ``subsystem:resource:action``, lower case."""
    return _FUNCTION.fullmatch(text) is not None


def subsystem_of(function: str) -> str:
    """Return the subsystem's code in ``subsystem:resource:action``."""
    return function.partition(":")[0]


def door_of(subsystem_code: str) -> str:
    """Return the function that stands for entering a subsystem at all."""
    return f"{subsystem_code}:door:enter"


def is_door(function: str) -> bool:
    """Return whether a function stands for entering its subsystem."""
    return function.endswith(":door:enter")


class Giver(Enum):
    """What a window comes from: a temporary grant, a role that was assigned, a duty rule."""

    GRANT = "grant"
    ASSIGNMENT = "assignment"
    DUTY = "duty"


class Window(msgspec.Struct, frozen=True, gc=False):
    """A role is held in ``[starts_at, ends_at)`` (instants; ``None`` is an open end), for the rows of ``scope``.

    ``department_path`` bounds delegated administration: only things below that department. ``case_number`` is the case for whose sake a
    grant was given: it bounds nothing by itself, and rules may be about such cases (``case in my matters``). ``giver`` and ``giver_id``
    name what the window comes from, by its UUID or the sixteen bytes of it: few questions want to know, and none pays for the others.
    ``finishing`` says that a grant has ended and only work in progress may be finished.
    (A struct, because windows are made for every decision, and a frozen dataclass takes ten times as long to make.)
    """

    starts_at: int
    ends_at: int | None = None
    scope: Scope = PROVINCE
    department_path: str | None = None
    case_number: str | None = None
    giver: Giver | None = None
    giver_id: UUID | bytes | None = None
    finishing: bool = False

    @property
    def grant_id(self) -> UUID | None:
        """Return the temporary grant that the window comes from, if it is one."""
        return self._given_by(Giver.GRANT)

    @property
    def assignment_id(self) -> UUID | None:
        """Return the assigned role that the window comes from, if it is one."""
        return self._given_by(Giver.ASSIGNMENT)

    @property
    def duty_id(self) -> UUID | None:
        """Return the duty rule that the window comes from, if it is one."""
        return self._given_by(Giver.DUTY)

    def _given_by(self, giver: Giver) -> UUID | None:
        found = self.giver_id
        if self.giver is not giver or found is None:
            return None
        return UUID(bytes=found) if isinstance(found, bytes) else found

    @property
    def bounded(self) -> bool:
        """Say whether the role is held for some things only: below a department, or certain rows."""
        return self.department_path is not None or not self.scope.whole

    def live(self, now: int) -> bool:
        """Return whether ``now`` lies in the half-open window; this comparison is what ends a grant."""
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)

    def window(self) -> Window:
        """Return the window itself: it stands where a fact may."""
        return self


class Fact(Protocol):
    """Something that gives a role for a while."""

    def window(self) -> Window:
        """Return when, and for which rows.

        Raises:
            ValueError: its scope cannot be read; better no decision than one on a scope that was not understood.
        """
        ...


@dataclass(frozen=True, slots=True)
class AssignmentFact:
    """A role assignment that holds, or is planned to end, as the database has it."""

    role_code: str
    starts_at: datetime
    ends_at: datetime | None = None
    scope: Mapping[str, Any] | None = None
    id: UUID | None = None

    def window(self) -> Window:
        """Return the window of a standing role.

        Raises:
            ValueError: its scope cannot be read.
        """
        scope, path = bounds(self.scope)
        ends_at = None if self.ends_at is None else instant(self.ends_at)
        return Window(instant(self.starts_at), ends_at, scope, path, None, Giver.ASSIGNMENT, self.id)


@dataclass(frozen=True, slots=True)
class GrantFact:
    """A temporary grant that has not been closed, as the database has it; ``scope`` may also name the case that it was given for."""

    id: UUID
    function: str
    starts_at: datetime
    ends_at: datetime
    scope: Mapping[str, Any] | None = None
    closed_at: datetime | None = None
    suspended: bool = False

    def window(self) -> Window:
        """Return the window of a grant that is neither closed nor at rest.

        Raises:
            ValueError: its scope cannot be read.
        """
        case_number = None if self.scope is None else self.scope.get("case_number")
        starts_at, ends_at = instant(self.starts_at), instant(self.ends_at)
        return Window(starts_at, ends_at, Scope.from_json(self.scope), None, case_number, Giver.GRANT, self.id)

    @property
    def grace(self) -> int:
        """Return for how long (microseconds) after its end work in progress may be finished."""
        return grace_of(self.scope)


class Snapshot(msgspec.Struct, frozen=True):
    """A subject: who it is (``attributes``, read by conditions as ``subject.<name>``) and what it holds (``roles``)."""

    id: str
    attributes: Mapping[str, Any] = msgspec.field(default_factory=dict)
    roles: Mapping[str, tuple[Window, ...]] = msgspec.field(default_factory=dict)


def grace_of(scope: Mapping[str, Any] | None) -> int:
    """Return for how long (microseconds) work in progress may be finished after the end of a grant with this ``scope``."""
    minutes = scope.get(GRACE) if scope else None
    return minutes * _MINUTE if isinstance(minutes, int) and minutes > 0 else 0


def bounds(scope: Mapping[str, Any] | None) -> tuple[Scope, str | None]:
    """Return the rows and the department that a standing role is bounded by, as its ``scope`` says.

    Raises:
        ValueError: it cannot be read.
    """
    if not scope:
        return PROVINCE, None
    path = scope.get("department_path")
    return Scope.from_json(scope), None if path is None else str(path)
