"""A door that closes takes out whoever went through it, whatever closed it; whoever may still enter through something else stays."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.jobs.close_stays import close_stays
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Denied
from govcloud.kernel.turn import Turn
from govcloud.services import Services
from govcloud.signon.logout import closed_doors
from govcloud.signon.logout.views import NoticeState
from govcloud.signon.sessions import CurrentSession
from tests.commands.signon.conftest import CountQueries, sign_in
from tests.commands.signon.logout.test_stays import a_grant, a_subsystem, client
from tests.factories.clients import flag_sensitive
from tests.factories.plans import plan_without
from tests.factories.policies import install, province_policy
from tests.factories.racing import together
from tests.factories.receiving import JOBS, Listener, enter
from tests.factories.world import World

ROLES = """
roles:
  ledger_reader: {name: 台账查阅, rules: [{allow: "ledger:door:enter"}]}
  ledger_keeper: {name: 台账管理, rules: [{allow: "ledger:*"}]}
"""
CLOSED_NOW = """
roles:
  ledger_reader: {name: 台账查阅, rules: [{allow: "ledger:door:enter", when: "context.weekday > 7"}]}
  ledger_keeper: {name: 台账管理, rules: [{allow: "ledger:*"}]}
"""
NO_ROLES = """
roles:
  ledger_reader: {name: 台账查阅, rules: [{deny: "ledger:door:enter"}]}
  ledger_keeper: {name: 台账管理, rules: [{allow: "ledger:*"}]}
"""


@pytest.fixture
def ledger(services: Services, world: World, listener: Listener) -> World:
    """Return the province with an old subsystem that asks nothing, and roles about it."""
    install(services, province_policy(ROLES))
    a_subsystem(services, world, listener, 1)
    return world


def give(services: Services, world: World, role: str = "ledger_reader", until: timedelta | None = None) -> Callable[[], bool]:
    """Give 王芳 a role; return what takes it away again."""
    end = None if until is None else services.clock.now() + until
    security = world.security_admin.actor()
    given = services.authorization.assign_role(security, world.wang.official_id, role, until=end, reason="查台账")
    return lambda: services.authorization.end_assignment(security, given, "不再需要")


def causes(services: Services, world: World) -> list[tuple[str, NoticeState]]:
    return [(notice.cause, notice.state) for notice in services.logout_queries.of_official(world.wang.official_id)]


def test_a_role_that_somebody_ends_ends_the_stay_and_the_answer_is_kept(
    services: Services, ledger: World, session: CurrentSession, listener: Listener
) -> None:
    end = give(services, ledger)
    sid = enter(services, session, client(services))
    assert close_stays(services) == 0
    end()
    assert close_stays(services) == 1
    assert close_stays(services) == 0
    services.delivery.deliver_due(JOBS)
    assert [told.path for told in listener.told] == ["/ledger"]
    assert causes(services, ledger) == [("door_closed", NoticeState.ACKNOWLEDGED)]
    assert services.signon.session_by_sid(sid, "ledger-web") is None


def test_whoever_may_still_enter_stays(services: Services, ledger: World, session: CurrentSession, clock: ManualClock) -> None:
    ends = [give(services, ledger), give(services, ledger, "ledger_keeper")]
    enter(services, session, client(services))
    ends[0]()
    assert close_stays(services) == 0
    a_grant(services, ledger, clock, "ledger:book:read")
    ends[1]()
    assert close_stays(services) == 0


def test_a_role_that_runs_out_ends_the_stay(services: Services, ledger: World, session: CurrentSession, clock: ManualClock) -> None:
    give(services, ledger, until=timedelta(minutes=10))
    enter(services, session, client(services))
    assert close_stays(services) == 0
    clock.advance(timedelta(minutes=9))
    assert close_stays(services) == 0
    clock.advance(timedelta(minutes=1))
    assert close_stays(services) == 1


def test_a_duty_that_ends_ends_the_stay(services: Services, ledger: World, session: CurrentSession) -> None:
    rule = NewDutyRule("ledger_reader", "窗口查台账", AppointmentCriteria(positions=("窗口受理员",)), "岗位职责")
    [rule_id] = services.authorization.add_duty_rules(ledger.security_admin.actor(), [rule])
    enter(services, session, client(services))
    assert close_stays(services) == 0
    services.authorization.end_duty_rule(ledger.security_admin.actor(), rule_id, "不再需要")
    assert close_stays(services) == 1


@pytest.mark.parametrize("policy", [NO_ROLES, ""], ids=["a deny", "the rule went"])
def test_a_policy_that_closes_the_door_ends_the_stay(services: Services, ledger: World, session: CurrentSession, policy: str) -> None:
    give(services, ledger)
    enter(services, session, client(services))
    assert close_stays(services) == 0
    without = "roles: {ledger_reader: {name: 台账查阅, rules: []}, ledger_keeper: {name: 台账管理, rules: []}}"
    install(services, province_policy(policy or without))
    assert close_stays(services) == 1


def test_a_condition_that_is_not_met_any_more_ends_the_stay(services: Services, ledger: World, session: CurrentSession) -> None:
    give(services, ledger)
    enter(services, session, client(services))
    install(services, province_policy(CLOSED_NOW))
    assert close_stays(services) == 1


@pytest.mark.parametrize("level", [2, 3])
def test_where_the_subsystem_asks_its_next_check_refuses_and_nobody_is_told(
    *, services: Services, world: World, session: CurrentSession, listener: Listener, level: int
) -> None:
    install(services, province_policy(ROLES))
    a_subsystem(services, world, listener, level)
    end = give(services, world)
    enter(services, session, client(services))
    end()
    assert close_stays(services) == 0
    assert not services.authorization.decide(Question(door_of("ledger"), world.wang.appointment_id)).allowed


def test_who_entered_while_a_role_was_taken_away_is_found_within_a_minute(
    services: Services, ledger: World, session: CurrentSession, clock: ManualClock
) -> None:
    end = give(services, ledger)
    end()
    assert close_stays(services) == 0
    # As if the ticket had been made on what was read before the end, and committed after the look at it.
    give(services, ledger, until=timedelta(seconds=5))
    enter(services, session, client(services))
    clock.advance(timedelta(seconds=6))
    assert close_stays(services) == 0
    clock.advance(timedelta(minutes=1))
    assert close_stays(services) == 1


def test_two_that_look_at_once_end_a_stay_once(app: Flask, services: Services, ledger: World, session: CurrentSession) -> None:
    end = give(services, ledger)
    enter(services, session, client(services))
    end()
    look = partial(services.closed_doors.look, JOBS)
    ended = together(app, services.settings, "SELECT id FROM participant FOR UPDATE", look, look)
    assert sorted(map(str, ended)) == ["0", "1"]
    assert len(causes(services, ledger)) == 1


def test_a_look_beside_the_end_of_an_appointment_waits_in_no_circle(
    app: Flask, services: Services, ledger: World, session: CurrentSession
) -> None:
    """Both hold the session before its stays: the end of an appointment changes it, and a notice names it."""
    end = give(services, ledger)
    enter(services, session, client(services))
    end()
    leave = partial(services.identity.end_appointment, ledger.system_admin.actor(), ledger.wang.appointment_id, "轮岗")
    came = together(app, services.settings, "SELECT id FROM session FOR UPDATE", leave, partial(services.closed_doors.look, JOBS))
    assert not [item for item in came if isinstance(item, Exception)]
    assert len(causes(services, ledger)) == 1


def test_nobody_but_the_platform_closes_stays(services: Services, ledger: World, session: CurrentSession) -> None:
    end = give(services, ledger)
    enter(services, session, client(services))
    end()
    for who in (ledger.wang, ledger.li, ledger.system_admin, ledger.security_admin):
        with pytest.raises(Denied):
            services.closed_doors.look(who.actor())
    assert close_stays(services) == 1


def sign_li_in(services: Services, world: World) -> CurrentSession:
    """Let 李 into the ledger beside 王芳; return the session."""
    services.authorization.assign_role(world.security_admin.actor(), world.li.official_id, "ledger_reader", until=None, reason="查台账")
    session = sign_in(services, "LIQIANG")
    enter(services, session, client(services))
    return session


def test_a_sweep_goes_on_at_the_next_look_and_whoever_is_named_comes_first(
    services: Services, ledger: World, session: CurrentSession, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closed_doors, "_PAGE", 1)
    monkeypatch.setattr(closed_doors, "_PAGES", 1)
    end = give(services, ledger, until=timedelta(minutes=10))
    enter(services, session, client(services))
    sign_li_in(services, ledger)
    for _ in range(3):
        assert close_stays(services) == 0
    # Everybody is to be looked at, one stay at a time; told to stop, not even that.
    install(services, province_policy(NO_ROLES))
    assert services.closed_doors.look(JOBS, lambda: True) == 0
    assert [close_stays(services) for _ in range(4)] == [1, 1, 0, 0]
    # Somebody who is named is not kept waiting by a sweep that is under way.
    install(services, province_policy(ROLES))
    sign_li_in(services, ledger)
    enter(services, session, client(services))
    clock.advance(timedelta(minutes=1))
    end()
    assert close_stays(services) == 1
    assert causes(services, ledger)[0][0] == "door_closed"


def test_one_process_sweeps_and_the_others_look_at_whoever_is_named(
    services: Services, ledger: World, session: CurrentSession, clock: ManualClock
) -> None:
    end = give(services, ledger, until=timedelta(minutes=10))
    other = Turn(db.engine, closed_doors.SWEEP)
    assert other.ours()
    enter(services, session, client(services))
    assert close_stays(services) == 0
    install(services, province_policy(NO_ROLES))
    assert close_stays(services) == 0
    end()
    assert close_stays(services) == 1
    install(services, province_policy(ROLES))
    give(services, ledger, until=timedelta(minutes=10))
    enter(services, session, client(services))
    clock.advance(timedelta(minutes=11))
    assert close_stays(services) == 0
    # The one that swept is gone: its connection with it.
    assert other.ours()
    del other
    gc.collect()
    assert close_stays(services) == 1


def test_a_change_of_another_subsystem_s_catalogue_makes_nobody_be_looked_at(
    services: Services, ledger: World, session: CurrentSession, count_queries: CountQueries
) -> None:
    give(services, ledger)
    enter(services, session, client(services))
    assert close_stays(services) == 0
    with count_queries() as idle:
        assert close_stays(services) == 0
    flag_sensitive(services, "assistance:case:read")
    with count_queries() as after:
        assert close_stays(services) == 0
    assert len(after) <= len(idle) + 1
    assert not any("FROM participant" in statement for statement in after)


def test_a_page_of_open_stays_is_found_by_its_index(services: Services, session: CurrentSession, superuser_url: str) -> None:
    """The table keeps every stay that ended: a sweep must not go through those."""
    ended = (
        "INSERT INTO participant (id, session_id, client_id, created_at, ended_at)"
        " SELECT gen_random_uuid(), %s, 'housing-web', now(), now() FROM generate_series(1, 5000)"
    )
    with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as hand:
        hand.execute(ended, (session.session_id,))
        hand.execute("ANALYZE participant")
    reading = services.uow.read()
    plan_without(reading, "seqscan", "sort")
    page = "EXPLAIN SELECT id FROM participant WHERE ended_at IS NULL AND id > :after ORDER BY id LIMIT 2000"
    plan = reading.execute(text(page), {"after": session.session_id})
    assert "ix_participant_open" in " ".join(plan.scalars())
