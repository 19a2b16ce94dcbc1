"""How many sessions a person has at once, by the rules: the oldest ends, or the newest is refused; two at once cannot both find room."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied, Invalid, NotFound
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.errors import TooManySessions
from tests.commands.signon.conftest import sign_in
from tests.commands.signon.test_sessions import own
from tests.factories.racing import together
from tests.factories.world import PASSWORD, World


def allow(services: Services, world: World, most: int, when: str = "end_oldest") -> None:
    services.signon_policies.set(world.security_admin.actor(), {"sessions_at_once": most, "when_exceeded": when}, "一人一处")


def live(services: Services, world: World) -> list[str]:
    return [str(item.session_id) for item in services.signon.sessions_of(world.wang.official_id)]


def test_the_oldest_makes_room(services: Services, world: World, clock: ManualClock) -> None:
    allow(services, world, 2)
    opened = []
    for _ in range(4):
        opened.append(str(sign_in(services).session_id))
        clock.advance(timedelta(seconds=1))
    assert live(services, world) == [opened[3], opened[2]]


def test_one_too_many_is_refused_in_words_and_is_no_failure(services: Services, world: World) -> None:
    allow(services, world, 1, "refuse")
    first = sign_in(services)
    for _ in range(7):  # more often than a wrong password may be typed
        with pytest.raises(TooManySessions):
            sign_in(services)
    assert live(services, world) == [str(first.session_id)]
    services.signon.sign_out(own(first), first.session_id)
    assert sign_in(services).session_id != first.session_id


def test_signing_in_again_in_the_same_browser_needs_no_room(services: Services, world: World) -> None:
    allow(services, world, 1, "refuse")
    first = sign_in(services)
    again = services.signon.sign_in("WANGFANG", PASSWORD, "192.0.2.7", "test", current=first)
    assert again.session_id == first.session_id


def test_a_lowered_limit_ends_all_that_are_too_many_at_the_next_sign_in(services: Services, world: World, clock: ManualClock) -> None:
    for _ in range(4):
        sign_in(services)
        clock.advance(timedelta(seconds=1))
    allow(services, world, 1)
    newest = sign_in(services)
    assert live(services, world) == [str(newest.session_id)]


@pytest.mark.parametrize("when", ["end_oldest", "refuse"])
def test_two_sign_ins_at_once_cannot_both_find_room(app: Flask, services: Services, settings: Settings, world: World, when: str) -> None:
    allow(services, world, 1, when)
    results = together(
        app,
        settings,
        f"SELECT 1 FROM official WHERE id = '{world.wang.official_id}' FOR NO KEY UPDATE",
        *[lambda: services.signon.sign_in("WANGFANG", PASSWORD, "192.0.2.7", "test")] * 2,
    )
    assert len(live(services, world)) == 1
    assert sum(isinstance(item, TooManySessions) for item in results) == (1 if when == "refuse" else 0)


def test_one_ends_all_others(services: Services, world: World) -> None:
    here, theirs = sign_in(services), sign_in(services, "LIQIANG")
    for _ in range(3):
        sign_in(services)
    assert services.logout.end_other_sessions(own(here)) == 3
    assert live(services, world) == [str(here.session_id)]
    assert services.signon.sessions_of(theirs.official_id)
    with pytest.raises(NotFound):
        services.logout.end_other_sessions(world.wang.actor())


def test_an_administrator_ends_one_session_or_all_and_says_why(services: Services, world: World) -> None:
    first, second = sign_in(services), sign_in(services)
    admin = world.system_admin.actor()
    with pytest.raises(Invalid):
        services.logout.end_sessions(admin, world.wang.official_id, "  ")
    assert services.logout.end_sessions(admin, world.wang.official_id, "设备遗失", session_id=first.session_id) == 1
    assert live(services, world) == [str(second.session_id)]
    # Somebody else's session does not end by way of this person.
    theirs = sign_in(services, "LIQIANG")
    assert services.logout.end_sessions(admin, world.wang.official_id, "设备遗失", session_id=theirs.session_id) == 0
    assert services.logout.end_sessions(admin, world.wang.official_id, "设备遗失") == 1
    assert services.signon.sessions_of(theirs.official_id)


def test_a_departments_administrator_ends_those_of_its_own_people_only(services: Services, world: World) -> None:
    outside = sign_in(services, "SHANXUEMEI")
    sign_in(services)
    admin = world.people["SUNLI"].actor()
    assert services.logout.end_sessions(admin, world.wang.official_id, "设备遗失") == 1
    with pytest.raises(Denied):
        services.logout.end_sessions(admin, outside.official_id, "越权")
    with pytest.raises(Denied):
        services.logout.end_sessions(world.wang.actor(), outside.official_id, "越权")
    assert services.signon.sessions_of(outside.official_id)
