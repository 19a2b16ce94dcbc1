"""The tables of asking: what lies in somebody's basket, and what is attached to requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from govcloud.kernel.database import Base

MOST_BYTES = 5 * 1024 * 1024


class BasketItem(Base):
    """An item that an official, in one duty, means to ask for; scope and days as last chosen (NULL: not yet)."""

    __tablename__ = "access_basket_item"
    __table_args__ = (CheckConstraint("days BETWEEN 1 AND 366", name="days"),)

    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"), primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_item.id"), primary_key=True)
    scope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    days: Mapped[int | None]
    added_at: Mapped[datetime]


class Attachment(Base):
    """A small file that goes with a submission, sealed; ``submission_id`` is its first request, ``sha256`` that of the file itself."""

    __tablename__ = "request_attachment"
    __table_args__ = (
        CheckConstraint(f"size BETWEEN 1 AND {MOST_BYTES}", name="size"),
        Index("ix_request_attachment_submission_id", "submission_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("access_request.id"))
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(deferred=True)
    added_at: Mapped[datetime]
