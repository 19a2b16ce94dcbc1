"""The record of sign-out: one row for each client that had to be told that a stay ended, by which channel, and what came of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index

from govcloud.kernel.database import Base, Mapped, mapped_column


class LogoutNotice(Base):
    """One client's notice that an official's stay ended; ``message_id`` is the promise in the outbox that carries it.

    ``grant_id`` names the grant whose end caused it, where a subsystem cannot ask by itself (integration levels 0 and 1).
    """

    __tablename__ = "logout_notice"
    __table_args__ = (
        CheckConstraint("channel IN ('back_channel', 'front_channel', 'cas', 'none')", name="channel"),
        Index("ix_logout_notice_participant_id", "participant_id"),
        Index("ix_logout_notice_session_id", "session_id"),
        Index("ix_logout_notice_official_id", "official_id", "created_at"),
        Index("ix_logout_notice_client_id", "client_id", "created_at"),
        Index(
            "ix_logout_notice_waiting",
            "client_id",
            postgresql_where="acknowledged_at IS NULL AND message_id IS NOT NULL",
        ),
        Index("ix_logout_notice_grant_id", "grant_id", postgresql_where="grant_id IS NOT NULL"),
        Index("ix_logout_notice_message_id", "message_id", postgresql_where="message_id IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"))
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    channel: Mapped[str]
    cause: Mapped[str]
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("access_grant.id"))
    message_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    # What the client answered last; nothing: it was not tried yet.
    answer: Mapped[str | None]
    given_up_at: Mapped[datetime | None]
