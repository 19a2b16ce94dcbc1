"""What a yes lets somebody see: views, each some rows with a rule for their fields; the rows filtered, the fields masked by row.

A row may be seen if any view covers it. Each of its fields is shown if some covering view shows it, else masked if some covering view
masks it, else hidden: rows that one rule opens with masks do not become clear because another rule opens other rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar
from uuid import UUID

from govcloud.client.columns import Columns, values_of
from govcloud.client.masks import STANDARD, generic
from govcloud.client.rows import ALL_ROWS, Rows, united

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


class FieldState(StrEnum):
    """How much of a field is shown, the most first."""

    SHOWN = "shown"
    MASKED = "masked"
    HIDDEN = "hidden"


_ORDER = {state: place for place, state in enumerate(FieldState)}


@dataclass(frozen=True)
class FieldRule:
    """Which fields are masked and which hidden, by the policy's names; every other one is shown."""

    masked: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    def state(self, field: str) -> FieldState:
        """Return how much of ``field`` is shown; a field that is named twice is hidden."""
        if field in self.hidden:
            return FieldState.HIDDEN
        return FieldState.MASKED if field in self.masked else FieldState.SHOWN

    @property
    def limits(self) -> bool:
        """Return whether any field is not shown."""
        return bool(self.masked or self.hidden)


@dataclass(frozen=True)
class View:
    """Some rows, and how much of their fields is shown."""

    rows: Rows
    fields: FieldRule = FieldRule()


class Masked(dict[str, Any]):
    """A row as somebody may see it: what is hidden is not there, what is masked is in its masked form.

    Attributes:
        covered: whether any view covers the row; one that none covers is empty.
        masked: the keys that hold a masked form.
        hidden: the keys that the row has, and that are not there.
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        covered: bool = True,
        masked: Iterable[str] = (),
        hidden: Iterable[str] = (),
    ) -> None:
        """Take what may be seen, and what became of the rest."""
        super().__init__(values or {})
        self.covered = covered
        self.masked = frozenset(masked)
        self.hidden = frozenset(hidden)

    def __missing__(self, key: str) -> Any:  # noqa: ANN401 - nothing is returned
        raise KeyError(f"{key} is hidden from this official" if key in self.hidden else key)

    def state(self, key: str) -> FieldState:
        """Return how much of the field under ``key`` is there; a key that the row does not have counts as hidden."""
        if key not in self:
            return FieldState.HIDDEN
        return FieldState.MASKED if key in self.masked else FieldState.SHOWN


class _Filterable(Protocol):
    """A statement with a WHERE: ``select``, ``update``, ``delete`` or a query of the ORM."""

    def where(self, *conditions: ColumnElement[bool]) -> Self: ...


Statement = TypeVar("Statement", bound=_Filterable)


@dataclass(frozen=True)
class Views:
    """What a yes lets somebody see; without any view, nothing."""

    items: tuple[View, ...] = ()

    def __iter__(self) -> Iterator[View]:
        """Return the views."""
        return iter(self.items)

    @cached_property
    def rows(self) -> Rows:
        """Return the rows that any view covers."""
        return united(view.rows for view in self.items)

    def covers(self, row: object, columns: object = None) -> bool:
        """Return whether ``row`` may be seen; ``columns`` as in ``Columns.of``."""
        return any(view.rows.covers(row, columns) for view in self.items)

    def state(self, row: object, field: str, columns: object = None) -> FieldState:
        """Return how much of the policy's ``field`` is shown of ``row``."""
        return _most(self._rules(row, Columns.of(columns)), field)

    def filter(self, statement: Statement, columns: object) -> Statement:
        """Return ``statement`` kept to the rows that may be seen.

        Args:
            statement: ``select``, ``update``, ``delete`` or a query of the ORM.
            columns: a model, a table, the column of the division, or ``Columns``; see ``Columns.of``.

        Raises:
            ConfigurationError: ``columns`` names no column.
        """
        return statement.where(self.rows.filter(columns))

    def mask(self, row: object, columns: object = None) -> Masked:
        """Return ``row`` as it may be seen; empty, with ``covered`` false, when it may not be seen at all.

        Nested mappings and lists follow the same rule. Where any field is limited, a value that is no plain value and cannot be looked
        into is masked whole: it might hold what must not be shown.
        """
        layout = Columns.of(columns)
        rules = self._rules(row, layout)
        values = values_of(row)
        if not rules:
            return Masked(covered=False, hidden=map(str, values))
        return _Masking(lambda field: _most(rules, field), layout, rules).row(values)

    def masked(self, rows: Iterable[object], columns: object = None) -> list[Masked]:
        """Return ``rows`` as they may be seen; those that may not be seen are left out."""
        layout = Columns.of(columns)
        return [seen for row in rows if (seen := self.mask(row, layout)).covered]

    def _rules(self, row: object, layout: Columns) -> tuple[FieldRule, ...]:
        """Return the rules of the views that cover ``row``."""
        return tuple(view.fields for view in self.items if view.rows.covers(row, layout))


NO_VIEWS = Views()
EVERYTHING = Views((View(ALL_ROWS),))


def _most(rules: Iterable[FieldRule], field: str) -> FieldState:
    """Return the most that one of ``rules`` shows of ``field``; nothing without a rule."""
    return min((rule.state(field) for rule in rules), key=_ORDER.__getitem__, default=FieldState.HIDDEN)


#: Values that hold nothing but themselves.
_PLAIN = (str, int, float, bool, type(None), Decimal, date, time, timedelta, UUID, Enum, bytes)


class _Masking:
    """Goes through one row."""

    def __init__(self, state: Callable[[str], FieldState], layout: Columns, rules: Iterable[FieldRule]) -> None:
        self._state = state
        self._layout = layout
        self._limited = any(rule.limits for rule in rules)

    def row(self, values: Mapping[Any, Any]) -> Masked:
        """Return what may be seen of a mapping, whole or nested."""
        seen: dict[str, Any] = {}
        masked, hidden = [], []
        for given, value in values.items():
            key = str(given)
            match self.of(key):
                case FieldState.HIDDEN:
                    hidden.append(key)
                case FieldState.MASKED:
                    masked.append(key)
                    seen[key] = self.cover(key, value)
                case FieldState.SHOWN:
                    seen[key] = self.inside(value)
        return Masked(seen, masked=masked, hidden=hidden)

    def of(self, key: str) -> FieldState:
        """Return how much of the field under ``key`` is shown: by its own name and by the policy's, the least of both."""
        names = {key, self._layout.field_of(key)}
        state = max((self._state(name) for name in names), key=_ORDER.__getitem__)
        return FieldState.MASKED if state is FieldState.SHOWN and key in self._layout.masked else state

    def cover(self, key: str, value: object) -> str | None:
        """Return the masked form of a value; what is absent stays absent."""
        if value is None:
            return None
        mask = self._layout.masks.get(key) or STANDARD.get(self._layout.field_of(key), generic)
        return mask(value)

    def inside(self, value: Any) -> Any:  # noqa: ANN401 - a row's values are its subsystem's
        """Return a value that is shown, with what it holds under the same rule."""
        if not self._limited and not self._layout.masked:
            return value
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, Mapping):
            return dict(self.row(value))
        if isinstance(value, list | tuple | set | frozenset):
            return [self.inside(item) for item in value]
        return generic(value)
