"""Two at once about the life of a grant, each on its own connection: extending it, its end, and whoever lets it rest or takes it away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from govcloud.access.commands import Closed, Decided, Rested, Submitted
from govcloud.jobs.end_stays import end_stays
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.racing import together
from tests.factories.requests import granted, may_read
from tests.factories.world import World

JOBS = Actor.system("jobs")
SECOND = timedelta(seconds=1)
Race = Callable[..., list[object]]


@pytest.fixture
def race(app: Flask, settings: Settings, world: World) -> Race:
    """Return what runs commands that meet at the lock of 王芳."""
    lock = f"SELECT id FROM official WHERE id = '{world.wang.official_id}' FOR UPDATE"
    return lambda *commands, beside=None: together(app, settings, lock, *commands, beside=beside)


def extend(services: Services, world: World, grant_id: UUID, days: int = 2) -> Submitted:
    """Ask for more of a grant as its holder."""
    return services.grant_life.extend(world.wang.actor(), grant_id, days, "未办结")


def the_end(services: Services, clock: ManualClock, left: timedelta) -> Callable[[], None]:
    """Return what lets the rest of a grant's time go by, and all that looks at ends do its work."""

    def ends() -> None:
        clock.advance(left)
        services.escalating.run(JOBS)
        services.announcing.run(JOBS)
        end_stays(services)

    return ends


def test_extending_against_the_end(services: Services, world: World, race: Race, clock: ManualClock) -> None:
    """Whoever asks a second before the end has asked in time, though the end goes by before it is written down."""
    grant_id = granted(services, world, days=1)
    clock.advance(timedelta(days=1) - SECOND)
    [asked] = race(lambda: extend(services, world, grant_id), beside=the_end(services, clock, SECOND))
    assert isinstance(asked, Submitted)
    assert not may_read(services, world.wang)
    with pytest.raises(Conflict) as again:
        extend(services, world, grant_id)
    assert again.value.code == "grant_over"
    decided = services.access.approve(world.li.actor(), asked.line_id, 1)
    assert decided.starts_at == clock.now(), "what has gone by is not given afterwards"
    assert may_read(services, world.wang)


def test_approving_an_extension_against_the_end(services: Services, world: World, race: Race, clock: ManualClock) -> None:
    """What was approved before the end begins at the end, though the end goes by before it is written down: there is no gap."""
    grant_id = granted(services, world, days=1)
    line_id = extend(services, world, grant_id).line_id
    clock.advance(timedelta(days=1) - SECOND)
    [decided] = race(lambda: services.access.approve(world.li.actor(), line_id, 1), beside=the_end(services, clock, SECOND))
    assert isinstance(decided, Decided)
    assert decided.starts_at == clock.now()
    assert may_read(services, world.wang)
    the_end(services, clock, timedelta(days=2) - SECOND)()
    assert may_read(services, world.wang)
    clock.advance(SECOND)
    assert not may_read(services, world.wang)


def test_approving_an_extension_at_the_very_second_of_the_end(services: Services, world: World, race: Race, clock: ManualClock) -> None:
    """Access is never interrupted for good: what begins when it is approved begins now."""
    grant_id = granted(services, world, days=1)
    line_id = extend(services, world, grant_id).line_id
    clock.advance(timedelta(days=1))
    [decided] = race(lambda: services.access.approve(world.li.actor(), line_id, 1), beside=lambda: end_stays(services))
    assert isinstance(decided, Decided)
    assert decided.starts_at == clock.now()
    db.session.remove()
    assert may_read(services, world.wang)
    gone = services.authorization_queries.ran_out(["housing:register:read"], clock.now() - timedelta(days=1), clock.now())
    assert gone == (), "another goes on in its place"


def test_extending_twice_at_once(services: Services, world: World, race: Race) -> None:
    grant_id = granted(services, world, days=2)
    outcomes = race(*[lambda: extend(services, world, grant_id)] * 2)
    [asked] = [outcome for outcome in outcomes if isinstance(outcome, Submitted)]
    [lost] = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert lost.code == "extended_already"
    assert asked.number in str(lost)


@pytest.mark.parametrize("by_holder", [False, True], ids=["revoked", "relinquished"])
def test_asking_for_more_against_the_end_by_hand(services: Services, world: World, race: Race, *, by_holder: bool) -> None:
    """Whichever comes first: what was taken away is not asked for, or is asked for and refused."""
    grant_id = granted(services, world, days=2)

    def take_away() -> Closed:
        if by_holder:
            return services.access.relinquish(world.wang.actor(), grant_id)
        return services.access.revoke(world.li.actor(), grant_id, "核查")

    asked, closed = race(lambda: extend(services, world, grant_id), take_away)
    assert isinstance(closed, Closed)
    if isinstance(asked, Submitted):
        with pytest.raises(Conflict) as refused:
            services.access.approve(world.li.actor(), asked.line_id, 1)
        assert refused.value.code == "parent_closed"
    else:
        assert isinstance(asked, Conflict)
        assert asked.code == "grant_over"
    assert not may_read(services, world.wang)


def test_approving_an_extension_against_revoking(services: Services, world: World, race: Race) -> None:
    """Whichever comes first, nothing of it opens again: the extension is refused, or ended with what it extends."""
    grant_id = granted(services, world, days=2)
    line_id = extend(services, world, grant_id).line_id
    decided, closed = race(
        lambda: services.access.approve(world.li.actor(), line_id, 1),
        lambda: services.access.revoke(world.security_admin.actor(), grant_id, "核查"),
    )
    assert isinstance(closed, Closed)
    db.session.remove()
    extension = services.authorization_queries.grant_of_line(line_id)
    if isinstance(decided, Conflict):
        assert decided.code == "parent_closed"
        assert extension is None
    else:
        assert extension is not None
        assert extension.closed_at is not None
    assert not may_read(services, world.wang)


def test_approving_an_extension_against_suspending(services: Services, world: World, race: Race, clock: ManualClock) -> None:
    """Whichever comes first, nothing of it is awake: the extension is refused, or rests with what it extends."""
    grant_id = granted(services, world, days=2)
    line_id = extend(services, world, grant_id).line_id
    decided, rested = race(
        lambda: services.access.approve(world.li.actor(), line_id, 1),
        lambda: services.grant_life.suspend(world.security_admin.actor(), grant_id, "核查"),
    )
    assert isinstance(rested, Rested)
    assert isinstance(decided, Decided) or (isinstance(decided, Conflict) and decided.code == "parent_closed")
    for _ in range(3):
        db.session.remove()
        assert not may_read(services, world.wang)
        clock.advance(timedelta(days=1))


def test_waking_against_revoking(services: Services, world: World, race: Race) -> None:
    """Whichever comes first, what was taken away is not awake."""
    grant_id = granted(services, world, days=2)
    services.grant_life.suspend(world.li.actor(), grant_id, "核查")
    woken, closed = race(
        lambda: services.grant_life.resume(world.li.actor(), grant_id, "已查清"),
        lambda: services.access.revoke(world.security_admin.actor(), grant_id, "核查"),
    )
    assert isinstance(closed, Closed)
    assert isinstance(woken, Rested | Conflict)
    db.session.remove()
    assert not may_read(services, world.wang)
