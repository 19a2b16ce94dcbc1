"""Events of deciding: a word among several, lines sent back and handed in again, comments, and authority that was lent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class LineEndorsed(Event):
    """Somebody said yes to a line that more people have to agree to; `given` of `needed` at step `step`."""

    name: ClassVar[str] = "access:line:endorsed"
    personal: ClassVar[frozenset[str]] = frozenset({"comment"})

    decision_id: UUID
    principal_id: UUID
    step: int
    given: int
    needed: int
    scope: dict[str, Any]
    days: int
    evidence_hash: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class LineReturned(Event):
    """An approver sent a line back for correction, with what is missing; its clock stops."""

    name: ClassVar[str] = "access:line:returned"
    personal: ClassVar[frozenset[str]] = frozenset({"missing"})

    round: int
    missing: str


@dataclass(frozen=True, kw_only=True)
class LineResubmitted(Event):
    """The requester corrected a line and put it up for decision again; what was approved before no longer counts."""

    name: ClassVar[str] = "access:line:resubmitted"
    personal: ClassVar[frozenset[str]] = frozenset({"reason", "case_number"})

    round: int
    item_version: int
    scope: dict[str, Any]
    days: int
    due_at: datetime
    reason: str
    case_number: str | None


@dataclass(frozen=True, kw_only=True)
class LineCommented(Event):
    """Somebody concerned wrote a comment on a line."""

    name: ClassVar[str] = "access:line:commented"
    personal: ClassVar[frozenset[str]] = frozenset({"text"})

    comment_id: UUID
    text: str


@dataclass(frozen=True, kw_only=True)
class AuthorityDelegated(Event):
    """Somebody who decides let another decide in their right for a while; they keep it themselves."""

    name: ClassVar[str] = "access:authority:delegated"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    delegation_id: UUID
    delegator_id: UUID
    delegate_id: UUID
    starts_at: datetime
    ends_at: datetime
    out_of_office: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class DelegationEnded(Event):
    """A delegation ended before its time: taken back, given back, or one of the two left office."""

    name: ClassVar[str] = "access:authority:returned"

    delegation_id: UUID
    delegator_id: UUID
    delegate_id: UUID
