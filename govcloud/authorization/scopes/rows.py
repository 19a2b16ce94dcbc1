"""Row conditions: what a row has to meet, by division, department and case, and their one form as alternatives."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

from govcloud.authorization.case_numbers import spellings, written

#: What a row may say of where it stands.
ROW_KEYS = ("division", "department_path", "case_number")
#: The three texts of a row condition in the order of ``ROW_KEYS``, empty where nothing is named.
Place = tuple[str, str, str]
MAX_CASE_NUMBER = 100
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
    """What a row has to meet: every one of these that is named; a case number is kept in its one form."""

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
        if case is not None:
            object.__setattr__(self, "case_number", written(case))

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
        if self.case_number is None:
            return True
        case = row.get("case_number")
        return isinstance(case, str) and case in spellings(self.case_number)

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


def in_normal_form(conditions: Iterable[RowCondition]) -> tuple[RowCondition, ...]:
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
