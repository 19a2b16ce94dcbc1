"""Reads of one's own notices: how many are unread, which every page asks, and the list."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from govcloud.access.notices.kinds import GROUPS, KINDS
from govcloud.access.notices.models import Notice
from govcloud.access.notices.values import NoticeReader, NoticeView
from govcloud.access.views import Page
from govcloud.kernel.prepared import Look, Looker
from govcloud.kernel.validation import identifier

PAGE, _MOST = 20, 100
MANY = 99
"""More unread notices than this are shown as so many and more, and so are not counted."""
# From the index of unread ones alone, and never further than what is shown.
_UNREAD = Look(
    select(func.count().label("unread")).select_from(
        select(Notice.id).where(Notice.official_id == bindparam("official"), Notice.read_at.is_(None)).limit(MANY + 1).subquery()
    )
)


class NoticeQueries:
    """Answers what somebody was told; it never writes."""

    def __init__(self, read: Callable[[], Session], look: Looker, reader: NoticeReader) -> None:
        """Take the source of reading sessions, single reads, and what puts notices into words."""
        self._read = read
        self._look = look
        self._reader = reader

    def unread(self, official_id: UUID) -> int:
        """Return how many notices a person has not read; beyond ``MANY`` it says one more."""
        return int(self._look(_UNREAD, official=official_id)[0].unread)

    def page(
        self, official_id: UUID, *, unread: bool = False, group: str = "", cursor: str | None = None, limit: int = PAGE
    ) -> Page[NoticeView]:
        """Return a person's notices, the newest first: all, or the unread ones, or those under one heading (``GROUPS``)."""
        query = select(Notice).where(Notice.official_id == official_id).order_by(Notice.id.desc())
        if unread:
            query = query.where(Notice.read_at.is_(None))
        if group in GROUPS:
            query = query.where(Notice.kind.in_([code for code, kind in KINDS.items() if kind.group == group]))
        before = identifier(cursor)
        if before is not None:
            query = query.where(Notice.id < before)
        most = max(1, min(limit, _MOST))
        rows = self._read().scalars(query.limit(most + 1)).all()
        return Page(self._reader.views(rows[:most]), str(rows[most - 1].id) if len(rows) > most else None)

    def link_of(self, official_id: UUID, notice_id: UUID) -> str | None:
        """Return where a notice of a person's own leads; nothing for one that is not theirs."""
        return self._read().scalar(select(Notice.link).where(Notice.id == notice_id, Notice.official_id == official_id))
