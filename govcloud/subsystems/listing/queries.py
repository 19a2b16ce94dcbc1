"""Reads of the lists: a department's list as of a moment, search, one entry with its versions, and the editions.

``at`` is an aware datetime, by default now. Every page is one statement on an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import aliased

from govcloud.identity.extents import department_ids_within
from govcloud.kernel.database import live_at
from govcloud.kernel.errors import NotFound
from govcloud.kernel.validation import searchable
from govcloud.subsystems.listing.kinds import IMPLEMENTATION, KINDS, POWER, ListKind, kind_of
from govcloud.subsystems.listing.models import ListEdition
from govcloud.subsystems.listing.standing import WHOLE
from govcloud.subsystems.listing.views import (
    EditionPage,
    EditionView,
    ItemHistory,
    ItemView,
    ListPage,
    PowerItemView,
    ServiceItemView,
    VersionView,
)
from govcloud.subsystems.models import ServiceItem
from govcloud.subsystems.reading import Reading

_MOST_ROWS = 200
_EXPORTED_AT_ONCE = 1_000
Rows: TypeAlias = Select[*tuple[Any, ...]]
Found: TypeAlias = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for: of one department, or below paths; whose code or name begins with ``text``; of one kind."""

    department_id: UUID | None = None
    paths: tuple[str, ...] = (WHOLE,)
    text: str = ""
    kind: str = ""
    power_item_id: UUID | None = None


class ListQueries(Reading):
    """Answers questions about the power list and the implementation list; it never writes."""

    def power_items(self, department_id: UUID, at: datetime | None = None) -> tuple[PowerItemView, ...]:
        """Return the power list of a department, in the order of its codes."""
        return cast("tuple[PowerItemView, ...]", self._list_of(POWER, department_id, at))

    def service_items(self, department_id: UUID, at: datetime | None = None) -> tuple[ServiceItemView, ...]:
        """Return the implementation list of a department, in the order of its codes."""
        return cast("tuple[ServiceItemView, ...]", self._list_of(IMPLEMENTATION, department_id, at))

    def list_page(self, kind: str, wanted: Wanted, after: UUID | None = None, limit: int = 20, *, at: datetime | None = None) -> ListPage:
        """Return a page of a list, in the order of the codes."""
        found, moment, most = kind_of(kind), self._at(at), max(1, min(limit, _MOST_ROWS))
        rows = self._page(found, wanted, after, most + 1, moment)
        return ListPage(tuple(rows[:most]), rows[most - 1].id if len(rows) > most else None)

    def list_rows(self, kind: str, wanted: Wanted, at: datetime | None = None) -> Iterator[ItemView]:
        """Give all entries asked for, read a thousand at a time."""
        found, moment, after = kind_of(kind), self._at(at), None
        while page := self._page(found, wanted, after, _EXPORTED_AT_ONCE, moment):
            yield from page
            after = page[-1].id

    def power_item_history(self, item_id: UUID) -> ItemHistory:
        """Return an entry of the power list with its versions, one that left the list too; raises ``NotFound``."""
        return self.item_history(POWER.code, item_id)

    def service_item_history(self, item_id: UUID) -> ItemHistory:
        """Return a service item with its versions, one that left the list too; raises ``NotFound``."""
        return self.item_history(IMPLEMENTATION.code, item_id)

    def item_history(self, kind: str, item_id: UUID) -> ItemHistory:
        """Return an entry of either list with its versions.

        Raises:
            NotFound: there is none.
        """
        found = kind_of(kind)
        query = (
            select(found.version, ListEdition)
            .join(ListEdition, ListEdition.id == found.version.edition_id)
            .where(found.owner_column == item_id)
            .order_by(found.version.version)
        )
        rows = self._read().execute(query).all()
        last = self._last_known(found, found.item.id == item_id)
        if not rows or not last:
            raise NotFound.of(found.thing, item_id)
        item = last[0]
        same = (found.item.code == item.code, found.item.department_id == item.department_id, found.item.id != item_id)
        return ItemHistory(item, tuple(reversed(_versions(found, rows))), self._last_known(found, *same))

    def items_by_id(self, kind: str, wanted: Sequence[UUID]) -> dict[UUID, ItemView]:
        """Return entries by id as they are now or last were."""
        found = kind_of(kind)
        return {item.id: item for item in self._last_known(found, found.item.id.in_(wanted))}

    def service_items_by_id(self, wanted: Iterable[UUID]) -> Mapping[UUID, ServiceItemView]:
        """Return service items by id as they are now or last were, withdrawn ones too."""
        return cast("dict[UUID, ServiceItemView]", self.items_by_id(IMPLEMENTATION.code, list(wanted)))

    def service_items_by_code(self, codes: Iterable[str], at: datetime | None = None) -> Mapping[str, ServiceItemView]:
        """Return the service items that stand on the list at ``at``, by their implementation codes; others are left out."""
        moment, wanted = self._at(at), {searchable(code).upper() for code in codes}
        said = and_(IMPLEMENTATION.owner_column == ServiceItem.id, live_at(IMPLEMENTATION.version, moment))
        query = select(ServiceItem, IMPLEMENTATION.version).join(IMPLEMENTATION.version, said)
        found = self._read().execute(query.where(ServiceItem.code.in_(wanted), live_at(ServiceItem, moment)))
        return {row[0].code: cast("ServiceItemView", _item(IMPLEMENTATION, row[0], row[1])) for row in found}

    def stays_of(self, kind: str, code: str) -> tuple[ItemView, ...]:
        """Return every stay of a code on a list, in whatever department, the newest first."""
        found = kind_of(kind)
        return self._last_known(found, found.item.code == searchable(code).upper())

    # Editions

    def editions(self, kind: str, after: int | None = None, limit: int = 20, *, paths: Sequence[str] = (WHOLE,)) -> EditionPage:
        """Return a page of a list's editions, the newest first: those that concern departments at or below ``paths``."""
        most = max(1, min(limit, _MOST_ROWS))
        touching = [_touches(path) for path in paths]
        query = select(ListEdition).where(ListEdition.kind == kind_of(kind).code, or_(False, *touching))  # noqa: FBT003 - SQL's own
        if after is not None:
            query = query.where(ListEdition.number < after)
        rows = [_edition(row) for row in self._read().scalars(query.order_by(ListEdition.number.desc()).limit(most + 1))]
        return EditionPage(tuple(rows[:most]), rows[most - 1].number if len(rows) > most else None)

    def edition(self, edition_id: UUID) -> EditionView:
        """Return one edition.

        Raises:
            NotFound: there is none.
        """
        row = self._read().scalar(select(ListEdition).where(ListEdition.id == edition_id))
        if row is None:
            raise NotFound.of(POWER.title, edition_id)
        return _edition(row)

    def edition_rows(
        self, edition: EditionView, paths: Sequence[str] = (WHOLE,), after: UUID | None = None, limit: int = 50
    ) -> tuple[ItemView, ...]:
        """Return a page of the entries that an edition brought or changed, below ``paths``, as it had them; ``after`` is an item."""
        kind = kind_of(edition.kind)
        query = (
            select(kind.item, kind.version)
            .join(kind.version, kind.owner_column == kind.item.id)
            .where(kind.version.edition_id == edition.id, *self._below(kind, paths, edition.recorded_at))
            .order_by(kind.item.code, kind.item.id)
            .limit(min(limit, _MOST_ROWS))
        )
        if after is not None:
            query = query.where(_beyond(kind, after))
        rows = self._read().execute(query).all()
        return tuple(_item(kind, row[0], row[1]) for row in rows)

    def edition_withdrawn(self, edition: EditionView, paths: Sequence[str] = (WHOLE,), limit: int = 50) -> tuple[ItemView, ...]:
        """Return the first of what left the list with an edition, below ``paths``; of both lists, as service items go with their basis."""
        found: list[ItemView] = []
        for kind in KINDS.values():
            below = self._below(kind, paths, edition.recorded_at)
            left = self._last_known(kind, kind.item.ended_edition_id == edition.id, *below, limit=limit)
            found += sorted(left, key=lambda item: item.code)
        return tuple(found[:limit])

    # How the above read

    def _list_of(self, kind: ListKind, department_id: UUID, at: datetime | None) -> tuple[ItemView, ...]:
        return tuple(self._page(kind, Wanted(department_id), None, None, self._at(at)))

    def _page(self, kind: ListKind, wanted: Wanted, after: UUID | None, limit: int | None, at: datetime) -> list[ItemView]:
        query = (
            select(kind.item, kind.version)
            .join(kind.version, and_(kind.owner_column == kind.item.id, live_at(kind.version, at)))
            .where(live_at(kind.item, at), *self._conditions(kind, wanted, at))
            .order_by(kind.item.code, kind.item.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(_beyond(kind, after))
        return [_item(kind, row[0], row[1]) for row in self._read().execute(query)]

    def _conditions(self, kind: ListKind, wanted: Wanted, at: datetime) -> list[ColumnElement[bool]]:
        found = list(self._below(kind, wanted.paths, at))
        if wanted.department_id is not None:
            found.append(kind.item.department_id == wanted.department_id)
        if wanted.power_item_id is not None:
            found.append(ServiceItem.power_item_id == wanted.power_item_id)
        if wanted.kind and kind is POWER:
            found.append(POWER.version.kind == searchable(wanted.kind))  # type: ignore[union-attr]  # the power list's versions have it
        if text := searchable(wanted.text):
            column = kind.item.code if text.isascii() else kind.version.name
            found.append(column.startswith(text.upper() if text.isascii() else text, autoescape=True))
        return found

    @staticmethod
    def _below(kind: ListKind, paths: Sequence[str], at: datetime) -> Iterator[ColumnElement[bool]]:
        if WHOLE not in paths:
            yield kind.item.department_id.in_(department_ids_within(paths, at))

    def _last_known(self, kind: ListKind, *conditions: ColumnElement[bool], limit: int | None = None) -> tuple[ItemView, ...]:
        """Return entries with the last thing that each said, the newest stay first."""
        later = aliased(kind.version)
        newest = select(func.max(later.version)).where(getattr(later, kind.owner) == kind.item.id).scalar_subquery()
        query = (
            select(kind.item, kind.version)
            .join(kind.version, and_(kind.owner_column == kind.item.id, kind.version.version == newest))
            .where(*conditions)
            .order_by(kind.item.valid_from.desc(), kind.item.id)
            .limit(limit)
        )
        return tuple(_item(kind, row[0], row[1]) for row in self._read().execute(query))


def _beyond(kind: ListKind, after: UUID) -> ColumnElement[bool]:
    last = aliased(kind.item)
    place = select(last.code, last.id).where(last.id == after)
    return tuple_(kind.item.code, kind.item.id) > place.scalar_subquery()


def _touches(path: str) -> ColumnElement[bool]:
    """Return the condition that an edition concerns departments at or below ``path``: made for them, or for what lies above."""
    return or_(ListEdition.department_path.startswith(path, autoescape=True), literal(path).startswith(ListEdition.department_path))


def _item(kind: ListKind, item: Any, said: Any) -> ItemView:  # noqa: ANN401 - rows of either list
    times = (said.version, item.valid_from, item.valid_to, item.ended_edition_id)
    if kind is POWER:
        return PowerItemView(item.id, item.code, said.name, said.kind, item.department_id, said.legal_basis, *times)
    return ServiceItemView(item.id, item.code, said.name, item.power_item_id, item.department_id, said.promised_days, *times)


def _versions(kind: ListKind, rows: Sequence[Found]) -> list[VersionView]:
    """Return versions in their order, each with the facts that differ from the one before."""
    found: list[VersionView] = []
    for said, edition in rows:
        facts = kind.facts_of(said)
        changed = tuple(name for name in facts if found and facts[name] != found[-1].facts[name])
        found.append(VersionView(said.version, facts, changed, _edition(edition), said.valid_from, said.valid_to))
    return found


def _edition(row: ListEdition) -> EditionView:
    return EditionView(
        row.id,
        row.kind,
        row.number,
        row.title,
        row.note,
        row.file_name,
        row.sha256,
        row.department_path,
        row.complete,
        row.actor_name,
        row.recorded_at,
        row.added,
        row.changed,
        row.unchanged,
        row.withdrawn,
    )
