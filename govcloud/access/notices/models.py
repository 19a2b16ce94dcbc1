"""The tables of notices: what was told to whom, who wants what by mail, at which address, and how far ahead was told of ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from govcloud.kernel.database import Base

LANGUAGES = ("zh", "en")


class Notice(Base):
    """One thing told to one person; everybody who is told of the same thing is told under the same ``event_id``, and once.

    ``params`` holds what the sentence needs beyond the line or the grant that it is about, and no name of anybody: names are looked
    up when it is read. ``link`` is where one goes from here, as a path of the portal. ``letter_id`` is the message of the outbox that
    carries it, perhaps with others to the same person.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("event_id", "official_id"),
        Index("ix_notice_official", "official_id", "id"),
        # What every page counts for its reader.
        Index("ix_notice_unread", "official_id", "id", postgresql_where=text("read_at IS NULL")),
        # Who was called to decide on a line: they hear that it is done.
        Index("ix_notice_line", "line_id", postgresql_where=text("line_id IS NOT NULL")),
        Index("ix_notice_letter", "letter_id", postgresql_where=text("letter_id IS NOT NULL")),
        # What is old enough to be forgotten: read ones by when they were read, all by when they were written.
        Index("ix_notice_read", "read_at", postgresql_where=text("read_at IS NOT NULL")),
        Index("ix_notice_created", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    link: Mapped[str]
    event_id: Mapped[UUID]
    line_id: Mapped[UUID | None]
    grant_id: Mapped[UUID | None]
    letter_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class NoticeSetting(Base):
    """Which kinds of notices a person also wants by mail, and in which language; without a row the usual ones, in Chinese."""

    __tablename__ = "notice_setting"
    __table_args__ = (CheckConstraint("language IN ('zh', 'en')", name="language"),)

    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"), primary_key=True)
    mailed: Mapped[list[str]]
    language: Mapped[str]
    updated_at: Mapped[datetime]


class NoticeAddress(Base):
    """A mail address that a person entered: sealed to its row, and used once a code that was mailed to it has come back.

    The code is sealed as well, for the letter that carries it is composed when it is sent; it goes when it is of no more use.
    """

    __tablename__ = "notice_address"
    __table_args__ = (
        Index("ix_notice_address_official", "official_id", "created_at"),
        Index(
            "uq_notice_address_live",
            "official_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND confirmed_at IS NOT NULL"),
        ),
        Index(
            "uq_notice_address_entered",
            "official_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL AND confirmed_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    sealed: Mapped[bytes]
    code_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(server_default="0")
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class NoticeMark(Base):
    """How far it has been told of ends that are ahead: of everything that ends at or before ``until``."""

    __tablename__ = "notice_mark"

    kind: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
