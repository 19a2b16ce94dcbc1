"""The working calendar imported: what changes is said first, then holds for decisions and clocks, in every process."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from govcloud.authorization.around.calendar_days import CALENDAR, LiveCalendar
from govcloud.authorization.around.surroundings import CHINA
from govcloud.authorization.around.work_calendar import shipped_calendar
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Denied, Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.racing import together
from tests.factories.world import World

HEAD = "date,day,name\n"
YEAR_2027 = f"{HEAD}2027-01-01,holiday,元旦\n2027-01-02,workday,元旦\n"
SNOW = f"{HEAD}2026-11-25,holiday,暴雪停工\n"


def china(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=CHINA)


def test_it_is_shown_first_and_then_holds(services: Services, world: World) -> None:
    change = services.calendars.preview(YEAR_2027)
    assert (change.years, change.new_years) == ((2027,), (2027,))
    assert [(item.day, item.works, item.name) for item in change.days] == [
        (date(2027, 1, 1), False, "元旦"),
        (date(2027, 1, 2), True, "元旦"),
    ]
    working = services.clocks.working
    assert not working.announced(china("2027-01-04T09:00"))
    assert services.calendars.import_days(world.security_admin.actor(), YEAR_2027, "国办发明电〔2026〕8号") == change
    working = services.clocks.working
    assert working.announced(china("2027-01-04T09:00"))
    assert working.add(china("2026-12-31T16:00"), timedelta(hours=2)) == china("2027-01-02T10:00")
    assert services.calendars.years() == shipped_calendar().years | {2027}


def test_single_days_of_a_known_year_are_amended_and_come_back(services: Services) -> None:
    operator = Actor.system("operator")
    services.calendars.import_days(operator, SNOW, "暴雪停工")
    assert not services.clocks.working.works(date(2026, 11, 25))
    assert not services.clocks.working.works(date(2026, 10, 1)), "the rest of the year stays"
    change = services.calendars.import_days(operator, f"{HEAD}2026-11-25,workday,\n", "停工取消")
    assert [item.works for item in change.days] == [True]
    assert services.clocks.working.works(date(2026, 11, 25))
    assert services.calendars.import_days(operator, f"{HEAD}2026-11-25,workday,\n", "再导一次").days == ()


def test_a_year_is_replaced_whole(services: Services) -> None:
    operator = Actor.system("operator")
    services.calendars.import_days(operator, f"{YEAR_2027}2027-10-01,holiday,国庆节\n", "初稿")
    change = services.calendars.import_days(operator, YEAR_2027, "更正")
    assert [(item.day, item.works) for item in change.days] == [(date(2027, 10, 1), True)]


def test_decisions_go_by_it(services: Services, world: World) -> None:
    from govcloud.authorization.around.surroundings import Context  # noqa: PLC0415

    surroundings = services.authorization._decider.live.surroundings
    context = Context(china("2027-01-01T10:00"), {}, surroundings)
    assert context.get("workday") is None
    services.calendars.import_days(world.security_admin.actor(), YEAR_2027, "放假安排")
    assert context.get("workday") is False


def test_another_process_notices_within_half_a_minute(services: Services, clock: ManualClock) -> None:
    other = LiveCalendar(services.uow.look, clock, shipped_calendar())
    assert other.workday(date(2027, 1, 1)) is None
    same = other.current()
    services.calendars.import_days(Actor.system("operator"), YEAR_2027, "放假安排")
    assert other.workday(date(2027, 1, 1)) is None
    clock.advance(timedelta(seconds=30))
    assert other.workday(date(2027, 1, 1)) is False
    again = other.current()
    clock.advance(timedelta(seconds=30))
    assert other.current() is again
    assert again is not same


def test_when_the_database_is_away_the_days_hold_that_were_read_last(services: Services, clock: ManualClock) -> None:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    away = False

    def look(query: object, **values: object) -> list[object]:
        if away:
            raise OperationalError("", {}, Exception("away"))
        return services.uow.look(query, **values)  # type: ignore[arg-type]

    services.calendars.import_days(Actor.system("operator"), YEAR_2027, "放假安排")
    other = LiveCalendar(look, clock, shipped_calendar())
    assert other.workday(date(2027, 1, 1)) is False
    away = True
    clock.advance(timedelta(minutes=5))
    assert other.workday(date(2027, 1, 1)) is False


WRONG = [
    "",
    "day,date\n",
    HEAD,
    f"{HEAD}2027-01-01,free,元旦\n",
    f"{HEAD}2027-13-01,holiday,元旦\n",
    f"{HEAD}2027-01-01,holiday,元旦\n2027-01-01,workday,元旦\n",
    f"{HEAD}2027-01-01,holiday\n",
    'date,day,name\n"2027-01-01,holiday,元旦\n',
    HEAD + "2027-01-01,holiday,元旦\n" * 20_000,
    "x" * 400_001,
]


def test_a_file_that_cannot_be_read_is_refused(services: Services, world: World) -> None:
    for wrong in WRONG:
        with pytest.raises(Invalid) as caught:
            services.calendars.import_days(world.security_admin.actor(), wrong, "导入")
        assert [item.field for item in caught.value.fields] == ["file"], wrong[:60]
    with pytest.raises(Invalid) as caught:
        services.calendars.import_days(world.security_admin.actor(), YEAR_2027, " ")
    assert [item.field for item in caught.value.fields] == ["reason"]
    assert 2027 not in services.calendars.years()


def test_security_imports_and_the_command_line(services: Services, world: World) -> None:
    for person in (world.wang, world.li, world.system_admin, world.audit_admin):
        with pytest.raises(Denied):
            services.calendars.import_days(person.actor(), YEAR_2027, "不应成功")


def test_two_imports_at_once_leave_one_of_them_whole(app: Flask, services: Services, settings: Settings) -> None:
    operator = Actor.system("operator")
    done = together(
        app,
        settings,
        f"SELECT pg_advisory_xact_lock({CALENDAR})",
        lambda: services.calendars.import_days(operator, YEAR_2027, "一"),
        lambda: services.calendars.import_days(operator, f"{HEAD}2027-01-01,workday,\n", "二"),
    )
    assert not [item for item in done if isinstance(item, Exception)]
    db.session.remove()
    fresh = LiveCalendar(services.uow.look, services.clock, shipped_calendar()).current()
    assert (fresh.workday(date(2027, 1, 1)), fresh.workday(date(2027, 1, 2))) in {(False, True), (True, False)}
