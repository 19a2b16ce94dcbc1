"""What conditions read of the surroundings: the clock of China, the working calendar, network zones; never what a caller says of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.authorization.around.network_zones import OUTSIDE, NetworkZones, zones_of
from govcloud.authorization.around.surroundings import SHIPPED, Context, Surroundings
from govcloud.authorization.around.work_calendar import WorkCalendarError, parse_calendar, read_calendar, shipped_calendar
from govcloud.authorization.policies.conditions import compile_condition
from govcloud.authorization.policies.terms import Attributes
from govcloud.settings import Settings, SettingsError, load_settings
from govcloud.wiring import surroundings

HEAD = "date,day,name\n"


def context(now: datetime, given_: dict[str, object] | None = None, address: str | None = None) -> Context:
    zones = zones_of({"office": (ip_network("10.0.0.0/8"),)})
    return Context(now, given_ or {}, Surroundings(zones=zones), address)


# Time of day: ours, in China


@pytest.mark.parametrize(
    ("now", "time", "weekday", "workday"),
    [
        (datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "09:30", 2, True),
        # The day in China has begun while it is still yesterday in UTC.
        (datetime(2026, 11, 27, 16, 0, tzinfo=UTC), "00:00", 6, False),
        (datetime(2026, 11, 27, 15, 59, 59, 999_999, tzinfo=UTC), "23:59", 5, True),
        # National Day 2026 and its make-up days: Sunday 20 September and Saturday 10 October are worked.
        (datetime(2026, 9, 30, 16, 0, tzinfo=UTC), "00:00", 4, False),
        (datetime(2026, 9, 30, 15, 59, tzinfo=UTC), "23:59", 3, True),
        (datetime(2026, 9, 20, 1, 0, tzinfo=UTC), "09:00", 7, True),
        (datetime(2026, 10, 10, 1, 0, tzinfo=UTC), "09:00", 6, True),
        (datetime(2026, 10, 11, 1, 0, tzinfo=UTC), "09:00", 7, False),
        # A year that nobody has announced.
        (datetime(2030, 3, 4, 1, 0, tzinfo=UTC), "09:00", 1, None),
    ],
)
def test_the_moment_in_china(now: datetime, time: str, weekday: int, *, workday: bool | None) -> None:
    found = context(now)
    assert (found.get("time"), found.get("weekday"), found.get("workday")) == (time, weekday, workday)


def test_what_the_caller_says_of_clock_calendar_and_network_is_not_looked_at() -> None:
    told = {"time": "12:00", "weekday": 3, "workday": True, "network_zone": "office", "client_address": "10.0.0.1", "case_number": "XH-1"}
    found = context(datetime(2026, 10, 1, 16, 0, tzinfo=UTC), told)
    assert (found.get("time"), found.get("weekday"), found.get("workday"), found.get("network_zone")) == ("00:00", 5, False, None)
    assert found.get("case_number") == "XH-1"
    assert found.get("absent") is None


def test_an_undetermined_workday_opens_nothing() -> None:
    facts: dict[str, Attributes] = {"subject": {}, "resource": {}, "context": context(datetime(2030, 3, 4, 1, 0, tzinfo=UTC))}
    assert compile_condition("context.workday").holds(facts) is None
    assert compile_condition("not context.workday").holds(facts) is None


# The working calendar


def test_the_shipped_calendar_knows_the_announced_years() -> None:
    calendar = shipped_calendar()
    assert calendar.years == {2024, 2025, 2026}
    holidays = dict.fromkeys(calendar.years, 0)
    for year in calendar.years:
        days = [date(year, 1, 1).fromordinal(date(year, 1, 1).toordinal() + number) for number in range(366 if year % 4 == 0 else 365)]
        holidays[year] = sum(calendar.workday(day) is False for day in days)
    # 2024: 11 statutory holidays and 104 days of rest; 2025 and 2026: 13 holidays (全国年节及纪念日放假办法 as of 2025) and 104.
    assert holidays == {2024: 115, 2025: 117, 2026: 117}


#: The notices as they read: (first day off, last day off) of each holiday, and the days of rest that are worked instead.
NOTICES = {
    # 国办发明电〔2023〕7号, 2023-10-25
    2024: (
        ("01-01 01-01", "02-10 02-17", "04-04 04-06", "05-01 05-05", "06-10 06-10", "09-15 09-17", "10-01 10-07"),
        ("02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"),
    ),
    # 国办发明电〔2024〕12号, 2024-11-12
    2025: (
        ("01-01 01-01", "01-28 02-04", "04-04 04-06", "05-01 05-05", "05-31 06-02", "10-01 10-08"),
        ("01-26", "02-08", "04-27", "09-28", "10-11"),
    ),
    # 国办发明电〔2025〕7号, 2025-11-04
    2026: (
        ("01-01 01-03", "02-15 02-23", "04-04 04-06", "05-01 05-05", "06-19 06-21", "09-25 09-27", "10-01 10-07"),
        ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10"),
    ),
}


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_of_a_year_is_as_the_notice_says(year: int) -> None:
    spans, worked = NOTICES[year]
    days = [date.fromordinal(number) for number in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())]
    for day in days:
        off = any(first <= f"{day:%m-%d}" <= last for first, last in (span.split() for span in spans))
        expected = f"{day:%m-%d}" in worked or (not off and day.isoweekday() < 6)
        assert shipped_calendar().workday(day) is expected, day


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2024, 2, 9), True),  # New Year's Eve 2024 was not in the notice
        (date(2024, 2, 18), True),
        (date(2025, 1, 28), False),
        (date(2025, 2, 8), True),
        (date(2025, 10, 8), False),
        (date(2026, 1, 4), True),
        (date(2026, 2, 14), True),
        (date(2026, 2, 23), False),
        (date(2026, 5, 9), True),
        (date(2026, 6, 22), True),
        (date(2027, 1, 1), None),
        (date(2023, 12, 31), None),
    ],
)
def test_days_of_the_notices(day: date, *, works: bool | None) -> None:
    assert shipped_calendar().workday(day) is works


def test_a_file_adds_years_and_moves_single_days_of_known_ones() -> None:
    more = parse_calendar(HEAD + "2026-12-26,workday,元旦\n2027-01-01,holiday,元旦\n", "notice")
    calendar = shipped_calendar().amended_by(more)
    assert calendar.years == {2024, 2025, 2026, 2027}
    assert (calendar.workday(date(2026, 12, 26)), calendar.workday(date(2026, 10, 1))) == (True, False)
    assert (calendar.workday(date(2027, 1, 1)), calendar.workday(date(2027, 1, 4))) == (False, True)
    assert shipped_calendar().workday(date(2026, 12, 26)) is False


def test_a_year_that_stands_in_the_file_is_the_file_s() -> None:
    calendar = shipped_calendar().amended_by(parse_calendar(HEAD + "2026-01-01,holiday,元旦\n", "corrected"))
    assert calendar.workday(date(2026, 10, 1)) is True
    assert calendar.workday(date(2025, 10, 1)) is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "first line"),
        ("day,date,name\n", "first line"),
        (HEAD, "no year"),
        (HEAD + "2027-05-01,holiday,劳动节\n", "no year"),
        (HEAD + "2027-01-01,holiday\n", "line 2"),
        (HEAD + "2027-01-01,free,元旦\n", "line 2"),
        (HEAD + "2027-01-01,holiday,元旦\n2027-13-01,holiday,x\n", "line 3"),
        (HEAD + "2027-01-01,holiday,元旦\n2027-01-01,workday,x\n", "stands twice"),
        (HEAD + "x" * 200_000, "line 2"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_its_line(text: str, says: str) -> None:
    with pytest.raises(WorkCalendarError, match=says):
        parse_calendar(text, "days.csv")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WorkCalendarError, match=r"none\.csv"):
        read_calendar(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(WorkCalendarError, match=r"bytes\.csv"):
        read_calendar(tmp_path / "bytes.csv")


# Network zones


ZONES = zones_of(
    {
        "office": (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")),
        "server_room": (ip_network("10.20.0.0/16"), ip_network("10.30.0.7/32")),
    }
)


@pytest.mark.parametrize(
    ("address", "zone"),
    [
        ("10.1.2.3", "office"),
        ("10.20.1.1", "server_room"),
        ("10.30.0.7", "server_room"),
        ("10.30.0.8", "office"),
        ("9.255.255.255", OUTSIDE),
        ("11.0.0.0", OUTSIDE),
        ("2001:db8::1", "office"),
        ("2001:db9::1", OUTSIDE),
        # An address of version 4 written as one of version 6 is the same address.
        ("::ffff:10.1.2.3", "office"),
        ("::ffff:a01:203", "office"),
        ("::1", OUTSIDE),
        (None, None),
        ("", None),
        ("10.1.2", None),
        ("10.1.2.3/8", None),
        ("010.001.002.003", None),
        ("office", None),
        ("10.1.2.3, 192.0.2.1", None),
        ("10.1.2.3:80", None),
    ],
)
def test_zone_of(address: str | None, zone: str | None) -> None:
    assert ZONES.zone_of(address) == zone


def test_without_zones_nothing_can_be_said() -> None:
    assert NetworkZones().zone_of("10.1.2.3") is None
    assert SHIPPED.zones.zone_of("10.1.2.3") is None


@given(st.ip_addresses())
def test_the_narrowest_network_counts(address: object) -> None:
    networks = {"a": ip_network("0.0.0.0/0"), "b": ip_network("128.0.0.0/1"), "c": ip_network("::/0"), "d": ip_network("8000::/1")}
    zones = zones_of({name: (network,) for name, network in networks.items()})
    holding = [name for name, network in networks.items() if address in network]
    narrowest = max(holding, key=lambda name: networks[name].prefixlen)
    if not str(address).startswith("::ffff:"):
        assert zones.zone_of(str(address)) == narrowest


def test_zones_that_contradict_each_other() -> None:
    net = ip_network("10.0.0.0/8")
    with pytest.raises(ValueError, match="two zones"):
        zones_of({"one": (net,), "two": (net,)})
    with pytest.raises(ValueError, match="outside"):
        zones_of({OUTSIDE: (net,)})


# From the settings


def settings(tmp_path: Path, **given_: object) -> Settings:
    return load_settings(DATABASE_URL="postgresql://x@127.0.0.1/x", master_key_file=tmp_path / "key", **given_)


def test_settings_make_the_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    days = tmp_path / "days.csv"
    days.write_text(HEAD + "2027-01-01,holiday,元旦\n", encoding="utf-8")
    monkeypatch.setenv("GOVCLOUD_NETWORK_ZONES", '{"office": ["10.0.0.0/8", "2001:db8::/32"]}')
    found = surroundings(settings(tmp_path, work_calendar_file=days))
    assert found.calendar.workday(date(2027, 1, 4)) is True
    assert found.zones.zone_of("2001:db8::1") == "office"


@pytest.mark.parametrize(
    "zones",
    ['{"Office": ["10.0.0.0/8"]}', '{"office": ["10.0.0.1/8"]}', '{"office": ["home"]}', '{"office": "10.0.0.0/8"}', "[]"],
)
def test_zones_that_are_none_stop_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zones: str) -> None:
    monkeypatch.setenv("GOVCLOUD_NETWORK_ZONES", zones)
    with pytest.raises(SettingsError, match="GOVCLOUD_NETWORK_ZONES"):
        settings(tmp_path)


def test_a_wrong_calendar_or_contradicting_zones_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"GOVCLOUD_WORK_CALENDAR_FILE.*none\.csv"):
        surroundings(settings(tmp_path, work_calendar_file=tmp_path / "none.csv"))
    with pytest.raises(SettingsError, match=r"GOVCLOUD_NETWORK_ZONES.*two zones"):
        surroundings(settings(tmp_path, network_zones={"a": ["10.0.0.0/8"], "b": ["10.0.0.0/8"]}))
