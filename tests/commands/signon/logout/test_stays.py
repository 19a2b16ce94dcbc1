"""A grant that ends takes its holder out of a subsystem that cannot ask by itself; where it asks, there is nothing to do."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from govcloud.access.ending.targets import Kind
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.jobs.end_stays import end_stays
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.signon.logout.views import GrantEnding, NoticeState
from govcloud.signon.sessions import CurrentSession
from govcloud.subsystems.inputs import NewFunction, NewSubsystem
from govcloud.subsystems.queries import ClientView
from tests.commands.signon.conftest import sign_in
from tests.commands.signon.test_sessions import own
from tests.factories.receiving import JOBS, Listener, a_client, enter, told_at
from tests.factories.world import SEED, World

DAYS = timedelta(days=5)


def a_subsystem(services: Services, world: World, listener: Listener, level: int, code: str = "ledger") -> str:
    """Register a subsystem of a level with a client that is told at ``/<code>``; return its function."""
    services.subsystems.register_subsystem(
        SEED, NewSubsystem(code, "旧台账系统", world.organisation.ids["housing"], level, launch_url=f"https://{code}.zj.example/")
    )
    services.subsystems.add_functions(
        SEED,
        [
            NewFunction(f"{code}:door:enter", "进入旧台账系统", integration_level=level),
            NewFunction(f"{code}:book:read", "查看台账", integration_level=level),
        ],
    )
    a_client(services, f"{code}-web", told_at(listener, f"/{code}"), code)
    return f"{code}:book:read"


def a_grant(services: Services, world: World, clock: ManualClock, function: str, *, days: timedelta = DAYS, who: str = "WANGFANG") -> UUID:
    now, person = clock.now(), world.people[who]
    new = NewGrant(
        official_id=person.official_id,
        appointment_id=person.appointment_id,
        subsystem_code=function.partition(":")[0],
        function=function,
        scope=PROVINCE,
        starts_at=now,
        ends_at=now + days,
    )
    return services.authorization.open_grant(SEED, new)


def client(services: Services, code: str = "ledger") -> ClientView:
    found = services.subsystem_queries.client_by_client_id(f"{code}-web")
    assert found is not None
    return found


@pytest.mark.parametrize("level", [0, 1])
def test_a_revoked_grant_ends_the_stay_and_the_answer_is_kept_with_it(
    *, services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock, level: int
) -> None:
    function = a_subsystem(services, world, listener, level)
    grant = a_grant(services, world, clock, function)
    enter(services, session, client(services))
    other = enter(services, session, a_client(services, "else-web", told_at(listener, "/else")))
    assert services.access.revoke(world.security_admin.actor(), grant, "不再需要").replayed is False
    services.delivery.deliver_due(JOBS)
    assert [told.path for told in listener.told] == ["/ledger"]
    [notice] = services.logout_queries.of_grants([grant])[grant]
    assert (notice.cause, notice.state, notice.answer) == ("grant_closed", NoticeState.ACKNOWLEDGED, "HTTP 200")
    # The session and the other subsystem's stay go on.
    assert services.signon.session_by_sid(other, "else-web") is not None


def test_whoever_holds_the_same_by_another_grant_stays(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    function = a_subsystem(services, world, listener, 1)
    first, second = a_grant(services, world, clock, function), a_grant(services, world, clock, function)
    sid = enter(services, session, client(services))
    services.access.revoke(world.security_admin.actor(), first, "重复")
    assert services.logout_queries.of_grants([first]) == {}
    assert services.signon.session_by_sid(sid, "ledger-web") is not None
    services.access.revoke(world.security_admin.actor(), second, "不再需要")
    assert [notice.cause for notice in services.logout_queries.of_grants([second])[second]] == ["grant_closed"]


def test_both_at_once_end_the_stay(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    function = a_subsystem(services, world, listener, 1)
    for _ in range(2):
        a_grant(services, world, clock, function)
    sid = enter(services, session, client(services))
    admin = world.security_admin.actor()
    seen = services.ending.preview(admin, Kind.SUBSYSTEM, "ledger")
    ordered = services.ending.order(admin, seen.kind, seen.target, "停用", confirmed=2, seen_at=seen.seen_at)
    assert services.ending.go_on(admin, ordered.id).done == 2
    assert services.signon.session_by_sid(sid, "ledger-web") is None


@pytest.mark.parametrize("level", [2, 3])
def test_where_the_subsystem_asks_nothing_has_to_be_told(
    *, services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock, level: int
) -> None:
    grant = a_grant(services, world, clock, a_subsystem(services, world, listener, level))
    sid = enter(services, session, client(services))
    services.access.revoke(world.security_admin.actor(), grant, "不再需要")
    services.delivery.deliver_due(JOBS)
    assert listener.told == []
    assert services.logout_queries.of_grants([grant]) == {}
    assert services.signon.session_by_sid(sid, "ledger-web") is not None


def test_a_grant_that_rests_ends_the_stay_too(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    grant = a_grant(services, world, clock, a_subsystem(services, world, listener, 0))
    enter(services, session, client(services))
    services.authorization.suspend_grant(world.security_admin.actor(), grant, "核查中")
    assert [notice.cause for notice in services.logout_queries.of_grants([grant])[grant]] == ["grant_suspended"]


def test_a_grant_that_runs_out_ends_the_stay(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    function = a_subsystem(services, world, listener, 1)
    grant = a_grant(services, world, clock, function, days=timedelta(minutes=20))
    enter(services, session, client(services))
    assert end_stays(services) == 0
    clock.advance(timedelta(minutes=20))
    assert end_stays(services) == 1
    assert end_stays(services) == 0
    services.delivery.deliver_due(JOBS)
    [notice] = services.logout_queries.of_grants([grant])[grant]
    assert (notice.cause, notice.state) == ("grant_expired", NoticeState.ACKNOWLEDGED)
    # Whoever may enter by another right signs in again, and is left alone.
    a_grant(services, world, clock, function)
    enter(services, session, client(services))
    clock.advance(timedelta(seconds=10))
    assert end_stays(services) == 0


def test_a_grant_that_is_followed_by_another_leaves_the_stay_alone(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    function = a_subsystem(services, world, listener, 1)
    a_grant(services, world, clock, function, days=timedelta(minutes=20))
    enter(services, session, client(services))
    clock.advance(timedelta(minutes=15))
    a_grant(services, world, clock, function)
    clock.advance(timedelta(minutes=6))
    assert end_stays(services) == 0


def test_a_grant_that_ran_out_at_level_two_is_left_to_the_next_check(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    a_grant(services, world, clock, a_subsystem(services, world, listener, 2), days=timedelta(minutes=20))
    enter(services, session, client(services))
    clock.advance(timedelta(minutes=20))
    assert end_stays(services) == 0


def test_nobody_but_the_platform_ends_stays(services: Services, world: World) -> None:
    ending = GrantEnding(world.wang.official_id, world.wang.official_id, "nowhere", "nowhere:door:enter")
    for who in (world.wang, world.li, world.system_admin, world.security_admin):
        with pytest.raises(Denied):
            services.logout.end_stays(who.actor(), [ending], "test")


def test_others_in_the_same_subsystem_stay(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    function = a_subsystem(services, world, listener, 0)
    grant = a_grant(services, world, clock, function)
    a_grant(services, world, clock, function, who="LIQIANG")
    enter(services, session, client(services))
    theirs = sign_in(services, "LIQIANG")
    sid = enter(services, theirs, client(services))
    services.access.revoke(world.security_admin.actor(), grant, "不再需要")
    assert services.signon.session_by_sid(sid, "ledger-web") is not None
    services.signon.sign_out(own(theirs), theirs.session_id)


def test_the_level_of_the_function_decides_not_that_of_the_subsystem(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    a_subsystem(services, world, listener, 3)
    services.subsystems.add_functions(SEED, [NewFunction("ledger:old:read", "查看旧账", integration_level=1)])
    grant = a_grant(services, world, clock, "ledger:old:read")
    enter(services, session, client(services))
    services.access.revoke(world.security_admin.actor(), grant, "不再需要")
    assert len(services.logout_queries.of_grants([grant])[grant]) == 1
