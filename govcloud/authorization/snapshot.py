"""What the engine knows of one subject at one moment: its attributes, and its roles with the windows in which they hold.

A snapshot is immutable and belongs to one request. No official is ever a node of Casbin's role graph: 2 M of them would cost a
gigabyte in every process. Roles are closed over inclusion beforehand, so a decision only looks one up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from types import MappingProxyType
from typing import Any
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


def is_function(text: str) -> bool:
    """Return whether ``text`` is written as a function is: ``subsystem:resource:action``, lower case."""
    return _FUNCTION.fullmatch(text) is not None


def subsystem_of(function: str) -> str:
    """Return the subsystem's code in ``subsystem:resource:action``."""
    return function.partition(":")[0]


def door_of(subsystem_code: str) -> str:
    """Return the function that stands for entering a subsystem at all."""
    return f"{subsystem_code}:door:enter"


@dataclass(frozen=True, slots=True)
class Window:
    """A role is held in ``[starts_at, ends_at)`` (instants; ``None`` is an open end), for the rows of ``scope``.

    ``department_path`` bounds delegated administration: only things below that department. ``grant_id``, ``assignment_id`` and
    ``duty_id`` name what the window comes from: a temporary grant, a role that was assigned, a duty rule. ``case_number`` is the case
    for whose sake a grant was given: it bounds nothing by itself, and rules may be about such cases (``case in my matters``).
    """

    starts_at: int
    ends_at: int | None = None
    scope: Scope = PROVINCE
    grant_id: UUID | None = None
    department_path: str | None = None
    assignment_id: UUID | None = None
    duty_id: UUID | None = None
    case_number: str | None = None

    def live(self, now: int) -> bool:
        """Return whether ``now`` lies in the half-open window; this comparison is what ends a grant."""
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, slots=True)
class AssignmentFact:
    """A role assignment that holds, or is planned to end, as the database has it."""

    role_code: str
    starts_at: datetime
    ends_at: datetime | None = None
    scope: Mapping[str, Any] | None = None
    id: UUID | None = None


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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A subject: who it is (``attributes``, read by conditions as ``subject.<name>``) and what it holds (``roles``)."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)


def windows_of_assignment(fact: AssignmentFact) -> Window:
    """Return the window of a standing role.

    Raises:
        ValueError: its scope does not hold division codes; better no decision than one on a scope that was not understood.
    """
    scope = fact.scope or {}
    path = scope.get("department_path")
    return Window(
        starts_at=instant(fact.starts_at),
        ends_at=None if fact.ends_at is None else instant(fact.ends_at),
        scope=Scope.from_json(scope),
        department_path=None if path is None else str(path),
        assignment_id=fact.id,
    )


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

    Several windows of one role stand side by side: any live one suffices and their scopes unite, so a second grant never cuts
    off the first. Closed and suspended grants give no window at all; scheduled and expired ones do, and the decision compares.

    Args:
        subject_id: names the subject in explanations.
        attributes: what conditions may read.
        assignments: standing roles.
        grants: temporary grants.
        closure: for each role, itself and everything that it includes, however deep.
        duties: roles that follow from the appointment.
    """
    held: dict[str, list[Window]] = {}
    assigned = ((assignment.role_code, windows_of_assignment(assignment)) for assignment in assignments)
    for code, window in chain(assigned, duties):
        for role in closure.get(code, frozenset((code,))):
            held.setdefault(role, []).append(window)
    for grant in grants:
        if grant.suspended or grant.closed_at is not None:
            continue
        scope = Scope.from_json(grant.scope)
        case_number = None if grant.scope is None else grant.scope.get("case_number")
        window = Window(instant(grant.starts_at), instant(grant.ends_at), scope, grant.id, case_number=case_number)
        held.setdefault(grant_role(grant.function), []).append(window)
        # Whoever may use one function of a subsystem may go through its door; which rows matter only inside.
        door = door_of(subsystem_of(grant.function))
        if door != grant.function:
            held.setdefault(grant_role(door), []).append(Window(window.starts_at, window.ends_at, PROVINCE, grant.id))
    return Snapshot(subject_id, attributes, MappingProxyType({role: tuple(windows) for role, windows in held.items()}))
