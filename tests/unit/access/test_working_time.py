"""Working time counted: by days that are known by heart, and by properties that hold for any calendar and any hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.access.clocks.working_time import WorkingHours, WorkingTime, missing_year
from govcloud.authorization.around.surroundings import CHINA
from govcloud.authorization.around.work_calendar import WorkCalendar, shipped_calendar

SHIPPED = WorkingTime(shipped_calendar())
NOTHING = timedelta(0)


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


BY_HEART = [
    # from, working hours, until
    ("2026-11-24T09:30", 1, "2026-11-24T10:30"),
    ("2026-11-24T09:30", 2.5, "2026-11-24T12:00"),  # to the very end of the morning
    ("2026-11-24T09:30", 3, "2026-11-24T14:00"),  # across noon
    ("2026-11-24T09:30", 13, "2026-11-26T09:30"),  # two working days
    ("2026-11-24T09:30", 6.0, "2026-11-24T17:00"),
    ("2026-11-24T09:30", 26, "2026-11-30T09:30"),  # four, over a weekend
    ("2026-11-24T23:00", 1, "2026-11-25T10:00"),  # at night the clock stands
    ("2026-11-28T10:00", 1, "2026-11-30T10:00"),  # a Saturday
    ("2026-09-30T16:00", 2, "2026-10-08T10:00"),  # 国庆节: 1 to 7 October off
    ("2026-10-09T16:00", 2, "2026-10-10T10:00"),  # the Saturday after it is worked
    ("2026-12-31T16:00", 2, "2027-01-01T10:00"),  # nobody has announced 2027: Friday the 1st is supposed to be worked
]


@pytest.mark.parametrize(("since", "hours", "until"), BY_HEART)
def test_days_by_heart(since: str, hours: float, until: str) -> None:
    assert SHIPPED.add(china(since), timedelta(hours=hours)) == china(until)
    assert SHIPPED.between(china(since), china(until)) == timedelta(hours=hours)


def test_what_nobody_has_announced_is_said_to_be_supposed() -> None:
    assert SHIPPED.announced(china("2026-12-31T23:59"))
    assert not SHIPPED.announced(china("2027-01-01T00:00"))
    assert not SHIPPED.announced(datetime(2026, 12, 31, 16, tzinfo=UTC)), "the year of China's clocks counts"
    assert not SHIPPED.works(date(2027, 1, 2))
    assert SHIPPED.works(date(2027, 1, 4))


@pytest.mark.parametrize(
    "spans",
    [
        (),
        ((time(9), time(9)),),
        ((time(12), time(9)),),
        ((time(9), time(12)), (time(11), time(17))),
        ((time(9), time(12)), (time(12), time(17))),
    ],
)
def test_hours_in_which_nobody_could_work_are_refused(spans: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(ValueError, match="working hours"):
        WorkingHours(spans)


def test_a_calendar_without_a_working_day_ends() -> None:
    class Never:
        def workday(self, day: date) -> bool | None:
            return False

    with pytest.raises(OverflowError):
        WorkingTime(Never()).add(china("2026-11-24T09:30"), timedelta(seconds=1))
    with pytest.raises(ValueError, match="run back"):
        SHIPPED.add(china("2026-11-24T09:30"), timedelta(seconds=-1))


moments = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(CHINA))  # noqa: DTZ001 - that makes them aware
spans = st.timedeltas(NOTHING, timedelta(hours=400))


@st.composite
def working_times(draw: st.DrawFn) -> WorkingTime:
    """Draw a calendar whose years are known or not, with days moved about, and the hours of a day."""
    years = frozenset(draw(st.sets(st.integers(2024, 2029), max_size=6)))
    days = draw(st.dictionaries(st.dates(date(2024, 1, 1), date(2029, 12, 31)), st.booleans(), max_size=30))
    known = {day: works for day, works in days.items() if day.year in years}
    minutes = sorted(draw(st.sets(st.integers(0, 24 * 60 - 1), min_size=2, max_size=6).filter(lambda found: len(found) % 2 == 0)))
    marks = [time(minute // 60, minute % 60) for minute in minutes]
    hours = WorkingHours(tuple(zip(marks[::2], marks[1::2], strict=True)))
    return WorkingTime(WorkCalendar(years, MappingProxyType(known)), hours)


@given(working_times(), moments, spans)
def test_what_is_added_lies_between(working: WorkingTime, since: datetime, span: timedelta) -> None:
    until = working.add(since, span)
    assert until >= since
    assert working.between(since, until) == span
    # It is the first such moment: a little earlier, not all of it is over.
    if span:
        assert working.between(since, until - timedelta(microseconds=1)) < span


@given(working_times(), moments, moments)
def test_the_other_way_round_it_leads_no_further(working: WorkingTime, one: datetime, other: datetime) -> None:
    since, until = sorted((one, other))
    assert working.add(since, working.between(since, until)) <= until
    assert working.between(until, since) == (NOTHING if until > since else working.between(since, until))


@given(working_times(), moments, spans, spans)
def test_more_time_leads_later_and_parts_add_up(working: WorkingTime, since: datetime, one: timedelta, other: timedelta) -> None:
    half = working.add(since, one)
    assert working.add(half, other) == working.add(since, one + other) if other else half == working.add(since, one)
    assert working.add(since, max(one, other)) >= working.add(since, min(one, other))


@given(working_times(), moments, moments, moments)
def test_stretches_add_up(working: WorkingTime, one: datetime, two: datetime, three: datetime) -> None:
    first, second, third = sorted((one, two, three))
    assert working.between(first, second) + working.between(second, third) == working.between(first, third)


@given(working_times(), moments, spans)
def test_it_never_ends_outside_working_hours(working: WorkingTime, since: datetime, span: timedelta) -> None:
    if not span:
        return
    local = working.add(since, span).astimezone(CHINA)
    assert working.works(local.date())
    assert any(start < local.time() <= end for start, end in working.hours.spans)


@pytest.mark.parametrize(
    ("day", "known", "missing"),
    [
        ("2026-10-31", {2026}, None),
        ("2026-11-01", {2026}, 2027),
        ("2026-11-01", {2026, 2027}, None),
        ("2026-12-31", {2026}, 2027),
        ("2027-01-01", {2026}, 2027),
        ("2026-06-01", set(), 2026),
    ],
)
def test_a_year_is_missed_from_november_of_the_one_before(day: str, known: set[int], missing: int | None) -> None:
    assert missing_year(known, china(f"{day}T00:00")) == missing
