"""What happened in access; every event carries the request's id as its chain, so that one request reads as one story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class RequestSubmitted(Event):
    """Somebody asked for temporary access."""

    name: ClassVar[str] = "access:request:submitted"
    personal: ClassVar[frozenset[str]] = frozenset({"reason", "case_number"})

    number: str
    line_id: UUID
    beneficiary_official_id: UUID
    beneficiary_appointment_id: UUID
    item_id: UUID
    item_version: int
    function: str
    scope: dict[str, Any]
    days: int
    due_at: datetime
    reason: str
    case_number: str | None


@dataclass(frozen=True, kw_only=True)
class LineApproved(Event):
    """A senior administrator said yes, perhaps to less than was asked."""

    name: ClassVar[str] = "access:line:approved"
    personal: ClassVar[frozenset[str]] = frozenset({"comment"})

    decision_id: UUID
    scope: dict[str, Any]
    days: int
    evidence_hash: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class LineRejected(Event):
    """A senior administrator said no."""

    name: ClassVar[str] = "access:line:rejected"
    personal: ClassVar[frozenset[str]] = frozenset({"comment"})

    decision_id: UUID
    reason_code: str
    evidence_hash: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class LineWithdrawn(Event):
    """The requester or the beneficiary took the line back."""

    name: ClassVar[str] = "access:line:withdrawn"


@dataclass(frozen=True, kw_only=True)
class LineLapsed(Event):
    """Nobody decided in time; this stands against the department that held the line."""

    name: ClassVar[str] = "access:line:lapsed"

    owner_department_id: UUID
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class GrantRevoked(Event):
    """The owning department, a department above it or the security administrator ended a grant before its time."""

    name: ClassVar[str] = "access:grant:revoked"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    grant_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class GrantRelinquished(Event):
    """The holder gave a grant back before its time."""

    name: ClassVar[str] = "access:grant:relinquished"

    grant_id: UUID


@dataclass(frozen=True, kw_only=True)
class OpeningGivenUp(Event):
    """Lines that were approved will not open, as another line of the request, which was to open as a whole, was refused or lapsed."""

    name: ClassVar[str] = "access:request:not_opened"

    line_ids: tuple[UUID, ...]
    requester_official_id: UUID
    beneficiary_official_id: UUID


@dataclass(frozen=True, kw_only=True)
class RevocationOrdered(Event):
    """Somebody who answers for them ordered that many grants end: of a person, a subsystem, a matter, or the people of a department."""

    name: ClassVar[str] = "access:revocation:ordered"
    personal: ClassVar[frozenset[str]] = frozenset({"reason", "label"})

    revocation_id: UUID
    kind: str
    target: str
    label: str
    grants: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class RevocationDone(Event):
    """All grants of such an order have ended; ``grants`` is how many it ended itself."""

    name: ClassVar[str] = "access:revocation:done"

    revocation_id: UUID
    grants: int
