"""The working calendar that holds now: the shipped one, amended by the days that a province imported (``calendar_day``).

A file of days says of the years whose 1 January stands in it which days are worked, all of them; of other years it amends single
days. Each process reads the days again every half minute; whoever imports is heard at once. When the database cannot be asked, the
days hold that were read last: they are announced weeks ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from sqlalchemy import extract, insert, or_, select, update
from sqlalchemy.exc import DBAPIError

from govcloud.authorization.around.work_calendar import WorkCalendar, WorkCalendarError, parse_rows
from govcloud.authorization.events import WorkCalendarImported
from govcloud.authorization.locking import take
from govcloud.authorization.models import CalendarDay
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.ids import new_ids
from govcloud.kernel.messages import Message
from govcloud.kernel.prepared import Look, Looker
from govcloud.kernel.recent import Recent
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import checked_reason

READ_AGAIN = timedelta(seconds=30)
#: The lock of whoever imports, beside those of ``locking.py``; nothing else is held under it.
CALENDAR = 0x63616C64
REASON_MOST = 500
_MOST_TEXT = 400_000
_SATURDAY = 6
_CURRENT = Look(select(CalendarDay.day, CalendarDay.works).where(CalendarDay.valid_to.is_(None)))


@dataclass(frozen=True)
class DayChange:
    """A day that is worked from now on, or no longer; ``name`` is the holiday that moves it, empty where an ordinary day comes back."""

    day: date
    works: bool
    name: str


@dataclass(frozen=True)
class CalendarChange:
    """What an import does: the years that it says everything of, those that nobody had announced, and the days that change."""

    years: tuple[int, ...]
    new_years: tuple[int, ...]
    days: tuple[DayChange, ...]


class LiveCalendar:
    """The working calendar as it is now, for decisions and clocks alike."""

    def __init__(self, look: Looker, clock: Clock, base: WorkCalendar) -> None:
        """Take what reads from the database, the clock, and the calendar that holds without any imported day."""
        self._look = look
        self._base = self._last = base
        self._recent = Recent(self._read, clock, READ_AGAIN)

    def current(self) -> WorkCalendar:
        """Return the calendar as it stood half a minute ago at the most."""
        return self._recent.get()

    def workday(self, day: date) -> bool | None:
        """Return whether the government works on ``day``; ``None`` for a year that nobody has announced.

        Decisions go by the last that was read while the database is away; commands, which could not write either, fail (``current``).
        """
        try:
            return self.current().workday(day)
        except DBAPIError:
            self._recent.keep(self._last)
            return self._last.workday(day)

    def forget(self) -> None:
        """Read the days again at the next question."""
        self._recent.forget()

    def _read(self) -> WorkCalendar:
        rows = self._look(_CURRENT)
        found = self._base.amended_by(_calendar({row.day: row.works for row in rows})) if rows else self._base
        # The same object as long as nothing changed: whoever counts by it may keep the counts.
        if found == (last := self._last):
            return last
        self._last = found
        return found


class Calendars:
    """Imports days, and says beforehand what that would change."""

    def __init__(self, uow: UnitOfWork, live: LiveCalendar) -> None:
        """Take the unit of work and the calendar that holds now."""
        self._uow = uow
        self._live = live

    def years(self) -> frozenset[int]:
        """Return the years of which it is known which days are worked."""
        return self._live.current().years

    def preview(self, text: str) -> CalendarChange:
        """Return what importing the file would change, and change nothing.

        Raises:
            Invalid: the file cannot be read; the line is named.
        """
        return self._change(_read_days(text))

    def import_days(self, actor: Actor, text: str, reason: str) -> CalendarChange:
        """Let the days of a file hold from now on, in CSV with the columns ``date``, ``day`` (``holiday``, ``workday``) and ``name``.

        Raises:
            Denied: the actor may not.
            Invalid: the file cannot be read, or there is no reason.
        """
        days = _read_days(text)
        with self._uow.begin(actor, "govcloud:work_calendar:import", Target("work_calendar", "province")) as tx:
            clean = checked_reason(reason, REASON_MOST)
            take(tx.session, CALENDAR)
            self._live.forget()
            change = self._change(days)
            _store(tx, days, change.years, clean)
            tx.record(
                WorkCalendarImported(
                    subject="work_calendar:province",
                    years=list(change.years),
                    worked=[item.day.isoformat() for item in change.days if item.works],
                    off=[item.day.isoformat() for item in change.days if not item.works],
                    reason=clean,
                )
            )
        self._live.forget()
        return change

    def _change(self, days: Sequence[DayChange]) -> CalendarChange:
        before = self._live.current()
        given = _calendar({item.day: item.works for item in days})
        after, names = before.amended_by(given), {item.day: item.name for item in days}
        touched = {item.day for item in days} | {day for year in given.years for day in _days_of(year)}
        changed = (
            DayChange(day, _works(after, day), names.get(day, "")) for day in sorted(touched) if _works(before, day) != _works(after, day)
        )
        return CalendarChange(tuple(sorted(given.years)), tuple(sorted(given.years - before.years)), tuple(changed))


def _store(tx: Transaction, days: Sequence[DayChange], years: Sequence[int], reason: str) -> None:
    """Close what the file says anew, and write what it says."""
    again = CalendarDay.day.in_([item.day for item in days])
    whole = or_(again, extract("year", CalendarDay.day).in_(years)) if years else again
    tx.session.execute(update(CalendarDay).where(CalendarDay.valid_to.is_(None), whole).values(valid_to=tx.now))
    rows = [
        {
            "id": key,
            "day": item.day,
            "works": item.works,
            "name": item.name,
            "set_by": tx.actor.reference,
            "reason": reason,
            "valid_from": tx.now,
            "valid_to": None,
        }
        for key, item in zip(new_ids(len(days)), days, strict=True)
    ]
    tx.session.execute(insert(CalendarDay), rows)


def _read_days(text: str) -> list[DayChange]:
    """Return the days of a file.

    Raises:
        Invalid: it cannot be read, is far too long, or holds no day.
    """
    if len(text) > _MOST_TEXT:
        raise _unreadable(Message("文件过大，工作日历每年不过几十行。"))
    try:
        rows = parse_rows(text.removeprefix("\ufeff"), Message("文件").template)
    except WorkCalendarError as error:
        raise _unreadable(Message("%(reason)s", reason=str(error))) from error
    if not rows:
        raise _unreadable(Message("文件中没有日期。"))
    return [DayChange(day, works, name) for day, works, name in rows]


def _unreadable(reason: Message) -> Invalid:
    return Invalid.of(FieldError("file", Message("工作日历不能读取：%(reason)s", reason=reason), ""))


def _calendar(days: dict[date, bool]) -> WorkCalendar:
    years = frozenset(day.year for day in days if (day.month, day.day) == (1, 1))
    return WorkCalendar(years, MappingProxyType(days))


def _works(calendar: WorkCalendar, day: date) -> bool:
    """Return whether a day is worked, supposing Monday to Friday where nobody has announced it, as clocks do."""
    known = calendar.workday(day)
    return day.isoweekday() < _SATURDAY if known is None else known


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=place) for place in range((date(year + 1, 1, 1) - first).days)]
