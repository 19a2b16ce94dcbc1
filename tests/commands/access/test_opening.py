"""When what was approved opens: at once, from a wished-for moment on, or together with the other lines of its request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from govcloud.access.lifecycle import GrantState
from govcloud.authorization.deciding.decisions import Question
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from govcloud.subsystems.changes import ItemChange
from tests.factories.joint import CASES, approve, ask_jointly
from tests.factories.requests import REGISTER, ask, may_read
from tests.factories.world import XIHU, YUHANG, World

SECOND = timedelta(seconds=1)


def may_see_cases(services: Services, world: World, division: str = XIHU) -> bool:
    question = Question(function=CASES, appointment_id=world.wang.appointment_id, resource={"division": division})
    return services.authorization.decide(question).allowed


def held_back(services: Services, world: World) -> list[str | None]:
    db.session.remove()
    page = services.access_queries.my_requests(world.wang.official_id)
    return [line.held_back for line in page.entries[0].lines]


def names_of(services: Services, world: World) -> list[str]:
    db.session.remove()
    request = services.access_queries.my_requests(world.wang.official_id).entries[0]
    return [event.name for event in services.audit_queries.by_chain(str(request.id))]


def test_a_day_is_24_hours_and_not_none(services: Services, world: World, clock: ManualClock) -> None:
    """Elsewhere 24 hours became 0 (sso-elevator#62): the window is exact to the second, and half open."""
    line_id = ask(services, world, days=1).line_id
    decided = services.access.approve(world.li.actor(), line_id, 1)
    assert decided.starts_at is not None
    assert decided.ends_at is not None
    assert decided.ends_at - decided.starts_at == timedelta(hours=24)
    clock.advance(timedelta(hours=24) - SECOND)
    assert may_read(services, world.wang)
    clock.advance(SECOND)
    assert not may_read(services, world.wang)


def test_a_wished_for_start_is_kept(services: Services, world: World, clock: ManualClock) -> None:
    wished = clock.now() + timedelta(days=2)
    lines = ask_jointly(services, world, mode="progressive", starts_at=wished, functions=(REGISTER,))
    decided = approve(services, world, REGISTER, lines[REGISTER])
    assert (decided.starts_at, decided.ends_at) == (wished, wished + timedelta(days=5))
    assert not may_read(services, world.wang)
    held = services.access_queries.my_access(world.wang.official_id)
    assert [entry.grant.state for entry in held] == [GrantState.SCHEDULED]
    clock.advance(wished - SECOND - clock.now())
    assert not may_read(services, world.wang)
    clock.advance(wished - clock.now())
    assert may_read(services, world.wang)


def test_a_start_that_has_passed_by_the_approval_is_now(services: Services, world: World, clock: ManualClock) -> None:
    lines = ask_jointly(services, world, mode="progressive", starts_at=clock.now() + timedelta(hours=1), functions=(REGISTER,))
    clock.advance(timedelta(hours=3))
    decided = approve(services, world, REGISTER, lines[REGISTER])
    assert (decided.starts_at, decided.ends_at) == (clock.now(), clock.now() + timedelta(days=5))


def test_lines_open_one_by_one_by_default(services: Services, world: World) -> None:
    lines = ask_jointly(services, world, mode="progressive")
    assert approve(services, world, REGISTER, lines[REGISTER]).grant_id is not None
    assert may_read(services, world.wang)


def test_lines_that_open_together_wait_for_the_last_one(services: Services, world: World, clock: ManualClock) -> None:
    lines = ask_jointly(services, world)
    first = approve(services, world, REGISTER, lines[REGISTER])
    assert (first.grant_id, first.starts_at) == (None, None)
    assert not may_read(services, world.wang)
    assert held_back(services, world) == ["waiting", None]
    clock.advance(timedelta(days=1))
    second = approve(services, world, CASES, lines[CASES])
    db.session.remove()
    grants = services.authorization_queries.grants_of_lines(lines.values())
    assert {grant.starts_at for grant in grants} == {clock.now()} == {second.starts_at}
    assert len(grants) == 2
    assert may_read(services, world.wang)
    assert may_see_cases(services, world)
    assert held_back(services, world) == [None, None]


def test_the_same_approval_again_is_the_same_result_while_it_is_held_back(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    first = approve(services, world, REGISTER, lines[REGISTER])
    again = approve(services, world, REGISTER, lines[REGISTER])
    assert (again.replayed, again.decision_id, again.grant_id) == (True, first.decision_id, None)


def test_a_refused_line_keeps_the_others_shut_and_says_so(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    services.access.reject(world.zhao.actor(), lines[CASES], 1, "not_needed")
    assert not may_read(services, world.wang)
    assert held_back(services, world) == ["given_up", None]
    assert "access:request:not_opened" in names_of(services, world)


def test_a_line_that_is_approved_after_another_was_refused_does_not_open(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    services.access.reject(world.zhao.actor(), lines[CASES], 1, "not_needed")
    assert approve(services, world, REGISTER, lines[REGISTER]).grant_id is None
    assert not may_read(services, world.wang)
    assert "given_up" in held_back(services, world)


def test_a_lapsed_line_keeps_the_others_shut(services: Services, world: World, clock: ManualClock) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    clock.advance(timedelta(days=60))
    assert services.escalating.run(Actor.system("jobs")) == 1
    assert not may_read(services, world.wang)
    assert "access:request:not_opened" in names_of(services, world)


def test_what_waits_for_a_line_that_is_withdrawn_opens(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    services.access.withdraw(world.wang.actor(), lines[CASES], 1)
    assert may_read(services, world.wang)
    assert not may_see_cases(services, world, YUHANG)


def test_a_line_whose_item_changed_after_its_approval_does_not_open_unseen(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    change = ItemChange("查询住房登记信息", "姓名、房屋坐落", max_days=30, requires_case_number=True)
    services.subsystems.change_item(Actor.system("operator"), world.items[REGISTER], 1, change, "内容缩减")
    with pytest.raises(Conflict) as refused:
        approve(services, world, CASES, lines[CASES])
    assert refused.value.code == "together_changed"
    assert not may_read(services, world.wang)
    assert not services.authorization_queries.grants_of_lines(lines.values())


def test_nothing_opens_for_somebody_who_was_disabled_meanwhile(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离职")
    with pytest.raises(Conflict):
        approve(services, world, CASES, lines[CASES])
    assert not services.authorization_queries.grants_of_lines(lines.values())
