"""The table of the outbox: one row a message, written with the event that promises it, kept until it is delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text

from govcloud.kernel.database import Base, Mapped, mapped_column


class OutboxMessage(Base):
    """A promise to tell ``destination`` (``"subsystem:<code>"``, ``"client:<client_id>"``) of something.

    ``available_at`` is when it may be tried (again): after a failure it moves on by the backoff, while a worker delivers by
    the length of its lease. ``abandoned_at`` is when it was given up, undelivered.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(
            "ix_outbox_message_due",
            "destination",
            "available_at",
            "id",
            postgresql_where=text("delivered_at IS NULL AND abandoned_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[str]
    payload: Mapped[dict[str, Any]]
    destination: Mapped[str]
    created_at: Mapped[datetime]
    available_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None]
    abandoned_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
