"""Which fields of a row a rule shows, masks or hides, and the views of an answer: rows, each with how their fields are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from govcloud.authorization.scopes.scope import Scope

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
MAX_FIELDS = 200


class Shown(StrEnum):
    """How a field of a row is shown; ``HIDDEN`` fields leave the subsystem in no form."""

    CLEAR = "clear"
    MASKED = "masked"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Fields that are masked, and fields that are hidden; every other one is shown."""

    masked: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    def shows(self, name: str) -> Shown:
        """Return how the field ``name`` is shown; hiding is the stricter."""
        if name in self.hidden:
            return Shown.HIDDEN
        return Shown.MASKED if name in self.masked else Shown.CLEAR

    @property
    def names(self) -> frozenset[str]:
        """Return every field that is not plainly shown."""
        return self.masked | self.hidden

    @property
    def order(self) -> tuple[list[str], list[str]]:
        """Return the key by which views stand in their one order."""
        return sorted(self.masked), sorted(self.hidden)

    def to_json(self) -> dict[str, list[str]]:
        """Return ``{"mask": [...], "hide": [...]}``, both sorted."""
        return {"mask": sorted(self.masked), "hide": sorted(self.hidden)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> FieldRule:
        """Read what ``to_json`` wrote; an absent list is an empty one.

        Raises:
            ValueError: it is not such a rule. What is not understood is never taken for shown.
        """
        if not isinstance(value, Mapping) or not value.keys() <= {"mask", "hide"}:
            msg = f"fields are {{mask: [...], hide: [...]}}, got {value!r}"
            raise ValueError(msg)
        return cls(_names(value.get("mask", ())), _names(value.get("hide", ())))


def is_field_name(text: str) -> bool:
    """Return whether ``text`` is written as the name of a field: letters, digits and ``_``, at most 64."""
    return _NAME.fullmatch(text) is not None


def _names(value: object) -> frozenset[str]:
    if not isinstance(value, list | tuple) or len(value) > MAX_FIELDS or not all(isinstance(name, str) for name in value):
        msg = f"fields must be a list of at most {MAX_FIELDS} names, got {str(value)[:200]}"
        raise ValueError(msg)
    return frozenset(value)


#: Every field is shown.
ALL_FIELDS = FieldRule()


class View(NamedTuple):
    """Rows that may be seen, and how their fields are shown there."""

    rows: Scope
    fields: FieldRule = ALL_FIELDS


def views_of(opened: Iterable[tuple[Scope, FieldRule]]) -> tuple[View, ...]:
    """Return one view for each distinct rule on fields, its rows united, in one order."""
    by_fields: dict[FieldRule, list[Scope]] = {}
    for rows, fields in opened:
        by_fields.setdefault(fields, []).append(rows)
    if len(by_fields) > 1:
        return tuple(View(Scope.union_of(by_fields[fields]), fields) for fields in sorted(by_fields, key=_order))
    return tuple(View(Scope.union_of(rows), fields) for fields, rows in by_fields.items())


def shown(views: Iterable[View], row: Mapping[str, Any], name: str) -> Shown | None:
    """Return how a field of ``row`` is shown; ``None`` when no view covers the row, so that nothing of it is.

    The best of the views that cover this very row counts: rows that one rule opens with masks never become clear because other rows are.
    """
    found = {view.fields.shows(name) for view in views if view.rows.covers(row)}
    return next((state for state in Shown if state in found), None)


def _order(fields: FieldRule) -> tuple[list[str], list[str]]:
    return fields.order
