"""Working time: how long it takes when only the hours count in which the government works; pure, over a calendar and working hours.

Days follow the State Council's notices. Of a year that nobody has announced it is supposed that Monday to Friday are worked, for a
clock has to go on; whoever shows such a moment says that it is supposed (``announced``). Hours are those of China, which has had one
zone without summer time since 1991, wherever the server stands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate, pairwise

from govcloud.authorization.around.surroundings import CHINA
from govcloud.authorization.around.work_calendar import Days

_NOTHING = timedelta(0)
_DAY = timedelta(days=1)
_SATURDAY = 6
#: Counting begins here, nothing that the platform measures being older, and ends where dates do.
_FIRST_YEAR, _LAST_YEAR = 2000, 9998


@dataclass(frozen=True)
class WorkingHours:
    """The stretches of a working day in which people work, in the order of the day, each half-open, as clocks in China show them.

    Raises:
        ValueError: there is none, one ends before it begins, or two overlap.
    """

    spans: tuple[tuple[time, time], ...] = ((time(9), time(12)), (time(13, 30), time(17)))

    def __post_init__(self) -> None:
        """Refuse hours in which nobody could work."""
        ends = [moment for span in self.spans for moment in span]
        if not ends or any(later <= earlier for earlier, later in pairwise(ends)):
            raise ValueError(f"working hours need to rise through the day, got {self.spans}")

    @property
    def length(self) -> timedelta:
        """Return how long a working day is."""
        return sum((_of_day(until) - _of_day(since) for since, until in self.spans), _NOTHING)

    def worked_by(self, of_day: timedelta) -> timedelta:
        """Return how much of a working day is over at ``of_day`` (since midnight)."""
        return sum((min(max(of_day - _of_day(since), _NOTHING), _of_day(until) - _of_day(since)) for since, until in self.spans), _NOTHING)

    def reached(self, worked: timedelta) -> timedelta:
        """Return the first time of day at which ``worked`` (more than nothing, at most a day's length) is over."""
        for since, until in self.spans:
            stretch = _of_day(until) - _of_day(since)
            if worked <= stretch:
                return _of_day(since) + worked
            worked -= stretch
        raise ValueError("a working day is not as long as that")


OFFICE_HOURS = WorkingHours()
"""Nine to noon and half past one to five, unless a province says otherwise."""


@dataclass(frozen=True)
class WorkingTime:
    """Counts working time between moments, and from a moment on."""

    calendar: Days
    hours: WorkingHours = OFFICE_HOURS
    _counts: dict[int, list[int]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def day(self) -> timedelta:
        """Return how long a working day is."""
        return self.hours.length

    def works(self, day: date) -> bool:
        """Return whether ``day`` is worked: as announced, else Monday to Friday."""
        known = self.calendar.workday(day)
        return day.isoweekday() < _SATURDAY if known is None else known

    def announced(self, at: datetime) -> bool:
        """Return whether the days of that year have been announced; otherwise they are only supposed."""
        return self.calendar.workday(at.astimezone(CHINA).date()) is not None

    def between(self, since: datetime, until: datetime) -> timedelta:
        """Return the working time in ``[since, until)``; nothing when ``until`` is not later."""
        if until <= since:
            return _NOTHING
        return self._elapsed(until) - self._elapsed(since)

    def add(self, since: datetime, span: timedelta) -> datetime:
        """Return the first moment (UTC) from ``since`` on by which ``span`` of working time is over; for none, ``since`` itself.

        Raises:
            ValueError: ``span`` is less than nothing.
            OverflowError: no calendar reaches as far.
        """
        if span < _NOTHING:
            raise ValueError(f"time does not run back, got {span}")
        if span == _NOTHING:
            return since.astimezone(UTC)
        wanted = self._elapsed(since) + span
        # The last day before whose end ``wanted`` is over: whole days before it, then a part of it that is more than nothing.
        whole = -(-wanted // self.day) - 1
        return self._at(whole, wanted - whole * self.day)

    def _elapsed(self, at: datetime) -> timedelta:
        """Return the working time since the beginning of the calendar."""
        local = at.astimezone(CHINA)
        day = local.date()
        whole = self._before(day) * self.day
        if not self.works(day):
            return whole
        return whole + self.hours.worked_by(local.replace(tzinfo=None) - datetime.combine(day, time()))

    def _before(self, day: date) -> int:
        """Return how many working days lie before ``day``."""
        return sum(self._days_in(year)[-1] for year in range(_FIRST_YEAR, day.year)) + self._days_in(day.year)[day.timetuple().tm_yday - 1]

    def _at(self, whole: int, rest: timedelta) -> datetime:
        """Return the moment of the day after ``whole`` working days at which ``rest`` of it is over."""
        year = _FIRST_YEAR
        while whole >= (in_year := self._days_in(year)[-1]):
            whole -= in_year
            year += 1
            if year > _LAST_YEAR:
                raise OverflowError("no calendar reaches as far as that")
        # The last place at which so many days lie before is the working day itself.
        place = bisect_right(self._days_in(year), whole) - 1
        day = date(year, 1, 1) + place * _DAY
        return (datetime.combine(day, time(), CHINA) + self.hours.reached(rest)).astimezone(UTC)

    def _days_in(self, year: int) -> list[int]:
        """Return how many working days of a year lie before each of its days, and at last how many it has; counted once."""
        if self.calendar.workday(date(year, 1, 1)) is None:
            return _supposed_in(year)
        known = self._counts.get(year)
        if known is None:
            known = self._counts[year] = _counted(year, self.works)
        return known


def _counted(year: int, works: Callable[[date], bool]) -> list[int]:
    length = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    return [*accumulate((int(works(date(year, 1, 1) + place * _DAY)) for place in range(length)), initial=0)]


@cache
def _supposed_in(year: int) -> list[int]:
    """Return the same for a year that nobody has announced, which no calendar changes: of those there are dozens to begin with."""
    return _counted(year, lambda day: day.isoweekday() < _SATURDAY)


def _of_day(at: time) -> timedelta:
    """Return how long after midnight that is."""
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def missing_year(years: Collection[int], now: datetime) -> int | None:
    """Return the year whose days ought to be known by now and are not: this one, or, in its last two months, the next.

    The State Council announces a year's days late in October or early in November of the one before.
    """
    today = now.astimezone(CHINA).date()
    wanted = (today.year, today.year + 1) if today.month >= _ANNOUNCED_BY else (today.year,)
    return next((year for year in wanted if year not in years), None)


_ANNOUNCED_BY = 11
