"""The working calendar: which days the government works, by the State Council's yearly notice on holidays.

The notices move working days about, so no rule gives the days: they are data. A year whose 1 January stands in the data is known;
of any other year nothing is said, and ``context.workday`` is undetermined there, which opens nothing. A notice may also move single
days of the December before it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

HOLIDAY, WORKDAY = "holiday", "workday"
_COLUMNS = ("date", "day", "name")
_SATURDAY = 6
_MOST_LINES = 20_000


class Days(Protocol):
    """Whatever knows which days are worked."""

    def workday(self, day: date) -> bool | None:
        """Return whether the government works on ``day`` (China Standard Time); ``None`` for a year that nobody has announced."""
        ...


class WorkCalendarError(Exception):
    """A file of days cannot be read; names the line and what is wrong there."""


@dataclass(frozen=True)
class WorkCalendar:
    """Days off and make-up working days of the years that are known."""

    years: frozenset[int]
    _days: Mapping[date, bool]

    def workday(self, day: date) -> bool | None:
        """Return whether the government works on ``day`` (China Standard Time); ``None`` for a year that nobody has announced."""
        if day.year not in self.years:
            return None
        return self._days.get(day, day.isoweekday() < _SATURDAY)

    def amended_by(self, other: WorkCalendar) -> WorkCalendar:
        """Return this calendar with the years that ``other`` knows, and its single days of others, in place of its own."""
        kept = {day: works for day, works in self._days.items() if day.year not in other.years}
        return WorkCalendar(self.years | other.years, MappingProxyType({**kept, **other._days}))


def read_calendar(path: Path) -> WorkCalendar:
    """Read a file of days: CSV with the columns ``date``, ``day`` (``holiday`` or ``workday``) and ``name``.

    Raises:
        WorkCalendarError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkCalendarError(f"{path}: {error}") from error
    return parse_calendar(text, str(path))


def parse_calendar(text: str, source: str) -> WorkCalendar:
    """Read the text of such a file; ``source`` names it in errors.

    Raises:
        WorkCalendarError: names the line.
    """
    days = {day: works for day, works, _ in parse_rows(text, source)}
    years = frozenset(day.year for day in days if (day.month, day.day) == (1, 1))
    if not years:
        raise WorkCalendarError(f"{source}: holds no year; a year counts as known when its 1 January stands there")
    return WorkCalendar(years, MappingProxyType(days))


def parse_rows(text: str, source: str) -> list[tuple[date, bool, str]]:
    """Return each day of such a file, whether it is worked, and the holiday that moves it.

    Raises:
        WorkCalendarError: names the line.
    """
    rows: list[tuple[date, bool, str]] = []
    seen: set[date] = set()
    try:
        for line, day, kind, name in _rows(text.splitlines(), source):
            if day in seen:
                raise WorkCalendarError(f"{source}, line {line}: {day} stands twice")
            seen.add(day)
            rows.append((day, kind == WORKDAY, name))
    except csv.Error as error:
        raise WorkCalendarError(f"{source}, line {len(rows) + 2}: {error}") from error
    return rows


@cache
def shipped_calendar() -> WorkCalendar:
    """Return the calendar that ships with the platform (国务院办公厅关于部分节假日安排的通知, year by year)."""
    name = "work_calendar.csv"
    return parse_calendar((files("govcloud.authorization") / "data" / name).read_text(encoding="utf-8"), name)


def _rows(lines: Iterable[str], source: str) -> Iterator[tuple[int, date, str, str]]:
    reader = csv.reader(line for line in lines if not line.startswith("#"))
    if tuple(next(reader, ())) != _COLUMNS:
        raise WorkCalendarError(f"{source}: the first line has to be {','.join(_COLUMNS)}")
    for line, cells in enumerate(reader, start=2):
        if line > _MOST_LINES:
            raise WorkCalendarError(f"{source}: more than {_MOST_LINES} lines are no calendar")
        if len(cells) != len(_COLUMNS) or cells[1] not in {HOLIDAY, WORKDAY}:
            raise WorkCalendarError(f"{source}, line {line}: needs a date, holiday or workday, and a name, got {','.join(cells)[:100]!r}")
        yield line, _day(cells[0], f"{source}, line {line}"), cells[1], cells[2].strip()


def _day(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WorkCalendarError(f"{place}: {text[:40]!r} is no date such as 2026-10-01") from error
