"""What goes into and comes out of the commands of access: plain records without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from govcloud.access.lifecycle import LineState, Mode
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.kernel.errors import Refusal

REASON_MOST = 1000
COMMENT_MOST = 500
CASE_NUMBER_MOST = 60
MOST_ITEMS = 100
MOST_PEOPLE = 50
MOST_LINES = 200
"""So many lines a submission may have, items times people: they are placed in one transaction."""
MOST_AHEAD = timedelta(days=90)
"""A start further ahead is asked for when it comes nearer: what speaks for it may have changed by then."""


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
    duty: str | None = None


@dataclass(frozen=True)
class WantedItem:
    """One item of a submission, to the extent of ``NewRequest``; ``duty`` is the part of the matter (``None``: what the matter says)."""

    item_id: UUID
    days: int
    scope: Scope = PROVINCE
    duty: str | None = None


@dataclass(frozen=True)
class NewSubmission:
    """Several items for one or several people, asked for in one go and whole: all of it is taken in, or nothing.

    ``beneficiaries`` are appointments; none: the requester, under the one in which they act. Every beneficiary gets a request of their
    own, with a line for each item. ``starts_at`` (aware) is the earliest moment at which access is wanted, by default the approval.
    """

    items: tuple[WantedItem, ...]
    reason: str
    beneficiaries: tuple[UUID, ...] = ()
    mode: str = Mode.PROGRESSIVE
    starts_at: datetime | None = None
    case_number: str | None = None
    matter_id: UUID | None = None


@dataclass(frozen=True)
class Submitted:
    """A request that now waits."""

    request_id: UUID
    number: str
    line_id: UUID
    due_at: datetime


@dataclass(frozen=True)
class SubmittedLine:
    """One line that now waits."""

    line_id: UUID
    item_id: UUID
    due_at: datetime


@dataclass(frozen=True)
class SubmittedRequest:
    """One request of a submission: whom it is for, and its lines in the order of the items."""

    request_id: UUID
    number: str
    beneficiary_official_id: UUID
    lines: tuple[SubmittedLine, ...]


@dataclass(frozen=True)
class Submission:
    """What was taken in, in the order of the beneficiaries; ``submission_id`` is the id of the first request."""

    submission_id: UUID
    requests: tuple[SubmittedRequest, ...]


@dataclass(frozen=True)
class Decided:
    """What a decision led to; ``replayed`` says that exactly this decision already stood.

    While more people have to agree the line waits on: ``given`` of ``needed`` at its present step said yes.
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
    given: int = 1
    needed: int = 1


@dataclass(frozen=True)
class Withdrawn:
    """A line that its requester took back.

    ``not_opened``: the lines of its request that had waited for it alone can no longer be opened as they were approved, and why.
    """

    line_id: UUID
    version: int
    at: datetime
    replayed: bool = False
    not_opened: Refusal | None = None


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


@dataclass(frozen=True)
class Alternative:
    """What a refusal offers instead: fewer rows, fewer days, or another item (``None``: as requested)."""

    scope: Scope | None = None
    days: int | None = None
    item_id: UUID | None = None

    def to_json(self) -> dict[str, Any] | None:
        """Return it as it is stored; ``None`` when it offers nothing."""
        stored = {
            "scope": self.scope.to_json() if self.scope else None,
            "days": self.days,
            "item_id": str(self.item_id) if self.item_id else None,
        }
        return {name: value for name, value in stored.items() if value is not None} or None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what was stored."""
        scope, item = stored.get("scope"), stored.get("item_id")
        return cls(Scope.from_json(scope) if scope else None, stored.get("days"), UUID(item) if item else None)


NO_ALTERNATIVE = Alternative()


@dataclass(frozen=True)
class Answer:
    """What an approver answers; ``scope`` and ``days`` as requested when they are left out."""

    approved: bool
    scope: Scope | None = None
    days: int | None = None
    reason_code: str | None = None
    comment: str = ""
    evidence_hash: str | None = None
    alternative: Alternative = NO_ALTERNATIVE

    @classmethod
    def yes(cls, scope: Scope | None = None, days: int | None = None, comment: str = "", evidence_hash: str | None = None) -> Answer:
        """Return an approval."""
        return cls(approved=True, scope=scope, days=days, comment=comment, evidence_hash=evidence_hash)

    @classmethod
    def no(cls, reason_code: str, comment: str = "", evidence_hash: str | None = None, alternative: Alternative = NO_ALTERNATIVE) -> Answer:
        """Return a refusal."""
        return cls(approved=False, reason_code=reason_code, comment=comment, evidence_hash=evidence_hash, alternative=alternative)


@dataclass(frozen=True)
class Returned:
    """A line that was sent back for correction."""

    line_id: UUID
    version: int
    at: datetime
    replayed: bool = False


@dataclass(frozen=True)
class Correction:
    """How the requester puts a returned line up again: everything of it, changed or not."""

    reason: str
    days: int
    scope: Scope
    case_number: str | None = None


@dataclass(frozen=True)
class Resubmitted:
    """A line that waits again after its correction; ``blocked``: for an exception from separation of duty."""

    line_id: UUID
    version: int
    due_at: datetime
    replayed: bool = False
    blocked: bool = False
