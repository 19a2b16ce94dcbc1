"""What stands on a list, read in sets for a comparison or a command."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from govcloud.identity.extents import department_ids_within
from govcloud.kernel.locks import take
from govcloud.subsystems.listing.kinds import IMPLEMENTATION, POWER, ListKind
from govcloud.subsystems.models import PowerItem, ServiceItem

_AT_ONCE = 5_000
_LOCK = "govcloud lists"
WHOLE = "/"
"""The path of the whole province."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry that is on a list, with the number of its version and what that says; a service item's basis with it."""

    item_id: UUID
    code: str
    department_id: UUID
    version: int
    facts: dict[str, Any]
    power_item_id: UUID | None = None


@dataclass(frozen=True)
class Extent:
    """What a list is about: whole subtree (``"/"``: the province), or, in a part of a long list, some departments of it."""

    path: str
    departments: frozenset[UUID] | None = None

    def condition(self, kind: ListKind, at: datetime) -> ColumnElement[bool] | None:
        """Return the condition that an entry lies within it; ``None`` when every entry does."""
        if self.departments is not None:
            return kind.item.department_id.in_(self.departments)
        return None if self.path == WHOLE else kind.item.department_id.in_(department_ids_within((self.path,), at))


def lock_lists(session: Session) -> None:
    """Let one change of the lists happen at a time: what was compared is what is written. Departments are held before it."""
    take(session, _LOCK)


def within(session: Session, kind: ListKind, extent: Extent, at: datetime) -> Iterator[Standing]:
    """Give all that stands within ``extent``."""
    bound = extent.condition(kind, at)
    yield from _standing(session, kind, *(() if bound is None else (bound,)))


def by_codes(session: Session, kind: ListKind, codes: Collection[str]) -> Iterator[Standing]:
    """Give what stands under any of ``codes``, in whatever department."""
    yield from _by(codes, lambda some: _standing(session, kind, kind.item.code.in_(some)))


def by_ids(session: Session, kind: ListKind, ids: Collection[UUID]) -> Iterator[Standing]:
    """Give what stands of ``ids``."""
    yield from _by(ids, lambda some: _standing(session, kind, kind.item.id.in_(some)))


def resting_on(session: Session, power_items: Collection[UUID]) -> Iterator[Standing]:
    """Give the service items that rest on entries of the power list."""
    yield from _by(power_items, lambda some: _standing(session, IMPLEMENTATION, ServiceItem.power_item_id.in_(some)))


def powers_of(session: Session, wanted: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    """Return the ids of entries of the power list by department and base code."""
    codes = {code for _, code in wanted}
    found = _by(codes, lambda some: _live_powers(session, some))
    return {(department, code): item for department, code, item in found if (department, code) in wanted}


def _live_powers(session: Session, codes: Collection[str]) -> Iterable[tuple[UUID, str, UUID]]:
    query = select(PowerItem.department_id, PowerItem.code, PowerItem.id).where(PowerItem.code.in_(codes), PowerItem.valid_to.is_(None))
    return ((row.department_id, row.code, row.id) for row in session.execute(query))


def _standing(session: Session, kind: ListKind, *conditions: ColumnElement[bool]) -> Iterator[Standing]:
    columns = [getattr(kind.version, name) for name in kind.facts]
    basis = [ServiceItem.power_item_id] if kind is not POWER else []
    query = (
        select(kind.item.id, kind.item.code, kind.item.department_id, kind.version.version, *columns, *basis)
        .join(kind.version, kind.owner_column == kind.item.id)
        .where(kind.item.valid_to.is_(None), kind.version.valid_to.is_(None), *conditions)
    )
    for row in session.execute(query):
        facts = {name: getattr(row, name) for name in kind.facts}
        yield Standing(row.id, row.code, row.department_id, row.version, facts, row.power_item_id if basis else None)


def _by(wanted: Collection[Any], read: Callable[[Collection[Any]], Iterable[T]]) -> Iterator[T]:
    """Ask for many in sets of a few thousand."""
    every = list(wanted)
    for start in range(0, len(every), _AT_ONCE):
        yield from read(every[start : start + _AT_ONCE])
