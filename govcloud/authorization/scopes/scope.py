"""Data scope: which rows somebody may use, and the algebra on it.

A scope is a union of *row conditions*. Each names at most one division (that one and everything in it), one department path
(that department and everything below it) and one case number, and a row has to meet all that it names. A row is a mapping
with the keys of ``ROW_KEYS``; one that does not carry what a condition reads does not meet it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

from govcloud.authorization.scopes.rows import MAX_CASE_NUMBER, ROW_KEYS, RowCondition, division_covers, division_prefix, in_normal_form

__all__ = [
    "MAX_CASE_NUMBER",
    "NOTHING",
    "PROVINCE",
    "ROW_KEYS",
    "RowCondition",
    "Scope",
    "department_scope",
    "division_covers",
    "division_prefix",
    "division_scope",
]

#: More alternatives than this from outside are nobody's data scope.
MAX_ALTERNATIVES = 2_000
_ANY_ROW = RowCondition()


@dataclass(frozen=True, slots=True, init=False)
class Scope:
    """The rows that may be used: those that meet one of ``alternatives``; the empty condition is every row, no condition is none.

    Kept sorted and without alternatives that another one already covers, so that scopes of the same rows compare equal.
    ``whole`` says that every row may be used.
    """

    alternatives: tuple[RowCondition, ...]
    whole: bool = field(compare=False, repr=False)

    def __init__(self, divisions: Iterable[str] | None = None, *, any_of: Iterable[RowCondition] | None = None) -> None:
        """Take the divisions whose rows may be used (``None``: every row), or the row conditions of which one suffices.

        Raises:
            ValueError: a code is not a division code.
        """
        if any_of is None:
            any_of = (_ANY_ROW,) if divisions is None else [RowCondition(code) for code in divisions]
        elif divisions is not None:
            msg = "a scope is made of divisions or of row conditions, not of both"
            raise ValueError(msg)
        alternatives = in_normal_form(any_of)
        object.__setattr__(self, "alternatives", alternatives)
        object.__setattr__(self, "whole", alternatives == (_ANY_ROW,))

    @staticmethod
    def union_of(scopes: Iterable[Scope]) -> Scope:
        """Return the rows that any of ``scopes`` allows; they are brought into the one form once, however many they are."""
        different: list[Scope] = []
        for scope in scopes:
            if scope.whole:
                return scope
            if scope.alternatives and scope not in different:
                different.append(scope)
        if len(different) < 2:  # noqa: PLR2004 - one scope is its own union
            return different[0] if different else NOTHING
        return Scope(any_of=[item for scope in different for item in scope.alternatives])

    @property
    def divisions(self) -> tuple[str, ...] | None:
        """Return the divisions all of whose rows may be used; ``None`` when every row may.

        Where the scope names departments or cases as well, this is less than the whole of it, never more.
        """
        if self.whole:
            return None
        return tuple(item.division for item in self.alternatives if item.division is not None and item.by_division)

    @property
    def by_divisions(self) -> bool:
        """Return whether divisions alone say it all (so does every row, and no row)."""
        return all(item.by_division for item in self.alternatives)

    def covers(self, other: str | Mapping[str, Any] | Scope) -> bool:
        """Return whether a row (or a division: a row that says no more), or everything in the other scope, lies in this one."""
        if self.whole:
            return True
        if isinstance(other, Scope):
            return all(any(theirs.within(mine) for mine in self.alternatives) for theirs in other.alternatives)
        row = {"division": other} if isinstance(other, str) else other
        return any(item.covers(row) for item in self.alternatives)

    def lacks(self, row: Mapping[str, Any]) -> frozenset[str] | None:
        """Return the keys that ``row`` would have to carry besides to be covered; ``None``: it never would be. Empty: it is covered."""
        found = [missing for item in self.alternatives if (missing := item.lacks(row)) is not None]
        return min(found, key=len) if found else None

    def intersect(self, other: Scope) -> Scope:
        """Return the rows that both allow."""
        if self.whole:
            return other
        if other.whole:
            return self
        return Scope(any_of=[met for mine in self.alternatives for theirs in other.alternatives if (met := mine.meet(theirs))])

    def union(self, other: Scope) -> Scope:
        """Return the rows that either allows."""
        return Scope.union_of((self, other))

    def to_json(self) -> dict[str, Any]:
        """Return ``{"divisions": [...]}`` (``None``: every row), or ``{"any": [...]}`` where divisions do not say it all."""
        if self.by_divisions:
            divisions = self.divisions
            return {"divisions": None if divisions is None else list(divisions)}
        return {"any": [item.to_json() for item in self.alternatives]}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read what ``to_json`` wrote; ``None`` and a mapping with neither key are every row. Other keys belong to others.

        Raises:
            ValueError: it is not such a scope. What is not understood is never taken for a wider one.
        """
        if value is not None and not isinstance(value, Mapping):
            msg = f"a scope is a mapping, got {value!r}"
            raise ValueError(msg)
        given = value or {}
        divisions = given.get("divisions")
        if "any" in given:
            if divisions is not None:
                msg = "a scope has either any or divisions"
                raise ValueError(msg)
            return cls(any_of=_conditions(given["any"]))
        if divisions is None:
            return cls()
        if not isinstance(divisions, list | tuple) or not all(isinstance(code, str) for code in divisions):
            msg = f"divisions must be a list of codes, got {divisions!r}"
            raise ValueError(msg)
        return cls(divisions)


def _conditions(value: object) -> Iterable[RowCondition]:
    if not isinstance(value, list | tuple) or len(value) > MAX_ALTERNATIVES:
        msg = f"any must be a list of at most {MAX_ALTERNATIVES} row conditions, got {str(value)[:200]}"
        raise ValueError(msg)
    return [_condition(item) for item in value]


def _condition(value: object) -> RowCondition:
    """Read one row condition; a key that is not known is refused, for leaving it out would open more rows."""
    if not isinstance(value, Mapping) or not value.keys() <= set(ROW_KEYS) or not all(isinstance(item, str) for item in value.values()):
        msg = f"a row condition names {', '.join(ROW_KEYS)} as texts, got {value!r}"
        raise ValueError(msg)
    return RowCondition(**value)


PROVINCE = Scope()
NOTHING = Scope(())


@lru_cache(maxsize=65_536)
def division_scope(code: str) -> Scope:
    """Return the rows of one division and everything in it.

    Raises:
        ValueError: ``code`` is not a division code.
    """
    return Scope((code,))


@lru_cache(maxsize=65_536)
def department_scope(path: str) -> Scope:
    """Return the rows of one department and everything below it.

    Raises:
        ValueError: ``path`` does not begin and end with ``/``.
    """
    return Scope(any_of=(RowCondition(department_path=path),))
