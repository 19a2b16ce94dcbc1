"""Warnings before the end of a grant: a week and a day before, once, and only where they help."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from govcloud.access.deciding.delegating import NewDelegation
from govcloud.access.deciding.presigning import NewRule
from govcloud.authorization.commands import NewGrant
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.subsystems.changes import FunctionChange
from tests.factories.deciders import set_tier
from tests.factories.requests import REGISTER, granted
from tests.factories.world import SEED, Person, World

JOBS = Actor.system("jobs")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def told(services: Services, world: World) -> list[str]:
    views = services.notice_queries.page(world.wang.official_id).entries
    return [view.kind for view in reversed(views) if view.kind.startswith("ends_in")]


def a_grant(
    services: Services, world: World, days: float, function: str = "housing:register:read", *, starts: timedelta = timedelta(0)
) -> UUID:
    now = services.clock.now() + starts
    subsystem = function.partition(":")[0]
    new = NewGrant(world.wang.official_id, world.wang.appointment_id, subsystem, function, now, now + timedelta(days=days))
    return services.authorization.open_grant(SEED, new)


def test_a_week_and_a_day_before_and_once_each(services: Services, world: World, clock: ManualClock) -> None:
    services.announcing.run(JOBS)
    granted(services, world, days=10)
    clock.advance(3 * DAY - SECOND)
    assert services.announcing.run(JOBS) == 0
    clock.advance(SECOND)
    assert services.announcing.run(JOBS) == 1
    assert services.announcing.run(JOBS) == 0
    assert told(services, world) == ["ends_in_7_days"]
    clock.advance(6 * DAY - SECOND)
    assert services.announcing.run(JOBS) == 0
    clock.advance(SECOND)
    assert services.announcing.run(JOBS) == 1
    clock.advance(2 * DAY)
    assert services.announcing.run(JOBS) == 0
    assert told(services, world) == ["ends_in_7_days", "ends_in_1_day"]
    [newest, *_] = services.notice_queries.page(world.wang.official_id).entries
    assert str(newest.sentence) == "“查询住房登记信息”将于 2026-12-04 09:30 到期，到期后自动收回。"


def test_a_grant_that_is_shorter_than_the_warning_gets_none(services: Services, world: World, clock: ManualClock) -> None:
    services.announcing.run(JOBS)
    a_grant(services, world, 5)
    a_grant(services, world, 0.5, "housing:register:export")
    for _ in range(7):
        services.announcing.run(JOBS)
        clock.advance(DAY)
    assert told(services, world) == ["ends_in_1_day"]


def test_what_was_ended_rests_or_goes_on_is_not_warned_of(services: Services, world: World, clock: ManualClock) -> None:
    services.announcing.run(JOBS)
    closed, resting = a_grant(services, world, 10), a_grant(services, world, 10, "housing:register:export")
    services.authorization.close_grant(SEED, closed, "不再需要")
    services.authorization.suspend_grant(world.li.actor(), resting, "核查")
    first = a_grant(services, world, 10, "assistance:case:read")
    a_grant(services, world, 20, "assistance:case:read", starts=10 * DAY)
    clock.advance(3 * DAY)
    assert services.announcing.run(JOBS) == 0
    assert first
    clock.advance(20 * DAY)
    assert services.announcing.run(JOBS) == 1, "the later of the two"


def test_after_a_long_stop_everything_that_still_runs_is_told_once(services: Services, world: World, clock: ManualClock) -> None:
    services.announcing.run(JOBS)
    for days in (8, 9, 30):
        a_grant(
            services,
            world,
            days,
            "assistance:case:read" if days == 30 else "housing:register:read" if days == 8 else "housing:register:export",
        )
    clock.advance(8.5 * DAY)
    # The first has ended; the second ends within both; the third has long to go.
    assert services.announcing.run(JOBS) == 2
    assert services.announcing.run(JOBS) == 0
    assert sorted(told(services, world)) == ["ends_in_1_day", "ends_in_7_days"]


def test_a_stop_in_the_middle_tells_nobody_twice(
    services: Services, world: World, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.announcing.run(JOBS)
    a_grant(services, world, 8)
    clock.advance(DAY)

    class Stop(BaseException):
        """The process ends here."""

    def stop(*_: object) -> None:
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr("govcloud.kernel.unit_of_work.UnitOfWork._finish", stop)
        with pytest.raises(Stop):
            services.announcing.run(JOBS)
    assert told(services, world) == []
    assert services.announcing.run(JOBS) == 1


def test_only_the_job_does(services: Services, world: World) -> None:
    with pytest.raises(Denied):
        services.announcing.run(world.security_admin.actor())


# Delegations, rules, the calendar


def kinds_of(services: Services, person: Person) -> list[str]:
    """Return the kinds of a person's notices, the oldest first."""
    return [view.kind for view in reversed(services.notice_queries.page(person.official_id).entries)]


def test_both_people_hear_when_a_delegation_that_was_made_ahead_begins_and_is_about_to_end(
    services: Services, world: World, clock: ManualClock
) -> None:
    chen, now = world.people["CHENJIE"], clock.now()
    services.announcing.run(JOBS)
    ahead = NewDelegation(chen.appointment_id, now + timedelta(days=2), now + timedelta(days=6), "休假")
    services.approving.delegating.delegate(world.li.actor(), ahead)
    at_once = NewDelegation(chen.appointment_id, now, now + timedelta(hours=20), "会议")
    services.approving.delegating.delegate(world.people["QIANWEI"].actor(), at_once)
    seen = []
    for days in (1, 1, 1, 1, 1, 1):
        clock.advance(timedelta(days=days))
        services.announcing.run(JOBS)
        services.announcing.run(JOBS)
        seen.append((kinds_of(services, world.li), kinds_of(services, chen)[2:]))
    begun, ending = ["lending_begins"], ["lending_begins", "lending_ends"]
    assert seen == [([], []), (begun, begun), (begun, begun), (begun, begun), (ending, ending), (ending, ending)]
    assert kinds_of(services, world.people["QIANWEI"]) == [], "it began as it was made, and is shorter than the warning"


def test_one_that_was_taken_back_neither_begins_nor_ends(services: Services, world: World, clock: ManualClock) -> None:
    chen, now = world.people["CHENJIE"], clock.now()
    services.announcing.run(JOBS)
    ahead = NewDelegation(chen.appointment_id, now + timedelta(days=2), now + timedelta(days=6), "休假")
    lent = services.approving.delegating.delegate(world.li.actor(), ahead)
    services.approving.delegating.end(world.li.actor(), lent)
    for _ in range(7):
        clock.advance(timedelta(days=1))
        services.announcing.run(JOBS)
    assert (kinds_of(services, world.li), kinds_of(services, chen)) == ([], ["lent_to_you", "lending_ended"])


def test_a_rule_that_runs_out_is_told_to_its_signer_and_the_office(services: Services, world: World, clock: ManualClock) -> None:
    function = FunctionChange("查询住房登记信息", sensitive=False, integration_level=3)
    services.subsystems.change_function(world.people["HEWEI"].actor(), REGISTER, function, "数据已脱敏")
    set_tier(services, world, "auto")
    services.announcing.run(JOBS)
    new = NewRule(world.items[REGISTER], (world.organisation.ids["xihu_civil_affairs"],), 10, clock.now() + timedelta(days=10), "例行")
    services.approving.presigning.sign(world.li.actor(), new)
    clock.advance(timedelta(days=2))
    services.announcing.run(JOBS)
    assert kinds_of(services, world.li) == []
    clock.advance(timedelta(days=1, seconds=1))
    services.announcing.run(JOBS)
    services.announcing.run(JOBS)
    for person in (world.li, world.people["QIANWEI"]):
        [view] = services.notice_queries.page(person.official_id).entries
        assert (view.kind, view.link) == ("rule_ends", "/approval-rules")
        assert str(view.sentence).startswith("“查询住房登记信息”的预签规则将于 2026-12-04 09:30 到期")


def test_a_missing_year_is_put_on_record_once(services: Services, clock: ManualClock) -> None:
    def recorded() -> int:
        db.session.remove()
        query = text("SELECT count(*) FROM audit_event WHERE name = 'access:work_calendar:missing'")
        return services.uow.read().scalar(query) or 0

    for _ in range(2):
        services.announcing.run(JOBS)
        clock.advance(timedelta(days=1))
    assert recorded() == 1
    services.calendars.import_days(Actor.system("operator"), "date,day,name\n2027-01-01,holiday,元旦\n", "国办通知")
    clock.advance(timedelta(days=300))
    services.announcing.run(JOBS)
    assert recorded() == 1
