"""One search over the catalogue: subsystems, functions, items, matters and service items by parts of names, pinyin and initials.

Everything found is open to requests as far as that depends on the catalogue: of published subsystems, of live functions, and of service
items only those that functions rest on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, and_, bindparam, case, false, func, or_, select

from govcloud.kernel.database import live_at
from govcloud.kernel.prepared import Look, one_of
from govcloud.kernel.validation import searchable
from govcloud.subsystems import rows
from govcloud.subsystems.lifecycle import Status
from govcloud.subsystems.matter_queries import MatterQueries
from govcloud.subsystems.models import (
    CatalogueItem,
    CatalogueItemVersion,
    FunctionBasis,
    Matter,
    MatterVersion,
    ServiceItem,
    ServiceItemKey,
    Subsystem,
    SubsystemFunction,
    SubsystemFunctionVersion,
)
from govcloud.subsystems.sought import Sought, holds
from govcloud.subsystems.views import FunctionView, ItemView, MatterView, SubsystemView

_PLATFORM = "govcloud"
_REQUESTABLE = Look(rows.requestable_at(bindparam("at", type_=DateTime(timezone=True))).where(one_of(CatalogueItem.id, "wanted")))


@dataclass(frozen=True)
class FoundServiceItem:
    """A service item that was found, and the functions that rest on it, by their ids."""

    id: UUID
    code: str
    name: str
    functions: tuple[UUID, ...]


class SearchQueries(MatterQueries):
    """Finds things of the catalogue by parts of their names; it never writes."""

    def subsystems_named(self, text: str, limit: int) -> tuple[SubsystemView, ...]:
        """Return published subsystems whose name holds every word of ``text``, those that begin with it first."""
        if not (clean := searchable(text)):
            return ()
        named = or_(holds(Subsystem, clean), Subsystem.code == clean.lower())
        query = select(Subsystem).where(named, Subsystem.status == Status.PUBLISHED, Subsystem.code != _PLATFORM)
        found = self._read().scalars(query.order_by(_foremost(Subsystem, clean), Subsystem.code).limit(limit))
        return tuple(rows.subsystem_view(row) for row in found)

    def functions_named(self, text: str, limit: int) -> tuple[FunctionView, ...]:
        """Return functions of published subsystems, but for their doors, whose name holds every word of ``text`` or whose code does."""
        if not (clean := searchable(text)):
            return ()
        named = or_(holds(SubsystemFunctionVersion, clean), _coded(clean))
        query = rows.functions_at(self._at(None)).where(named, Subsystem.status == Status.PUBLISHED, Subsystem.code != _PLATFORM)
        query = query.where(SubsystemFunction.code != Subsystem.code + ":door:enter").order_by(None)
        query = query.order_by(_foremost(SubsystemFunctionVersion, clean), SubsystemFunction.code).limit(limit)
        return tuple(rows.function_view(row) for row in self._read().execute(query))

    def items_named(self, text: str, limit: int) -> tuple[ItemView, ...]:
        """Return items that may be requested of which the own, the function's or the subsystem's name holds every word of ``text``."""
        clean, now = searchable(text), self._at(None)
        query = rows.requestable_at(now)
        if clean:
            query = query.where(_leads_to_item(clean, now)).order_by(None)
            query = query.order_by(_foremost(CatalogueItemVersion, clean), SubsystemFunction.code, CatalogueItem.id)
        return tuple(rows.item_view(row) for row in self._read().execute(query.limit(limit)))

    def matters_named(self, text: str, limit: int) -> tuple[MatterView, ...]:
        """Return live matters whose name holds every word of ``text`` or whose code it is; the first of all for an empty one."""
        clean, now = searchable(text), self._at(None)
        query = select(Matter, MatterVersion).join(MatterVersion, MatterVersion.matter_id == Matter.id)
        query = query.where(live_at(Matter, now), live_at(MatterVersion, now))
        if clean:
            query = query.where(or_(holds(MatterVersion, clean), func.upper(Matter.code) == clean.upper()))
            query = query.order_by(_foremost(MatterVersion, clean))
        return self._matters(query.order_by(Matter.code).limit(limit))

    def service_items_named(self, text: str, limit: int) -> tuple[FoundServiceItem, ...]:
        """Return service items that functions rest on, whose name holds every word of ``text`` or whose code begins with it."""
        if not (clean := searchable(text)):
            return ()
        now = self._at(None)
        bound = select(FunctionBasis.id).where(FunctionBasis.service_item_id == ServiceItem.id, live_at(FunctionBasis, now))
        named = or_(holds(ServiceItemKey, clean), ServiceItem.code.startswith(clean.upper(), autoescape=True))
        query = select(ServiceItem.id, ServiceItem.code, ServiceItemKey.name).join(
            ServiceItemKey, ServiceItemKey.service_item_id == ServiceItem.id
        )
        query = query.where(named, live_at(ServiceItem, now), bound.exists())
        found = self._read().execute(query.order_by(_foremost(ServiceItemKey, clean), ServiceItem.code).limit(limit)).all()
        resting = self._functions_resting([row.id for row in found], now)
        return tuple(FoundServiceItem(row.id, row.code, row.name, tuple(resting[row.id])) for row in found)

    def requestable_among(
        self,
        wanted: Iterable[UUID] = (),
        *,
        functions: Iterable[UUID] = (),
        codes: Iterable[str] = (),
        subsystems: Iterable[UUID] = (),
        at: datetime | None = None,
    ) -> Mapping[UUID, ItemView]:
        """Return the items that may be requested now: of those by id, of functions by id or code, and of subsystems."""
        if (ids := set(wanted)) and not (functions or codes or subsystems):
            return self._items_by_id(_REQUESTABLE.within(self._read(), {"wanted": list(ids), "at": self._at(at)}))
        named = [
            column.in_(set(keys))
            for column, keys in (
                (CatalogueItem.id, ids),
                (SubsystemFunction.id, tuple(functions)),
                (SubsystemFunction.code, tuple(codes)),
                (Subsystem.id, tuple(subsystems)),
            )
            if keys
        ]
        if not named:
            return {}
        return self._items_by_id(self._read().execute(rows.requestable_at(self._at(at)).where(or_(*named))))

    @staticmethod
    def _items_by_id(found: Iterable[rows.Found]) -> Mapping[UUID, ItemView]:
        return {row.id: rows.item_view(row) for row in found}

    def subsystems_among(self, wanted: Iterable[UUID]) -> Mapping[UUID, SubsystemView]:
        """Return subsystems by id, whatever their status."""
        ids = set(wanted)
        found = self._read().scalars(select(Subsystem).where(Subsystem.id.in_(ids))) if ids else ()
        return {row.id: rows.subsystem_view(row) for row in found}

    def _functions_resting(self, service_items: Collection[UUID], at: datetime) -> Mapping[UUID, Sequence[UUID]]:
        """Return the functions that rest on service items, by these."""
        found: dict[UUID, list[UUID]] = defaultdict(list)
        if service_items:
            links = select(FunctionBasis.service_item_id, FunctionBasis.function_id)
            links = links.where(FunctionBasis.service_item_id.in_(service_items), live_at(FunctionBasis, at))
            for row in self._read().execute(links.order_by(FunctionBasis.id)):
                found[row.service_item_id].append(row.function_id)
        return found


def _foremost(table: type[Sought], text: str) -> ColumnElement[int]:
    """Return an order in which names that begin with ``text`` come first."""
    return case((table.search_text.startswith(text.lower(), autoescape=True), 0), else_=1)


def _coded(text: str) -> ColumnElement[bool]:
    """Return the condition that the code of a function, which is ASCII, holds ``text``."""
    return SubsystemFunction.code.contains(text.lower(), autoescape=True) if text.isascii() else false()


def _leads_to_item(text: str, at: datetime) -> ColumnElement[bool]:
    """Return the condition that each word is part of what an item, its function or its subsystem is called; each on an index of its own."""
    return and_(*(_leads(word, at) for word in text.split()))


def _leads(word: str, at: datetime) -> ColumnElement[bool]:
    own = select(CatalogueItemVersion.item_id).where(holds(CatalogueItemVersion, word), live_at(CatalogueItemVersion, at))
    of_function = select(SubsystemFunctionVersion.function_id)
    of_function = of_function.where(holds(SubsystemFunctionVersion, word), live_at(SubsystemFunctionVersion, at))
    of_subsystem = select(Subsystem.id).where(holds(Subsystem, word))
    return or_(
        CatalogueItem.id.in_(own),
        CatalogueItem.function_id.in_(of_function),
        SubsystemFunction.subsystem_id.in_(of_subsystem),
        _coded(word),
    )
