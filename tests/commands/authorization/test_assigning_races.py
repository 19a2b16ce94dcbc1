"""A role given while the person leaves or moves, the ceiling is lowered or the policy changes: on two connections, both ways round."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from flask import Flask

from govcloud.authorization.models import RoleAssignment
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.reorganisation import Merge
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.policies import install, province_policy
from tests.factories.world import SEED, World

WAIT_SECONDS = 30
CLERK = "housing_clerk"
WHY = Order("组织决定")
Command = Callable[[], object]
Overlapped = Callable[[Command, Command], tuple[object, object]]


@pytest.fixture
def overlapped(app: Flask, services: Services, settings: Settings) -> Overlapped:
    """Return the way to run one command while another has done its work and not committed yet."""
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    def told(command: Command) -> object:
        with app.app_context():
            try:
                return command()
            except GovcloudError as error:
                return error
            finally:
                db.session.remove()

    def run(first: Command, second: Command) -> tuple[object, object]:
        db.session.remove()
        worked, go_on = threading.Event(), threading.Event()

        def open_ended() -> object:
            try:
                with services.uow.begin(SEED, "govcloud:platform:seed"):
                    done = first()
                    worked.set()
                    assert go_on.wait(WAIT_SECONDS)
                    return done
            finally:
                worked.set()

        with ThreadPoolExecutor(2) as pool, psycopg.connect(url, autocommit=True) as eye:
            one = pool.submit(told, open_ended)
            assert worked.wait(WAIT_SECONDS)
            other = pool.submit(told, second)
            deadline = time.monotonic() + WAIT_SECONDS
            while not other.done() and (eye.execute(waiting).fetchone() or (0,))[0] == 0:
                assert time.monotonic() < deadline, "the second command neither ended nor met a lock"
                threading.Event().wait(0.01)
            go_on.set()
            return one.result(timeout=WAIT_SECONDS), other.result(timeout=WAIT_SECONDS)

    return run


def held(services: Services, world: World) -> list[str]:
    """Return the roles that 王芳 holds, whether she may act or not."""
    rows = services.uow.read().query(RoleAssignment).filter_by(official_id=world.wang.official_id, valid_to=None)
    return [row.role_code for row in rows]


@pytest.mark.parametrize("leave_first", [False, True])
def test_who_leaves_keeps_no_role_that_was_given_meanwhile(
    services: Services, world: World, overlapped: Overlapped, *, leave_first: bool
) -> None:
    wang = world.wang.official_id

    def give() -> object:
        return services.authorization.assign_role(world.security_admin.actor(), wang, CLERK, reason="专项")

    def leave() -> object:
        return services.identity.leave(SEED, wang, WHY)

    first, second = overlapped(leave, give) if leave_first else overlapped(give, leave)
    assert not isinstance(first, GovcloudError)
    assert isinstance(second, Conflict) == leave_first
    assert held(services, world) == []
    # Nor does it wait for a return.
    services.identity.undo_leave(SEED, wang, "登记有误")
    assert sorted(held(services, world)) == (["counter_clerk"] if leave_first else ["counter_clerk", CLERK])


def test_a_ceiling_that_is_being_lowered_is_waited_for(services: Services, world: World, overlapped: Overlapped) -> None:
    guard, sun, wang = world.security_admin.actor(), world.people["SUNLI"].actor(), world.wang
    department = world.organisation.ids["xihu_civil_affairs"]
    services.authorization.set_role_ceiling(guard, department, [CLERK], "窗口力量调配")
    until = services.clock.now() + timedelta(days=30)
    _, given = overlapped(
        lambda: services.authorization.set_role_ceiling(guard, department, [], "收回"),
        lambda: services.authorization.assign_role(sun, wang.official_id, CLERK, wang.appointment_id, reason="窗口支援", until=until),
    )
    assert isinstance(given, Denied)
    assert given.code == "above_ceiling"


@pytest.mark.parametrize("how", ["transfer", "merge"])
def test_who_moves_away_is_given_nothing_under_the_old_duty(services: Services, world: World, overlapped: Overlapped, how: str) -> None:
    guard, sun, wang = world.security_admin.actor(), world.people["SUNLI"].actor(), world.wang
    ids = world.organisation.ids
    services.authorization.set_role_ceiling(guard, ids["xihu_civil_affairs"], [CLERK], "窗口力量调配")
    until = services.clock.now() + timedelta(days=30)

    def move() -> object:
        if how == "merge":
            return services.identity.reorganise(SEED, Merge((ids["xihu_civil_affairs"],), ids["yuhang_civil_affairs"], "并入"))
        return services.identity.transfer(SEED, wang.official_id, Duty(ids["yuhang_civil_affairs"], "窗口受理员"), WHY)

    _, given = overlapped(
        move,
        lambda: services.authorization.assign_role(sun, wang.official_id, CLERK, wang.appointment_id, reason="窗口支援", until=until),
    )
    assert isinstance(given, Denied | NotFound)
    rows = services.uow.read().query(RoleAssignment).filter_by(official_id=wang.official_id, role_code=CLERK).all()
    assert rows == []


def test_a_role_that_is_given_goes_along_with_a_merger(services: Services, world: World, overlapped: Overlapped) -> None:
    guard, ids, wang = world.security_admin.actor(), world.organisation.ids, world.wang
    given, merged = overlapped(
        lambda: services.authorization.assign_role(guard, wang.official_id, CLERK, wang.appointment_id, reason="窗口支援"),
        lambda: services.identity.reorganise(SEED, Merge((ids["xihu_civil_affairs"],), ids["yuhang_civil_affairs"], "并入")),
    )
    assert not isinstance(given, GovcloudError)
    assert not isinstance(merged, GovcloudError)
    (place,) = services.identity_queries.appointments_of(wang.official_id)
    rows = services.uow.read().query(RoleAssignment).filter_by(official_id=wang.official_id, role_code=CLERK, valid_to=None)
    assert [row.appointment_id for row in rows] == [place.id]


@pytest.mark.parametrize("by", ["rule", "assignment"])
@pytest.mark.parametrize("policy_first", [False, True])
def test_a_policy_drops_no_role_that_is_being_given(
    services: Services, world: World, overlapped: Overlapped, by: str, *, policy_first: bool
) -> None:
    guard = world.security_admin.actor()
    extra = "roles: {visitor: {name: 访客, description: 专项, rules: [{allow: [housing:guide:read]}]}}"
    small = province_policy()
    install(services, small.extended_by(extra, "b"))
    rule = NewDutyRule("visitor", label="专项", criteria=AppointmentCriteria(positions=("窗口受理员",)), reason="岗位职责")

    def give() -> object:
        if by == "rule":
            return services.authorization.add_duty_rules(guard, [rule])
        return services.authorization.assign_role(guard, world.wang.official_id, "visitor", reason="专项")

    def drop() -> object:
        return install(services, small)

    first, second = overlapped(drop, give) if policy_first else overlapped(give, drop)
    assert not isinstance(first, GovcloudError)
    assert isinstance(second, Invalid if policy_first else Conflict), second
