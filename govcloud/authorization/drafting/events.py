"""What the life of a policy draft puts on record; the texts themselves stay in their tables, the record has their checksums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class PolicyDrafted(Event):
    """A text that may become the next policy was written down."""

    name: ClassVar[str] = "authorization:policy_draft:created"

    draft_id: UUID
    title: str
    base_number: int
    rollback_of: int | None
    source: str
    checksum: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PolicyDraftChanged(Event):
    """A draft has another text, or stands on another version (`rebased`); an approval of what it was no longer counts."""

    name: ClassVar[str] = "authorization:policy_draft:changed"

    draft_id: UUID
    revision: int
    base_number: int
    checksum: str
    rebased: bool
    approval_lapsed: bool


@dataclass(frozen=True, kw_only=True)
class PolicyDraftSubmitted(Event):
    """The maker of a draft asks a second person to approve it; `failed` of `cases` cases did not hold."""

    name: ClassVar[str] = "authorization:policy_draft:submitted"

    draft_id: UUID
    revision: int
    checksum: str
    cases: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class PolicyDraftWithdrawn(Event):
    """The maker took a draft back; an approval of it no longer counts."""

    name: ClassVar[str] = "authorization:policy_draft:withdrawn"

    draft_id: UUID
    revision: int
    approval_lapsed: bool


@dataclass(frozen=True, kw_only=True)
class PolicyDraftApproved(Event):
    """A second person approved exactly this text, having seen exactly this impact."""

    name: ClassVar[str] = "authorization:policy_draft:approved"

    draft_id: UUID
    review_id: UUID
    revision: int
    checksum: str
    base_number: int
    impact_id: UUID
    impact_digest: str
    maker_id: UUID
    comment: str


@dataclass(frozen=True, kw_only=True)
class PolicyDraftRejected(Event):
    """A second person turned a draft down."""

    name: ClassVar[str] = "authorization:policy_draft:rejected"

    draft_id: UUID
    review_id: UUID
    revision: int
    checksum: str
    maker_id: UUID
    comment: str


@dataclass(frozen=True, kw_only=True)
class PolicyDraftApplied(Event):
    """An approved draft became version `number`."""

    name: ClassVar[str] = "authorization:policy_draft:applied"

    draft_id: UUID
    review_id: UUID
    number: int
    checksum: str


@dataclass(frozen=True, kw_only=True)
class PolicyDraftDiscarded(Event):
    """A draft was thrown away."""

    name: ClassVar[str] = "authorization:policy_draft:discarded"

    draft_id: UUID
    revision: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class PolicyRolledBack(Event):
    """The text of version `restored` came back at once, as version `number`, on the word of one operator: an emergency."""

    name: ClassVar[str] = "authorization:policy:rolled_back"

    number: int
    restored: int
    replaced: int
    checksum: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PolicyShadowStarted(Event):
    """From now until `until` a text decides beside the live policy, and nothing follows from what it says."""

    name: ClassVar[str] = "authorization:policy_shadow:started"

    shadow_id: UUID
    draft_id: UUID
    checksum: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class PolicyShadowEnded(Event):
    """A text no longer decides beside the live policy."""

    name: ClassVar[str] = "authorization:policy_shadow:ended"

    shadow_id: UUID
    draft_id: UUID
    checked: int
    different: int
