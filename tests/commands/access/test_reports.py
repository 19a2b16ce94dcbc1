"""The figures of the reports, against the same worked out by hand."""

from __future__ import annotations

from datetime import timedelta

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.factories.joint import CASES, approve, ask_jointly
from tests.factories.requests import REGISTER, granted, new_request
from tests.factories.world import World

HOUR = 3600.0


def test_parallel_against_serial(services: Services, world: World, clock: ManualClock) -> None:
    """Two departments at once took as long as the slower one; one after the other it would have been the sum."""
    lines = ask_jointly(services, world, mode="progressive")
    clock.advance(timedelta(hours=2))
    approve(services, world, REGISTER, lines[REGISTER])
    clock.advance(timedelta(hours=3))
    approve(services, world, CASES, lines[CASES])
    found = services.access_reports.time_to_access(world.security_admin.actor(), 30)
    assert (found.total.requests, found.total.lines) == (1, 2)
    assert found.total.parallel == (5 * HOUR, 5 * HOUR)
    assert found.total.serial == (7 * HOUR, 7 * HOUR)
    assert [count for count, _ in found.by_lines] == [2]
    own = services.access_reports.time_to_access(world.li.actor(), 30)
    assert (own.total.lines, own.total.parallel, own.total.serial) == (1, (2 * HOUR, 2 * HOUR), (2 * HOUR, 2 * HOUR))


def test_percentiles_and_weeks(services: Services, world: World, clock: ManualClock) -> None:
    for hours in (1, 2, 3):
        line_id = services.access.submit(world.wang.actor(), new_request(world)).line_id
        clock.advance(timedelta(hours=hours))
        services.access.approve(world.li.actor(), line_id, 1)
        clock.advance(timedelta(days=7) - timedelta(hours=hours))
    found = services.access_reports.time_to_access(world.li.actor(), 60)
    assert found.total.parallel is not None
    assert found.total.parallel[0] == 2 * HOUR
    assert abs(found.total.parallel[1] - 2.9 * HOUR) < 1
    assert [(f"{week:%m-%d}", waited.requests) for week, waited in found.by_week] == [("11-23", 1), ("11-30", 1), ("12-07", 1)]
    assert services.access_reports.time_to_access(world.li.actor(), 1).total.parallel is None


def test_nothing_for_who_answers_for_nothing(services: Services, world: World) -> None:
    granted(services, world)
    for login in ("WANGFANG", "SUNLI", "ZHOUJIANJUN"):
        actor = world.people[login].actor()
        assert services.access_reports.time_to_access(actor).total.requests == 0, login
        assert services.access_reports.expiring(actor).count == 0
        assert all(row.grants == 0 for row in services.access_reports.held(actor))


def test_what_ends_soon(services: Services, world: World, clock: ManualClock) -> None:
    granted(services, world, days=3)
    granted(services, world, days=10)
    found = services.access_reports.expiring(world.li.actor(), 7)
    assert [(f"{day:%m-%d}", count) for day, count in found.by_day] == [("11-27", 1)]
    assert services.access_reports.expiring(world.li.actor(), 14).count == 2
    clock.advance(timedelta(days=4))
    assert services.access_reports.expiring(world.li.actor(), 7).count == 1


def test_standing_beside_temporary(services: Services, world: World) -> None:
    granted(services, world)
    rows = {row.subsystem_code: row for row in services.access_reports.held(world.security_admin.actor())}
    assert (rows["housing"].grants, rows["housing"].people) == (1, 1)
    # 王芳 and 单雪梅 at the counter, 陈杰 in housing; the counter's role opens both subsystems.
    assert (rows["housing"].assignments, rows["assistance"].assignments) == (3, 2)
