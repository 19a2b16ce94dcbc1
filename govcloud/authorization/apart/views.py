"""What the room of separation of duty gives out: rules, drafts, exceptions, and what a question about somebody finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

STATIC, DYNAMIC, PER_CASE = "static", "dynamic", "per_case"
KINDS = (STATIC, DYNAMIC, PER_CASE)


@dataclass(frozen=True, slots=True)
class RuleView:
    """One version of a rule; ``ended_at`` is set when another took its place or it was ended."""

    id: UUID
    code: str
    version: int
    name: str
    kind: str
    functions: tuple[str, ...]
    most: int
    liftable: bool
    reason: str
    proposed_by: str
    approved_by: str
    since: datetime
    ended_at: datetime | None

    def concerns(self, function: str) -> bool:
        """Return whether the rule is about a function."""
        return not self.functions or function in self.functions


@dataclass(frozen=True, slots=True)
class DraftView:
    """A rule as it was proposed; ``ends``: the rule is to end."""

    id: UUID
    code: str
    base_version: int
    ends: bool
    name: str
    kind: str
    functions: tuple[str, ...]
    most: int
    liftable: bool
    reason: str
    proposed_by: str
    proposed_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """An exception; ``ended_at`` is set when it was taken back before ``ends_at``."""

    id: UUID
    official_id: UUID
    rule_code: str
    functions: tuple[str, ...]
    reason: str
    given_by_official_id: UUID
    given_at: datetime
    ends_at: datetime
    ended_at: datetime | None

    def live_at(self, now: datetime) -> bool:
        """Return whether the exception holds."""
        return self.given_at <= now < self.ends_at and (self.ended_at is None or now < self.ended_at)


class FindingState(StrEnum):
    """What a rule says of somebody who asks for a function."""

    CLEAR = "clear"
    CONFLICT = "conflict"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says: ``held`` are the functions of the set that stand beside the ``asked`` one (for a case: that somebody had).

    ``exception_id`` and ``until`` (UTC) name the exception that lifts a conflict. ``names`` are what the catalogue calls the functions.
    """

    rule: RuleView
    asked: tuple[str, ...]
    held: tuple[str, ...]
    state: FindingState
    exception_id: UUID | None = None
    until: datetime | None = None
    names: Mapping[str, str] = field(default_factory=dict, compare=False)

    def named(self, functions: Iterable[str]) -> tuple[str, ...]:
        """Return functions as people read them: by name, with the code."""
        return tuple(f"{self.names[code]}（{code}）" if code in self.names else code for code in functions)


Conflict = Finding
"""A finding whose state is not ``CLEAR``."""


ROLE, DUTY, GRANT, EVERYBODY = "role", "duty", "grant", "everybody"


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which somebody holds a function; ``name`` is the code of a role that was given, or what a duty rule is called."""

    function: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Breach:
    """Somebody who holds more of a rule's set than it allows: which functions, and the exception that lifts it, if one does."""

    official_id: UUID
    functions: tuple[str, ...]
    lifted: bool


@dataclass(frozen=True, slots=True)
class RulePreview:
    """Who breaks a rule as things stand: how many were looked at, who holds too much, and how many of those an exception lifts."""

    looked_at: int
    breaches: tuple[Breach, ...]

    @property
    def broken(self) -> tuple[Breach, ...]:
        """Those whom no exception lifts."""
        return tuple(breach for breach in self.breaches if not breach.lifted)
