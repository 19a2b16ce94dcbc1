"""A page of a search: by cursor, which costs the same anywhere; or by index, with the exact total; or by what changed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from scim2_models import InvalidCursorException, InvalidFilterException, SearchRequest

from govcloud.entrypoints.scim.filters import Filterable, Lookup, lookup
from govcloud.entrypoints.scim.provider import MOST_RESULTS
from govcloud.identity.directory import Directory
from govcloud.identity.directory.lookups import Condition
from govcloud.kernel.messages import Message
from govcloud.kernel.paging import Cursor
from govcloud.web.locale import say


class Record(Protocol):
    """What is found: it has an id."""

    @property
    def id(self) -> UUID:
        """Return the id."""
        ...


RecordT = TypeVar("RecordT", bound=Record)
FoundT_co = TypeVar("FoundT_co", bound=Record, covariant=True)


class Records(Protocol[FoundT_co]):
    """Where is searched: people or departments."""

    def page(self, condition: Condition, limit: int, *, after: UUID | None = None, offset: int = 0) -> tuple[FoundT_co, ...]:
        """Return records by id."""
        ...

    def named(self, wanted: Sequence[UUID], condition: Condition | None = None) -> tuple[FoundT_co, ...]:
        """Return records that are named."""
        ...

    def count(self, condition: Condition) -> int:
        """Return how many there are."""
        ...


@dataclass(frozen=True)
class Found(Generic[RecordT]):
    """A page: ``total`` is ``None`` where nobody counted, ``next`` where it is the last one."""

    records: tuple[RecordT, ...]
    total: int | None
    next: list[str] | None = None


@dataclass(frozen=True)
class Search(Generic[RecordT]):
    """A kind of resource that can be searched; ``kind`` is what the record of changes calls it."""

    directory: Directory
    records: Records[RecordT]
    filterable: Filterable
    kind: str

    def run(self, request: SearchRequest[Any], position: object) -> Found[RecordT]:
        """Return the page that ``request`` asks for, from ``position`` on.

        Raises:
            InvalidFilterException: no index serves the filter.
            InvalidCursorException: the position is none of ours.
        """
        wanted = lookup(request.filter, self.filterable)
        count = MOST_RESULTS if request.count is None else request.count
        if wanted.since is not None:
            return self._changed(wanted, wanted.since, request, count, position)
        if request.cursor is None:
            total = self.records.count(wanted.condition)
            page = self.records.page(wanted.condition, count, offset=(request.start_index or 1) - 1) if count else ()
            return Found(page, total)
        after = _after(position)
        found = self.records.page(wanted.condition, count + 1, after=after) if count else ()
        page, more = found[:count], len(found) > count
        # A first page that is the last one is all there is: then the total is known without counting.
        return Found(page, len(page) if after is None and not more and count else None, [str(page[-1].id)] if more else None)

    def _changed(self, wanted: Lookup, since: datetime, request: SearchRequest[Any], count: int, position: object) -> Found[RecordT]:
        """Return what changed since, in the order of the changes. A page may hold fewer than ``count``: some are gone, or do not fit."""
        if request.cursor is None:
            message = Message("按 meta.lastModified 查询时请用 cursor 分页，不要用 startIndex。")
            raise InvalidFilterException(detail=say(message))
        changes = self.directory.changed(self.kind, since, count + 1, after=_place(position)) if count else []
        ids = [UUID(change.subject.partition(":")[2]) for change in changes[:count]]
        more = len(changes) > count
        last = changes[count - 1].cursor if more else None
        page = self.records.named(ids, wanted.condition)
        total = len(page) if position is None and not more and count else None
        return Found(page, total, [last.at.isoformat(), str(last.id)] if last else None)


def _after(position: object) -> UUID | None:
    """Return the id after which a page begins."""
    match position:
        case None:
            return None
        case [str(last)]:
            return UUID(last)
    raise InvalidCursorException


def _place(position: object) -> Cursor | None:
    """Return the change after which a page begins."""
    match position:
        case None:
            return None
        case [str(at), str(event_id)]:
            return Cursor(datetime.fromisoformat(at), UUID(event_id))
    raise InvalidCursorException
