"""What goes into and comes out of the commands of access: plain records without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from govcloud.access.lifecycle import LineState
from govcloud.authorization.scope import PROVINCE, Scope

REASON_MOST = 1000
COMMENT_MOST = 500
CASE_NUMBER_MOST = 60


class RejectReason(StrEnum):
    """Why an approver says no: a fixed list, so that refusals can be counted; the comment says the rest."""

    NOT_NEEDED = "not_needed"
    TOO_BROAD = "too_broad"
    WRONG_ITEM = "wrong_item"
    INSUFFICIENT_REASON = "insufficient_reason"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    OTHER = "other"


@dataclass(frozen=True)
class NewRequest:
    """What somebody asks for.

    ``days`` counts full days of 24 hours from the approval. ``scope`` is which rows (the whole province by default; pages
    suggest less). Without a beneficiary the requester asks for themselves, under the appointment in which they act.
    """

    item_id: UUID
    reason: str
    days: int
    scope: Scope = PROVINCE
    case_number: str | None = None
    matter_id: UUID | None = None
    beneficiary_appointment_id: UUID | None = None


@dataclass(frozen=True)
class Submitted:
    """A request that now waits."""

    request_id: UUID
    number: str
    line_id: UUID
    due_at: datetime


@dataclass(frozen=True)
class Decided:
    """What a decision led to; ``replayed`` says that exactly this decision already stood.

    A line that is approved and has no grant is held back: its request opens as a whole, and not every line is approved yet.
    """

    line_id: UUID
    state: LineState
    version: int
    decision_id: UUID
    evidence_hash: str
    at: datetime
    grant_id: UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    replayed: bool = False


@dataclass(frozen=True)
class Withdrawn:
    """A line that its requester took back."""

    line_id: UUID
    version: int
    at: datetime
    replayed: bool = False


@dataclass(frozen=True)
class Closed:
    """A grant that has been ended; ``replayed`` says that it had been closed before."""

    grant_id: UUID
    replayed: bool


@dataclass(frozen=True)
class Rested:
    """A grant that rests (``suspended``) or was woken; ``replayed`` says that it stood so before."""

    grant_id: UUID
    suspended: bool
    replayed: bool
