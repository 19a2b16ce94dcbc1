"""Lines that wait for an exception: their clocks stand, a corrected line joins them, and each is looked at again by itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from govcloud.access.clocks.line_clock import LEFT_LYING
from govcloud.access.commands import Correction
from govcloud.access.lifecycle import LineState
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from tests.factories.apart import ACCEPT, CASES, REGISTER, excepted, in_force
from tests.factories.joint import line_of
from tests.factories.requests import ask
from tests.factories.world import XIHU, World

JOBS = Actor.system("jobs")
AS_BEFORE = Correction("办理困难家庭救助，核对申请人住房情况", 10, Scope((XIHU,)), "XH-2026-0117")


def state_of(services: Services, world: World, line_id: UUID) -> LineState:
    db.session.remove()
    return services.access_queries.line(world.li.actor(), line_id).state


def told(services: Services, world: World) -> list[str]:
    """Return the kinds of what 李强 was told, the newest first."""
    db.session.remove()
    return [notice.kind for notice in services.notice_queries.page(world.li.official_id).entries]


def test_the_clock_stands_while_a_line_is_blocked(services: Services, world: World, clock: ManualClock) -> None:
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    line_id = ask(services, world).line_id
    due_at = line_of(services, line_id).due_at
    assert told(services, world) == [], "nobody is called to decide on what cannot be decided on"
    clock.advance(due_at - clock.now() + timedelta(days=1))
    assert services.escalating.run(JOBS) == 0, "no time of the department's has run"
    assert state_of(services, world, line_id) is LineState.BLOCKED_SOD
    before = clock.now()
    excepted(services, world, world.wang, "accept-and-check")
    line = line_of(services, line_id)
    assert line.state == LineState.PENDING
    assert line.paused_at is None
    assert line.due_at == services.clocks.lapses_at("one", before), "it has all of the time, from now on"
    assert (line.waited_seconds, line.escalation) == (0, 0)
    assert told(services, world) == ["to_decide"]


def test_what_waits_in_vain_lapses_against_no_department(services: Services, world: World, clock: ManualClock) -> None:
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    line_id = ask(services, world).line_id
    clock.advance(LEFT_LYING)
    assert services.escalating.run(JOBS) == 1
    assert state_of(services, world, line_id) is LineState.LAPSED
    assert services.waiting.report(world.security_admin.actor()).total.lapsed == 0
    notices = services.notice_queries.page(world.wang.official_id).entries
    assert [notice.kind for notice in notices] == ["lapsed_blocked", "blocked"]


def test_a_corrected_line_with_a_conflict_waits_like_a_new_one(services: Services, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    clock.advance(timedelta(hours=2))
    services.approving.returning.send_back(world.li.actor(), line_id, 1, "请写明用途")
    left = services.clocks.working.between(clock.now(), line_of(services, line_id).due_at)
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT)
    clock.advance(timedelta(days=5))
    done = services.approving.returning.resubmit(world.wang.actor(), line_id, 2, AS_BEFORE)
    assert done.blocked
    assert state_of(services, world, line_id) is LineState.BLOCKED_SOD
    assert [conflict.code for conflict in services.access_queries.line(world.wang.actor(), line_id).conflicts] == ["accept-and-check"]
    with pytest.raises(Conflict):
        services.access.approve(world.li.actor(), line_id, done.version)
    clock.advance(LEFT_LYING - timedelta(days=1))
    assert services.escalating.run(JOBS) == 0, "the time for an exception begins with the correction"
    excepted(services, world, world.wang, "accept-and-check")
    line = line_of(services, line_id)
    assert (line.state, line.round) == (LineState.PENDING, 2)
    assert services.clocks.working.between(clock.now(), line.due_at) == left, "the clock goes on where it stood"
    assert services.access.approve(world.li.actor(), line_id, line.version, days=3).grant_id is not None


def test_a_corrected_line_that_nothing_lifts_is_refused(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    services.approving.returning.send_back(world.li.actor(), line_id, 1, "请写明用途")
    in_force(services, world, "never", REGISTER, ACCEPT, liftable=False)
    with pytest.raises(Conflict) as caught:
        services.approving.returning.resubmit(world.wang.actor(), line_id, 2, AS_BEFORE)
    assert caught.value.code == "sod_conflict"
    assert state_of(services, world, line_id) is LineState.RETURNED


def test_one_line_that_fails_keeps_no_other_from_going_on(
    services: Services, world: World, superuser_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    in_force(services, world, "one-of-two", REGISTER, CASES)
    sun, he = world.people["SUNLI"], world.people["HEWEI"]
    grants = [services.access.approve(world.li.actor(), ask(services, world, who).line_id, 1).grant_id for who in (sun, he)]
    lines = [ask(services, world, who, item_id=world.items[CASES]).line_id for who in (sun, he)]
    for grant_id in grants:
        assert grant_id is not None
        services.authorization.close_grant(Actor.system("operator"), grant_id, "收回")
    with caplog.at_level(logging.ERROR, logger="govcloud.access.asking.blocked"), broken(superuser_url, lines[0]):
        assert services.blocked.look_at_all(JOBS) == 1
    db.session.remove()
    assert [line_of(services, line_id).state for line_id in lines] == [LineState.BLOCKED_SOD, LineState.PENDING]
    assert [str(lines[0]) in record.getMessage() for record in caplog.records] == [True]


def test_no_line_is_passed_over_however_many_there_are(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govcloud.access.asking.blocked._PAGE", 1)
    in_force(services, world, "one-of-two", REGISTER, CASES)
    people = [world.people[name] for name in ("SUNLI", "HEWEI", "QIANWEI")]
    grants = [services.access.approve(world.li.actor(), ask(services, world, who).line_id, 1).grant_id for who in people]
    lines = [ask(services, world, who, item_id=world.items[CASES]).line_id for who in people]
    for grant_id in grants:
        assert grant_id is not None
        services.authorization.close_grant(Actor.system("operator"), grant_id, "收回")
    told_to_stop = iter((False, True))
    assert services.blocked.look_at_all(JOBS, lambda: next(told_to_stop)) == 1, "it stops between two lines"
    assert services.blocked.look_at_all(JOBS) == 2
    assert {line_of(services, line_id).state for line_id in lines} == {LineState.PENDING}


@contextmanager
def broken(superuser_url: str, line_id: UUID) -> Iterator[None]:
    """Let the database refuse to change one line."""
    body = f"BEGIN IF OLD.id = '{line_id}' THEN RAISE EXCEPTION 'disk failure'; END IF; RETURN NEW; END"
    with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute(f"CREATE FUNCTION break_line() RETURNS trigger LANGUAGE plpgsql AS $${body}$$".encode())
        connection.execute(b"CREATE TRIGGER break_line BEFORE UPDATE ON request_line FOR EACH ROW EXECUTE FUNCTION break_line()")
        try:
            yield
        finally:
            connection.execute(b"DROP FUNCTION break_line CASCADE")
