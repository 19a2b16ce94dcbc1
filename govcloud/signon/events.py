"""What happened in sign-on; failures are events too, and are kept although nothing else of them is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class SessionStarted(Event):
    """An official signed in."""

    name: ClassVar[str] = "signon:session:started"
    personal: ClassVar[frozenset[str]] = frozenset({"source_address", "user_agent"})

    session_id: UUID
    account_id: UUID
    amr: tuple[str, ...]
    source_address: str | None
    user_agent: str | None


@dataclass(frozen=True, kw_only=True)
class SessionRenewed(Event):
    """An official proved again who they are, within a live session."""

    name: ClassVar[str] = "signon:session:renewed"
    personal: ClassVar[frozenset[str]] = frozenset({"source_address"})

    session_id: UUID
    amr: tuple[str, ...]
    source_address: str | None


@dataclass(frozen=True, kw_only=True)
class SessionEnded(Event):
    """A session ended, and with it the stay in every subsystem that took part; ``client_ids`` names them."""

    name: ClassVar[str] = "signon:session:ended"

    session_id: UUID
    reason: str
    client_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AppointmentChosen(Event):
    """An official said under which appointment they act in this session."""

    name: ClassVar[str] = "signon:appointment:chosen"

    session_id: UUID
    appointment_id: UUID
    previous_appointment_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class AppointmentLeft(Event):
    """A session lost its appointment because that ended."""

    name: ClassVar[str] = "signon:appointment:left"

    session_id: UUID
    appointment_id: UUID


@dataclass(frozen=True, kw_only=True)
class SignInFailed(Event):
    """Somebody tried to sign in and was refused; the subject is the account, or the digest of what was typed."""

    name: ClassVar[str] = "signon:sign_in:failed"
    personal: ClassVar[frozenset[str]] = frozenset({"source_address"})

    reason: str
    locked_until: datetime | None
    source_address: str | None


@dataclass(frozen=True, kw_only=True)
class PasswordSet(Event):
    """An account got a new password; ``issued`` means that the platform generated it for somebody else to hand over."""

    name: ClassVar[str] = "signon:password:set"

    account_id: UUID
    issued: bool
    own: bool


@dataclass(frozen=True, kw_only=True)
class PasswordWithdrawn(Event):
    """An account has no password any more, nor a code to set one: its owner left and comes back, and gets a code anew."""

    name: ClassVar[str] = "signon:password:withdrawn"

    account_id: UUID


@dataclass(frozen=True, kw_only=True)
class ActivationIssued(Event):
    """A one-time code was made with which the owner of an account may set its password until ``expires_at``."""

    name: ClassVar[str] = "signon:activation:issued"

    account_id: UUID
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class ActivationRedeemed(Event):
    """Somebody set the password of an account with its one-time code."""

    name: ClassVar[str] = "signon:activation:redeemed"
    personal: ClassVar[frozenset[str]] = frozenset({"source_address"})

    account_id: UUID
    source_address: str | None


@dataclass(frozen=True, kw_only=True)
class EntryRefused(Event):
    """An official wanted to enter a subsystem and was refused at its door."""

    name: ClassVar[str] = "signon:entry:refused"

    client_id: str
    subsystem_code: str
    appointment_id: UUID | None
    code: str


@dataclass(frozen=True, kw_only=True)
class TicketIssued(Event):
    """An official was let into a subsystem: its client got a ticket to redeem."""

    name: ClassVar[str] = "signon:ticket:issued"

    session_id: UUID
    participant_id: UUID
    family_id: UUID
    client_id: str
    appointment_id: UUID | None
    kind: str


@dataclass(frozen=True, kw_only=True)
class TicketRedeemed(Event):
    """A client redeemed its ticket and got tokens."""

    name: ClassVar[str] = "signon:ticket:redeemed"

    family_id: UUID
    client_id: str
    jti: UUID


@dataclass(frozen=True, kw_only=True)
class RedemptionFailed(Event):
    """A client brought a ticket that could not be redeemed."""

    name: ClassVar[str] = "signon:ticket:refused"

    client_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CasTicketValidated(Event):
    """A CAS service had its ticket validated; `proxies` are the callback addresses between it and the official, the nearest first."""

    name: ClassVar[str] = "signon:cas_ticket:validated"

    family_id: UUID
    client_id: str
    kind: str
    proxies: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ProxyGranted(Event):
    """A CAS service got a proxy-granting ticket at its callback address: it may get tickets for other services."""

    name: ClassVar[str] = "signon:proxy:granted"

    grant_id: UUID
    family_id: UUID
    client_id: str
    callback_url: str


@dataclass(frozen=True, kw_only=True)
class ApplicationEntered(Event):
    """An official came into an application behind a proxy: the browser has a cookie for its origin now."""

    name: ClassVar[str] = "signon:application:entered"

    client_id: str
    participant_id: UUID
    origin: str


@dataclass(frozen=True, kw_only=True)
class FamilyEnded(Event):
    """A ticket was brought a second time, so every token that grew out of it was revoked (RFC 6749 section 4.1.2)."""

    name: ClassVar[str] = "signon:family:ended"

    family_id: UUID
    client_id: str
    revoked: int


@dataclass(frozen=True, kw_only=True)
class SignOnPurged(Event):
    """What had expired long ago, and old sign-in attempts, were deleted: how many rows of each kind."""

    name: ClassVar[str] = "signon:expired:purged"

    rows: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class SignOnPolicySet(Event):
    """The rules for sessions, passwords and further factors were changed: for each rule from what to what."""

    name: ClassVar[str] = "signon:policy:set"

    changes: dict[str, Any]
    reason: str
