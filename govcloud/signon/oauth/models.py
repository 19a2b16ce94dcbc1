"""The tables of OAuth 2: refresh tokens, device authorizations, pushed requests, and proofs that may be shown once.

Whatever a client brings back is stored as a keyed digest only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint

from govcloud.kernel.database import Base, Mapped, mapped_column


class RefreshToken(Base):
    """A refresh token: used once, then followed by its successor; one that is brought again later ends its family (RFC 9700 4.14.2).

    A lost reply is answered a second time, so one predecessor may have several successors.
    """

    __tablename__ = "refresh_token"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("ix_refresh_token_family_id", "family_id"),
        Index("ix_refresh_token_participant_id", "participant_id"),
        Index("ix_refresh_token_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    family_id: Mapped[UUID]
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    scope: Mapped[str]
    # What the token is bound to, in the form of the claim ``cnf`` (RFC 7800): {"jkt": …} or {"x5t#S256": …}.
    confirmation: Mapped[dict[str, Any] | None]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    predecessor_id: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]


class DeviceAuthorization(Base):
    """A device that waits until somebody lets it in from a browser (RFC 8628)."""

    __tablename__ = "device_authorization"
    __table_args__ = (
        UniqueConstraint("device_digest"),
        CheckConstraint("decision IN ('approved', 'denied')", name="decision"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        Index("uq_device_authorization_waiting", "user_digest", unique=True, postgresql_where="decided_at IS NULL"),
        Index("ix_device_authorization_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_digest: Mapped[bytes]
    user_digest: Mapped[bytes]
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    scope: Mapped[str]
    confirmation: Mapped[dict[str, Any] | None]
    source_address: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    interval_seconds: Mapped[int]
    polled_at: Mapped[datetime | None]
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"))
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    redeemed_at: Mapped[datetime | None]


class PushedRequest(Base):
    """An authorization request that the client sent ahead, known by its ``request_uri`` (RFC 9126)."""

    __tablename__ = "pushed_request"
    __table_args__ = (UniqueConstraint("digest"), Index("ix_pushed_request_expires_at", "expires_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    parameters: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ShownProof(Base):
    """A proof that may be shown once (the ``jti`` of a client assertion or of a DPoP proof), kept until it has expired."""

    __tablename__ = "shown_proof"
    __table_args__ = (Index("ix_shown_proof_expires_at", "expires_at"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
