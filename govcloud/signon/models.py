"""The tables of sign-on: credentials, sessions, their participants, tickets, issued tokens, attempts, policy and launcher.

Secrets that come back from outside (session tokens, codes) are stored as keyed digests only: who has only the database can use none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text

from govcloud.kernel.database import Base, Mapped, mapped_column, temporal_args
from govcloud.kernel.rulebook import RulesVersion


class Credential(Base):
    """What an official proves to be who they are with; a replaced one stays for the password history.

    A password is hashed. The secret of an app that shows one-time codes (TOTP, RFC 6238) has to be computed with, so it is sealed;
    ``last_step`` is the time step of the code that was taken last: no code is taken twice.
    """

    __tablename__ = "credential"
    __table_args__ = (
        CheckConstraint("kind IN ('password', 'totp')", name="kind"),
        CheckConstraint("(kind = 'password') = (secret_hash IS NOT NULL)", name="secret_hash"),
        CheckConstraint("(kind = 'totp') = (sealed IS NOT NULL)", name="sealed"),
        Index("uq_credential_live", "account_id", "kind", unique=True, postgresql_where="replaced_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    secret_hash: Mapped[str | None]
    sealed: Mapped[bytes | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    changed_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]


class ActivationCode(Base):
    """A one-time code that lets somebody set the first password of an account, or a new one; only its keyed digest is kept.

    At most one is live for an account: the next one takes its place.
    """

    __tablename__ = "activation_code"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("uq_activation_code_live", "account_id", unique=True, postgresql_where="used_at IS NULL AND replaced_at IS NULL"),
        Index("ix_activation_code_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    digest: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]


class Session(Base):
    """One sign-in of an official in one browser, behind all protocols.

    Name and employee code are copied when it starts, and the end of the appointment when it is chosen, so that the check that
    every request makes is a single read of this row.
    """

    __tablename__ = "session"
    __table_args__ = (
        UniqueConstraint("token_digest"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="end"),
        Index("ix_session_live_official_id", "official_id", postgresql_where="ended_at IS NULL"),
        Index("ix_session_official_id", "official_id", "started_at"),
        Index("ix_session_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    official_name: Mapped[str]
    employee_code: Mapped[str]
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"))
    appointment_until: Mapped[datetime | None]
    token_digest: Mapped[bytes]
    started_at: Mapped[datetime]
    auth_time: Mapped[datetime]
    amr: Mapped[list[str]]
    # When a second factor was last proven in this session.
    second_factor_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    source_address: Mapped[str | None]
    user_agent: Mapped[str | None]


class Participant(Base):
    """A client that takes part in a session; its id is the ``sid`` that the client knows the session by (OIDC Back-Channel Logout 2.1).

    ``source_address`` is that of the person's device at the last entry, with which the door was asked; ``None``: it is not known.
    """

    __tablename__ = "participant"
    __table_args__ = (
        Index("uq_participant_live", "session_id", "client_id", unique=True, postgresql_where="ended_at IS NULL"),
        Index("ix_participant_session_id", "session_id"),
        Index("ix_participant_client_id", "client_id"),
        Index("ix_participant_open", "id", postgresql_where="ended_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"))
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    source_address: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Ticket(Base):
    """A short-lived, single-use proof handed through the browser to one client: an OIDC code, a CAS ticket, a hand-over to an application.

    ``family_id`` ties together all that grows out of one ticket, so that reuse can end it. A CAS ticket is also kept sealed, as the
    client knows its stay by it and has to be told of it at sign-out. ``fresh``: somebody proved who they are for this very ticket.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        UniqueConstraint("digest"),
        CheckConstraint("kind IN ('oidc_code', 'cas_service', 'cas_proxy', 'forward_auth')", name="kind"),
        Index("ix_ticket_session_id", "session_id"),
        Index("ix_ticket_participant_id", "participant_id"),
        Index("ix_ticket_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    digest: Mapped[bytes]
    family_id: Mapped[UUID]
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    redirect_uri: Mapped[str]
    code_challenge: Mapped[str | None]
    nonce: Mapped[str | None]
    scope: Mapped[str]
    # The thumbprint of the key that the tokens will be bound to (RFC 9449 section 10).
    dpop_jkt: Mapped[str | None]
    sealed: Mapped[bytes | None]
    fresh: Mapped[bool] = mapped_column(server_default="false")
    proxy_grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("proxy_grant.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]


class ProxyGrant(Base):
    """What lets a CAS client get tickets for other services on behalf of the official (a PGT, CAS 3.0 section 2.5).

    ``parent_id`` is the grant by which the ticket came that this one was asked for with: the chain of proxies.
    """

    __tablename__ = "proxy_grant"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("ix_proxy_grant_family_id", "family_id"),
        Index("ix_proxy_grant_participant_id", "participant_id"),
        Index("ix_proxy_grant_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    family_id: Mapped[UUID]
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    callback_url: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("proxy_grant.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class IssuedToken(Base):
    """An access token that was issued: the row by which it can be revoked before it expires.

    A token that a client got for itself (client credentials) belongs to no stay of anybody. ``confirmation`` is the claim ``cnf``
    (RFC 7800) and ``actors`` the claim ``act`` (RFC 8693 section 4.1), where it has them.
    """

    __tablename__ = "issued_token"
    __table_args__ = (
        Index("ix_issued_token_family_id", "family_id"),
        Index("ix_issued_token_participant_id", "participant_id"),
        Index("ix_issued_token_expires_at", "expires_at"),
    )

    jti: Mapped[UUID] = mapped_column(primary_key=True)
    family_id: Mapped[UUID]
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"))
    scope: Mapped[str]
    audience: Mapped[list[str]]
    confirmation: Mapped[dict[str, Any] | None]
    actors: Mapped[dict[str, Any] | None]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInAttempt(Base):
    """One try to sign in, counted by (what was typed as account, address); the account itself need not exist.

    It is written as ``failed`` before the password is checked, so that tries made at once cannot outrun the count.
    """

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        CheckConstraint("outcome IN ('failed', 'succeeded')", name="outcome"),
        Index("ix_sign_in_attempt_pair", "login_digest", "source_address", "at"),
        Index("ix_sign_in_attempt_failed_login", "login_digest", "at", postgresql_where="outcome = 'failed'"),
        Index("ix_sign_in_attempt_failed_address", "source_address", "at", postgresql_where="outcome = 'failed'"),
        Index("ix_sign_in_attempt_at", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login_digest: Mapped[bytes]
    source_address: Mapped[str]
    at: Mapped[datetime]
    outcome: Mapped[str]
    locked_until: Mapped[datetime | None]


class SignOnPolicyVersion(RulesVersion):
    """The rules for sessions, passwords and further factors, as they are for a while (``signon/policy.py``)."""

    __tablename__ = "signon_policy"
    __table_args__ = (
        *temporal_args(),
        Index("uq_signon_policy_live", text("(valid_to IS NULL)"), unique=True, postgresql_where="valid_to IS NULL"),
    )


class Favourite(Base):
    """A subsystem that somebody wants at hand in the launcher."""

    __tablename__ = "launcher_favourite"

    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"), primary_key=True)
    subsystem_id: Mapped[UUID] = mapped_column(ForeignKey("subsystem.id"), primary_key=True)
    created_at: Mapped[datetime]
