"""When a condition on the working day would be met: it is looked over the longest holiday that there is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from govcloud.authorization.answers.nearest import RemedyKind
from govcloud.authorization.answers.service import Asked
from govcloud.authorization.surroundings import CHINA
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
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
def clock() -> ManualClock:
    """Return a clock before Spring Festival of 2026: the 14th is a make-up day, the holiday lasts from the 15th to the 23rd."""
    return ManualClock(datetime(2026, 2, 13, 9, 0, tzinfo=CHINA))


def test_nine_days_of_spring_festival(services: Services, world: World, clock: ManualClock) -> None:
    policies.install(services, policies.province_policy(HOURS))
    asked = Asked("housing:guide:read", {}, {})
    for now in (datetime(2026, 2, 14, 18, 0, tzinfo=CHINA), datetime(2026, 2, 15, 9, 0, tzinfo=CHINA), datetime(2026, 2, 20, tzinfo=CHINA)):
        clock.advance(now - clock.now())
        found = services.authorization_queries.answers.explain(world.wang.official_id, world.wang.appointment_id, asked)
        [wait] = [remedy for remedy in found.remedies if remedy.kind is RemedyKind.WAIT]
        assert wait.at == datetime(2026, 2, 24, 8, 30, tzinfo=CHINA), now
        assert wait.until == wait.at + timedelta(hours=9)
