"""Data scope: which rows somebody may use, and the algebra on it.

A scope is a union of *row conditions*. Each names at most one division (that one and everything in it), one department path
(that department and everything below it) and one case number, and a row has to meet all that it names. A row is a mapping
with the keys of ``ROW_KEYS``; one that does not carry what a condition reads does not meet it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any, Self

#: What a row may say of where it stands.
ROW_KEYS = ("division", "department_path", "case_number")
#: The three texts of a row condition in the order of ``ROW_KEYS``, empty where nothing is named.
Place = tuple[str, str, str]
MAX_CASE_NUMBER = 100
#: More alternatives than this from outside are nobody's data scope.
MAX_ALTERNATIVES = 2_000
_CODE_LENGTH = 12
#: GB/T 10114: two digits each for province, city and county, then three each for township and village.
_LEVELS = (2, 4, 6, 9, 12)


@lru_cache(maxsize=65_536)
def division_prefix(code: str) -> str:
    """Return the significant digits of a 12-digit division code (``"330106000000"`` → ``"330106"``).

    Whole levels are cut, never single zeros: county ``330110`` must not come out as ``33011`` and cover ``330111``.

    Raises:
        ValueError: ``code`` is not 12 digits, or starts with ``00``.
    """
    if len(code) != _CODE_LENGTH or not (code.isascii() and code.isdigit()) or code.startswith("00"):
        msg = f"a division code has 12 digits, got {code!r}"
        raise ValueError(msg)
    return next(code[:length] for length in _LEVELS if not code[length:].strip("0"))


def division_covers(outer: str, inner: str) -> bool:
    """Return whether division ``inner`` is ``outer`` or lies in it."""
    return inner.startswith(division_prefix(outer))


@dataclass(frozen=True, slots=True)
class RowCondition:
    """What a row has to meet: every one of these that is named."""

    division: str | None = None
    department_path: str | None = None
    case_number: str | None = None

    def __post_init__(self) -> None:
        """Check the form.

        Raises:
            ValueError: a division is not a code of 12 digits, a path does not begin and end with ``/``, a case number is blank.
        """
        if self.division is not None:
            division_prefix(self.division)
        path = self.department_path
        if path is not None and not (path.startswith("/") and path.endswith("/")):
            msg = f"a department path begins and ends with /, got {path!r}"
            raise ValueError(msg)
        case = self.case_number
        if case is not None and not (case == case.strip() and 0 < len(case) <= MAX_CASE_NUMBER):
            msg = f"a case number has 1 to {MAX_CASE_NUMBER} characters, got {case!r}"
            raise ValueError(msg)

    def covers(self, row: Mapping[str, Any]) -> bool:
        """Return whether ``row`` meets the condition."""
        if self.division is not None:
            division = row.get("division")
            if not isinstance(division, str) or not division.startswith(division_prefix(self.division)):
                return False
        if self.department_path is not None:
            path = row.get("department_path")
            if not isinstance(path, str) or not path.startswith(self.department_path):
                return False
        return self.case_number is None or row.get("case_number") == self.case_number

    def lacks(self, row: Mapping[str, Any]) -> frozenset[str] | None:
        """Return which keys the row would have to carry besides to meet the condition; ``None``: what it carries speaks against it."""
        missing = {key for key in ROW_KEYS if getattr(self, key) is not None and row.get(key) is None}
        carried = RowCondition(*(None if key in missing else getattr(self, key) for key in ROW_KEYS)) if missing else self
        return frozenset(missing) if carried.covers(row) else None

    def within(self, other: RowCondition) -> bool:
        """Return whether every row that meets this condition meets the other one."""
        return other.covers({"division": self.division, "department_path": self.department_path, "case_number": self.case_number})

    def meet(self, other: RowCondition) -> RowCondition | None:
        """Return the condition of the rows that meet both; ``None`` when there can be none."""
        if self.within(other):
            return self
        if other.within(self):
            return other
        try:
            return RowCondition(
                _narrower(self.division, other.division, division_covers),
                _narrower(self.department_path, other.department_path, _path_covers),
                _narrower(self.case_number, other.case_number, operator.eq),
            )
        except _ApartError:
            return None

    def to_json(self) -> dict[str, str]:
        """Return what is named, by key."""
        return {key: value for key in ROW_KEYS if (value := getattr(self, key)) is not None}

    @property
    def by_division(self) -> bool:
        """Return whether a division says it all, or nothing is named."""
        return self.department_path is None and self.case_number is None

    @property
    def place(self) -> Place:
        """Return what is named as texts, by which conditions are sorted and told apart."""
        return (self.division or "", self.department_path or "", self.case_number or "")


class _ApartError(Exception):
    """No row meets both conditions."""


def _narrower(one: str | None, two: str | None, covers: Callable[[str, str], bool]) -> str | None:
    if one is None or two is None:
        return two if one is None else one
    if covers(one, two):
        return two
    if covers(two, one):
        return one
    raise _ApartError


def _path_covers(outer: str, inner: str) -> bool:
    return inner.startswith(outer)


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
        alternatives = _normal(any_of)
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


def _normal(conditions: Iterable[RowCondition]) -> tuple[RowCondition, ...]:
    """Return the conditions in their one order, without those that another one covers."""
    different = set(conditions)
    if len(different) < 2:  # noqa: PLR2004 - two are needed for one to cover the other
        return tuple(different)
    by_place = {item.place: item for item in different}
    kept: dict[Place, RowCondition] = {}
    # What covers sorts first: its digits and its path are beginnings of those that it covers, and naming nothing comes first.
    for place in sorted(by_place):
        if not any(wider in kept for wider in _covering(place)):
            kept[place] = by_place[place]
    return tuple(kept.values())


def _covering(place: Place) -> Iterator[Place]:
    """Return the place of every condition that covers the one at ``place``, itself among them."""
    division, path, case = place
    return product(_outer_divisions(division), _outer_paths(path), {"", case})


@lru_cache(maxsize=65_536)
def _outer_divisions(code: str) -> tuple[str, ...]:
    if not code:
        return ("",)
    significant = len(division_prefix(code))
    return ("", *{code[:length].ljust(_CODE_LENGTH, "0") for length in _LEVELS if length <= significant})


def _outer_paths(path: str) -> list[str]:
    return ["", *(path[: place + 1] for place, character in enumerate(path) if character == "/")]


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
