"""Which rows an answer opens: alternatives of row conditions, held against one row or turned into a filter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from govcloud.client.case_numbers import spellings
from govcloud.client.columns import ROW_KEYS, Columns

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_CODE_LENGTH = 12
#: GB/T 10114: two digits each for province, city and county, then three each for township and village.
_LEVELS = (2, 4, 6, 9, 12)
#: A department's path holds 32 hexadecimal digits for each level; nobody's organisation is deeper than this.
_LONGEST = 2_000


@lru_cache(maxsize=65_536)
def division_range(code: str) -> tuple[str, str]:
    """Return the first and the last code of a division and everything in it, both included.

    ``"330106000000"`` → ``("330106000000", "330106999999")``. Whole levels are cut, never single zeros: county ``330110`` must not
    come out as ``33011`` and cover ``330111``.

    Raises:
        ValueError: ``code`` is not a 12-digit code.
    """
    if len(code) != _CODE_LENGTH or not (code.isascii() and code.isdigit()) or code.startswith("00"):
        raise ValueError(f"a division code has 12 digits, got {code[:100]!r}")
    prefix = next(code[:length] for length in _LEVELS if not code[length:].strip("0"))
    return code, prefix.ljust(_CODE_LENGTH, "9")


def path_range(path: str) -> tuple[str, str]:
    """Return where the paths of a department and everything below it begin (included) and end (excluded), compared byte by byte.

    Raises:
        ValueError: ``path`` does not begin and end with a slash.
    """
    if not (1 < len(path) <= _LONGEST and path.startswith("/") and path.endswith("/")):
        raise ValueError(f"a department's path begins and ends with a slash, got {path[:100]!r}")
    return path, f"{path[:-1]}0"  # in ASCII the character after the slash is the zero


@dataclass(frozen=True, slots=True)
class RowCondition:
    """What a row has to meet, all of it at once; ``None``: does not matter.

    Attributes:
        division: 12-digit code; that division and everything in it.
        department_path: ``"/…/"``; that department and everything below it.
        case_number: exactly that case, however its number is written.
    """

    division: str | None = None
    department_path: str | None = None
    case_number: str | None = None

    def __post_init__(self) -> None:
        """Check the form.

        Raises:
            ValueError: a value is not what its key says, or nothing is named: that would be every row.
        """
        if self.division is not None:
            division_range(self.division)
        if self.department_path is not None:
            path_range(self.department_path)
        if self.case_number is not None and not 0 < len(self.case_number) <= _LONGEST:
            raise ValueError("a case number is not empty")
        if self.division is None and self.department_path is None and self.case_number is None:
            raise ValueError("a row condition names a division, a department or a case")

    def covers(self, row: Mapping[str, object]) -> bool:
        """Return whether a row (by the keys of ``ROW_KEYS``) meets all of it; what the row does not carry is not met."""
        if self.division is not None:
            first, last = division_range(self.division)
            division = row.get("division")
            if not isinstance(division, str) or not first <= division <= last:
                return False
        if self.department_path is not None:
            path = row.get("department_path")
            if not isinstance(path, str) or not path.startswith(self.department_path):
                return False
        if self.case_number is None:
            return True
        case = row.get("case_number")
        return isinstance(case, str) and case in spellings(self.case_number)

    def within(self, other: RowCondition) -> bool:
        """Return whether every row that meets this condition meets the other one."""
        return other.covers({key: getattr(self, key) for key in ROW_KEYS})

    def named(self) -> dict[str, str]:
        """Return what is named, by key."""
        return {key: value for key in ROW_KEYS if (value := getattr(self, key)) is not None}


@dataclass(frozen=True)
class Rows:
    """The rows that an answer opens: those that meet one of ``alternatives``; ``None`` is every row, the empty tuple none.

    ``label_at_most`` is the highest security label that a row among them may carry. It counts where ``Columns.label`` names the column;
    an answer that says nothing of labels opens rows without one (or with 0).
    """

    alternatives: tuple[RowCondition, ...] | None
    label_at_most: int = 0

    @classmethod
    def within(cls, *divisions: str) -> Rows:
        """Return the rows of these divisions (12-digit codes) and everything in them.

        Raises:
            ValueError: a code is no division code.
        """
        return cls(tuple(RowCondition(code) for code in divisions))

    @property
    def divisions(self) -> tuple[str, ...] | None:
        """Return the divisions all of whose rows are open; ``None``: every row is. Departments and cases are not among them."""
        if self.alternatives is None:
            return None
        return tuple(item.division for item in self.alternatives if item.division is not None and len(item.named()) == 1)

    def covers(self, row: str | Mapping[str, Any] | object, columns: object = None) -> bool:
        """Return whether a row may be used.

        Args:
            row: the row (a mapping, a SQLAlchemy row, an object of a model, a dataclass); a text is the code of its division, and says
                nothing of a label.
            columns: where the row keeps what conditions read, when not under ``division``, ``department_path``, ``case_number``;
                see ``Columns``.
        """
        if isinstance(row, str):
            place: Mapping[str, Any] = {"division": row}
        else:
            layout = Columns.of(columns)
            if not layout.cleared(row, self.label_at_most):
                return False
            place = layout.place_of(row)
        if self.alternatives is None:
            return True
        return any(item.covers(place) for item in self.alternatives)

    def filter(self, columns: object) -> ColumnElement[bool]:
        """Return the SQLAlchemy condition that selects exactly the rows that ``covers`` allows.

        Args:
            columns: the column with the division's code, or a model, a table or ``Columns``.

        Raises:
            ConfigurationError: ``columns`` names no column.
        """
        from govcloud.client.sql import condition  # noqa: PLC0415 - a subsystem without SQLAlchemy can still check

        return condition(self, Columns.of(columns))

    def union(self, *others: Rows) -> Rows:
        """Return the rows that any of them opens; of different bounds on labels the lowest holds for all, so that none opens too much."""
        holding = [rows for rows in (self, *others) if rows.alternatives != ()]
        label = min((rows.label_at_most for rows in holding), default=0)
        if any(rows.alternatives is None for rows in holding):
            return Rows(None, label)
        return Rows(tuple(dict.fromkeys(item for rows in holding for item in rows.alternatives or ())), label)

    def holds(self, other: Rows) -> bool:
        """Return whether every alternative of ``other`` lies within one of these, and its labels within the bound."""
        if other.label_at_most > self.label_at_most:
            return False
        if self.alternatives is None:
            return True
        if other.alternatives is None:
            return False
        own = set(self.alternatives)
        return all(item in own or any(item.within(wider) for wider in self.alternatives) for item in other.alternatives)


ALL_ROWS = Rows(None)
NO_ROWS = Rows(())


def united(rows: Iterable[Rows]) -> Rows:
    """Return the rows that any of them opens."""
    return NO_ROWS.union(*rows)
