"""Lists as tables that can be edited and imported again: the columns of the import, with the department's name beside its code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from govcloud.identity.queries import IdentityQueries
from govcloud.identity.views import DepartmentView
from govcloud.subsystems.listing.kinds import ListKind
from govcloud.subsystems.listing.views import ItemView

#: No column of an import, so it is left out when the table comes back.
DEPARTMENT = "部门名称"
_AT_ONCE = 1_000


def export_heads(kind: ListKind) -> list[str]:
    """Return the heads of a list's table."""
    return [*kind.columns.headings.values(), DEPARTMENT]


def export_rows(kind: ListKind, items: Iterable[ItemView], identity: IdentityQueries, at: datetime | None = None) -> Iterator[list[object]]:
    """Give the rows of a list's table; departments are looked up a thousand entries at a time."""
    waiting: list[ItemView] = []
    for item in items:
        waiting.append(item)
        if len(waiting) == _AT_ONCE:
            yield from _rows(kind, waiting, identity, at)
            waiting = []
    yield from _rows(kind, waiting, identity, at)


def _rows(kind: ListKind, items: list[ItemView], identity: IdentityQueries, at: datetime | None) -> Iterator[list[object]]:
    departments = identity.departments({item.department_id for item in items}, at)
    for item in items:
        department = departments.get(item.department_id)
        yield [*(_cell(item, key, department) for key in kind.columns.keys), department.name if department else ""]


def _cell(item: ItemView, key: str, department: DepartmentView | None) -> object:
    if key == "department_uscc":
        return department.uscc if department else ""
    value = getattr(item, key)
    # A list is read by people and programs alike: days are whole numbers, and nothing promised is an empty cell.
    return "" if value is None else str(value)
