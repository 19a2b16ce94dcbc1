"""What separation of duty puts on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class SodRuleProposed(Event):
    """Somebody proposed a rule of separation of duty, a change of one, or its end; a second person has to approve it."""

    name: ClassVar[str] = "authorization:sod_rule:proposed"

    draft_id: UUID
    code: str
    base_version: int
    ends: bool
    kind: str
    functions: tuple[str, ...]
    most: int
    liftable: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class SodRuleDropped(Event):
    """A proposed rule was thrown away."""

    name: ClassVar[str] = "authorization:sod_rule:dropped"

    draft_id: UUID
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SodRuleSet(Event):
    """A second person put a version of a rule in force; `breaking` counts who broke it at that moment without an exception."""

    name: ClassVar[str] = "authorization:sod_rule:set"

    draft_id: UUID
    code: str
    version: int
    kind: str
    functions: tuple[str, ...]
    most: int
    liftable: bool
    breaking: int
    comment: str


@dataclass(frozen=True, kw_only=True)
class SodRuleEnded(Event):
    """A second person ended a rule."""

    name: ClassVar[str] = "authorization:sod_rule:ended"

    draft_id: UUID
    code: str
    version: int
    comment: str


@dataclass(frozen=True, kw_only=True)
class SodExceptionGiven(Event):
    """Somebody of another department let an official hold functions together that a rule keeps apart, for a while."""

    name: ClassVar[str] = "authorization:sod_exception:given"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    exception_id: UUID
    official_id: UUID
    rule_code: str
    rule_version: int
    functions: tuple[str, ...]
    ends_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class SodExceptionEnded(Event):
    """An exception was taken back before its time; `grants` are the temporary grants that rested on it and ended with it."""

    name: ClassVar[str] = "authorization:sod_exception:ended"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    exception_id: UUID
    official_id: UUID
    rule_code: str
    grants: tuple[UUID, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class SodViolationFound(Event):
    """The nightly look found that an official holds more of a rule's set than it allows, without an exception."""

    name: ClassVar[str] = "authorization:sod_violation:found"

    official_id: UUID
    rule_code: str
    rule_version: int
    functions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SodViolationGone(Event):
    """The nightly look found a violation no more."""

    name: ClassVar[str] = "authorization:sod_violation:gone"

    official_id: UUID
    rule_code: str
