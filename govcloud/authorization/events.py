"""What authorization puts on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class PolicyInstalled(Event):
    """A policy document came into force."""

    name: ClassVar[str] = "authorization:policy:installed"

    number: int
    source: str
    checksum: str
    rules_added: int
    rules_removed: int


@dataclass(frozen=True, kw_only=True)
class RoleAssigned(Event):
    """An official was given a role."""

    name: ClassVar[str] = "authorization:role:assigned"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    assignment_id: UUID
    official_id: UUID
    appointment_id: UUID | None
    role: str
    scope: dict[str, Any] | None
    ends_at: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class RoleEnded(Event):
    """An official no longer holds a role."""

    name: ClassVar[str] = "authorization:role:ended"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    assignment_id: UUID
    official_id: UUID
    role: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RoleWithheld(Event):
    """An undone leave did not give a role back, as a rule of separation of duty keeps it apart from what the official holds by now."""

    name: ClassVar[str] = "authorization:role:withheld"

    official_id: UUID
    appointment_id: UUID | None
    role: str
    scope: dict[str, Any] | None
    rule_code: str
    rule_version: int
    functions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DutyRuleAdded(Event):
    """Whoever serves in an appointment of this description holds a role."""

    name: ClassVar[str] = "authorization:duty_rule:added"

    rule_id: UUID
    role: str
    label: str
    criteria: dict[str, Any]
    bound: bool
    starts_at: datetime
    ends_at: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class DutyRuleChanged(Event):
    """A duty rule ended and another took its place at the same moment."""

    name: ClassVar[str] = "authorization:duty_rule:changed"

    rule_id: UUID
    replaced_id: UUID
    role: str
    label: str
    criteria: dict[str, Any]
    bound: bool
    starts_at: datetime
    ends_at: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class DutyRuleEnded(Event):
    """A duty no longer gives a role, from ``ends_at`` on."""

    name: ClassVar[str] = "authorization:duty_rule:ended"

    rule_id: UUID
    role: str
    label: str
    ends_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class RoleCeilingSet(Event):
    """What administrators may give directly in a department and below is another from now on; ``roles`` of ``None``: as above it.

    ``lowered`` names the departments below whose own ceiling had to give way.
    """

    name: ClassVar[str] = "authorization:role_ceiling:set"

    department_id: UUID
    roles: list[str] | None
    lowered: list[UUID]
    reason: str


@dataclass(frozen=True, kw_only=True)
class GrantOpened(Event):
    """A temporary grant was opened; the subsystem is told."""

    name: ClassVar[str] = "authorization:grant:opened"
    outbox: ClassVar[bool] = True

    grant_id: UUID
    line_id: UUID | None
    official_id: UUID
    appointment_id: UUID | None
    subsystem_code: str
    function: str
    scope: dict[str, Any]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class GrantClosed(Event):
    """A temporary grant was ended before its time; the subsystem is told."""

    name: ClassVar[str] = "authorization:grant:closed"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})
    outbox: ClassVar[bool] = True

    grant_id: UUID
    line_id: UUID | None
    official_id: UUID
    subsystem_code: str
    function: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class GrantSuspended(Event):
    """A temporary grant rests."""

    name: ClassVar[str] = "authorization:grant:suspended"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})
    outbox: ClassVar[bool] = True

    grant_id: UUID
    official_id: UUID
    subsystem_code: str
    function: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class GrantResumed(Event):
    """A temporary grant that rested works again."""

    name: ClassVar[str] = "authorization:grant:resumed"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})
    outbox: ClassVar[bool] = True

    grant_id: UUID
    official_id: UUID
    subsystem_code: str
    function: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class DecisionLogRead(Event):
    """Somebody read the decision log; what is empty was not asked for."""

    name: ClassVar[str] = "authorization:decision_log:read"

    official_id: UUID | None
    function: str
    subsystem_code: str
    entries: int


@dataclass(frozen=True, kw_only=True)
class DecisionLogPurged(Event):
    """Decisions that were logged before ``before`` were deleted, having been kept long enough."""

    name: ClassVar[str] = "authorization:decision_log:purged"

    before: datetime
    rows: int


@dataclass(frozen=True, kw_only=True)
class WorkCalendarImported(Event):
    """A file of days came into force: of ``years`` it says everything; ``worked`` and ``off`` are the days that changed."""

    name: ClassVar[str] = "authorization:work_calendar:imported"

    years: list[int]
    worked: list[str]
    off: list[str]
    reason: str
