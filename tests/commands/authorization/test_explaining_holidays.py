"""When a condition on the working day would be met: it is looked over the longest holiday that there is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from govcloud.authorization.answers.nearest import AHEAD_DAYS, RemedyKind
from govcloud.authorization.answers.service import Asked
from govcloud.authorization.around.surroundings import CHINA
from govcloud.authorization.around.work_calendar import shipped_calendar
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories import policies
from tests.factories.world import World

HOURS = """
roles:
  counter_clerk:
    name: 窗口受理
    rules:
      - allow: housing:guide:read
        when: context.workday and "08:30" <= context.time < "17:30"
        label: 工作时间
"""


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Return settings with a holiday of nine days after this week, as Spring Festival of 2026 was: with a make-up day before it."""
    days = [f"2026-11-{day},holiday,春节" for day in (29, 30)] + [f"2026-12-0{day},holiday,春节" for day in range(1, 8)]
    file = tmp_path / "calendar.csv"
    file.write_text("\n".join(["date,day,name", "2026-01-01,holiday,元旦", "2026-11-28,workday,春节", *days]) + "\n", encoding="utf-8")
    return settings.model_copy(update={"work_calendar_file": file})


@pytest.mark.parametrize("now", ["2026-11-28T18:00+08:00", "2026-11-29T09:00+08:00", "2026-12-04T00:00+08:00"])
def test_nine_days_of_spring_festival(services: Services, world: World, clock: ManualClock, now: str) -> None:
    policies.install(services, policies.province_policy(HOURS))
    clock.advance(datetime.fromisoformat(now) - clock.now())
    asked = Asked("housing:guide:read", {}, {})
    found = services.authorization_queries.answers.explain(world.wang.official_id, world.wang.appointment_id, asked)
    [wait] = [remedy for remedy in found.remedies if remedy.kind is RemedyKind.WAIT]
    assert wait.at == datetime(2026, 12, 8, 8, 30, tzinfo=CHINA)
    assert wait.until == wait.at + timedelta(hours=9)


def test_no_holiday_that_was_announced_is_longer_than_it_is_looked() -> None:
    calendar = shipped_calendar()
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    working = [day for day in days if calendar.workday(day)]
    gaps = [(after - before).days for before, after in pairwise(working)]
    assert max(gaps) == 10, "Spring Festival: from the 14th to the 24th of February"
    assert max(gaps) < AHEAD_DAYS
