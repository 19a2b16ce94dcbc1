"""What the engine knows of one subject at one moment: its attributes, and its roles with the windows in which they hold.

A snapshot is immutable and belongs to one request. No official is ever a node of Casbin's role graph: 2 M of them would cost a
gigabyte in every process. Roles are closed over inclusion beforehand, so a decision only looks one up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

from govcloud.authorization.scope import PROVINCE, Scope

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FUNCTION = re.compile(r"[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*){2}")
_MICROSECOND = timedelta(microseconds=1)
#: Roles that stand for a temporary grant begin so; no role of a policy may (see ``document.py``).
GRANT_PREFIX = "grant:"


def instant(moment: datetime) -> int:
    """Return ``moment`` (aware) as whole microseconds since 1970 UTC: comparing integers is exact and cheap."""
    return (moment - _EPOCH) // _MICROSECOND


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


class Window(NamedTuple):
    """A role is held in ``[starts_at, ends_at)`` (instants; ``None`` is an open end), for the rows of ``scope``.

    ``department_path`` bounds delegated administration: only things below that department. ``grant_id``, ``assignment_id`` and
    ``duty_id`` name what the window comes from: a temporary grant, a role that was assigned, a duty rule. ``case_number`` is the case
    for whose sake a grant was given: it bounds nothing by itself, and rules may be about such cases (``case in my matters``). (A named
    tuple, because one is made for every fact that a decision looks at, and a frozen dataclass takes three times as long to make.)
    """

    starts_at: int
    ends_at: int | None = None
    scope: Scope = PROVINCE
    grant_id: UUID | None = None
    department_path: str | None = None
    assignment_id: UUID | None = None
    duty_id: UUID | None = None
    case_number: str | None = None

    @property
    def bounded(self) -> bool:
        """Say whether the role is held for some things only: below a department, or certain rows."""
        return self.department_path is not None or self.scope != PROVINCE

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
        return Window(instant(self.starts_at), ends_at, scope, department_path=path, assignment_id=self.id)


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
        return Window(instant(self.starts_at), instant(self.ends_at), Scope.from_json(self.scope), self.id, case_number=case_number)


class _Door(NamedTuple):
    """A grant, as what lets its holder in: which rows matter only inside."""

    grant: Fact

    def window(self) -> Window:
        return self.grant.window()._replace(scope=PROVINCE)


#: What ``HeldRoles`` keeps, past its own reading of it.
_kept, _keep = dict.get, dict.__setitem__


class HeldRoles(dict[str, tuple[Window, ...]]):  # noqa: PLW1641 - no dict has a hash
    """The roles that a subject holds, each with its windows: made from the facts when somebody first looks at the role.

    A decision looks at one or two roles of a dozen, so most windows are never made. Like everything in a snapshot it is not to be
    changed, and it belongs to one request.
    """

    __slots__ = ()

    def __init__(self, facts: Mapping[str, list[Fact]]) -> None:
        """Take the facts behind each role."""
        super().__init__(cast("Mapping[str, tuple[Window, ...]]", facts))

    def __getitem__(self, role: str) -> tuple[Window, ...]:
        found = self.get(role)
        if found is None:
            raise KeyError(role)
        windows: tuple[Window, ...] = found
        return windows

    def get(self, role: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict has it
        """Return the windows of ``role``, or ``default`` when it is not held."""
        found: Any = _kept(self, role)
        if type(found) is list:
            found = tuple([fact.window() for fact in found])
            _keep(self, role, found)
        return default if found is None else found

    def values(self) -> Any:  # noqa: ANN401 - a tuple serves where a view would
        """Return the windows of every role."""
        return tuple([self[role] for role in self])

    def items(self) -> Any:  # noqa: ANN401 - a tuple serves where a view would
        """Return every role with its windows."""
        return tuple([(role, self[role]) for role in self])

    def __eq__(self, other: object) -> bool:
        return dict(self.items()) == other

    def __setitem__(self, role: str, windows: object) -> None:
        raise TypeError("what a subject holds does not change within a request")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A subject: who it is (``attributes``, read by conditions as ``subject.<name>``) and what it holds (``roles``)."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)


def bounds(scope: Mapping[str, Any] | None) -> tuple[Scope, str | None]:
    """Return the rows and the department that a standing role is bounded by, as its ``scope`` says.

    Raises:
        ValueError: it cannot be read.
    """
    if not scope:
        return PROVINCE, None
    path = scope.get("department_path")
    return Scope.from_json(scope), None if path is None else str(path)


def held_roles(
    assigned: Iterable[tuple[str, Fact]], granted: Iterable[tuple[str, Fact]], closure: Mapping[str, frozenset[str]]
) -> HeldRoles:
    """Return what a subject holds by its facts.

    Several windows of one role stand side by side: any live one suffices and their scopes unite, so a second grant never cuts
    off the first.

    Args:
        assigned: roles with what gives them; what a role includes is held with it.
        granted: functions with the temporary grants of them that are neither closed nor at rest.
        closure: for each role, itself and everything that it includes, however deep.
    """
    held: dict[str, list[Fact]] = {}
    for code, fact in assigned:
        for role in closure.get(code) or (code,):
            if role in held:
                held[role].append(fact)
            else:
                held[role] = [fact]
    for function, fact in granted:
        own, door = _roles_of_grant(function)
        held.setdefault(own, []).append(fact)
        # Whoever may use one function of a subsystem may go through its door.
        if door is not None:
            held.setdefault(door, []).append(_Door(fact))
    return HeldRoles(held)


@lru_cache(maxsize=65_536)
def _roles_of_grant(function: str) -> tuple[str, str | None]:
    """Return the role of a grant of ``function``, and that of the door of its subsystem where that is another."""
    door = door_of(subsystem_of(function))
    return grant_role(function), None if door == function else grant_role(door)


def take_snapshot(
    subject_id: str,
    attributes: Mapping[str, Any],
    assignments: Iterable[AssignmentFact],
    grants: Iterable[GrantFact],
    closure: Mapping[str, frozenset[str]],
    *,
    duties: Iterable[tuple[str, Window]] = (),
) -> Snapshot:
    """Bring a subject's facts into the form that decisions read.

    Closed and suspended grants give no window at all; scheduled and expired ones do, and the decision compares.

    Args:
        subject_id: names the subject in explanations.
        attributes: what conditions may read.
        assignments: standing roles.
        grants: temporary grants.
        closure: for each role, itself and everything that it includes, however deep.
        duties: roles that follow from the appointment.
    """
    assigned: list[tuple[str, Fact]] = [(fact.role_code, fact) for fact in assignments]
    assigned += duties
    granted: list[tuple[str, Fact]] = [(grant.function, grant) for grant in grants if not grant.suspended and grant.closed_at is None]
    return Snapshot(subject_id, attributes, held_roles(assigned, granted, closure))
