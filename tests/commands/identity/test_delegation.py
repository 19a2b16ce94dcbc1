"""越权: every command on people, asked by everybody who might; a department's administrator reaches that subtree and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from govcloud.identity.inputs import NewAppointment, OfficialChange
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from tests.factories.people import an_official
from tests.factories.world import SEED, Person, World

WHY = Order("工作需要")
Command = Callable[[Services, World, Actor, Person], object]


def _duty(world: World, services: Services, person: Person) -> Duty:
    return Duty(person.department_id, "另一岗位", ends_at=services.clock.now() + timedelta(days=30))


COMMANDS: dict[str, Command] = {
    "register": lambda s, w, a, p: s.identity.register_official(a, an_official(p.department_id)),
    "change": lambda s, w, a, p: s.identity.change_official(a, p.official_id, OfficialChange(rank="四级调研员")),
    "appoint": lambda s, w, a, p: s.identity.appoint(a, p.official_id, NewAppointment(p.department_id, "兼任岗位", kind="concurrent")),
    "end": lambda s, w, a, p: s.identity.end_appointment(a, p.appointment_id, "结束"),
    "transfer": lambda s, w, a, p: s.identity.transfer(a, p.official_id, _duty(w, s, p), WHY),
    "concurrent": lambda s, w, a, p: s.identity.concurrent(a, p.official_id, _duty(w, s, p), WHY),
    "attach": lambda s, w, a, p: s.identity.attach(a, p.official_id, _duty(w, s, p), WHY),
    "second": lambda s, w, a, p: s.identity.second(a, p.official_id, _duty(w, s, p), WHY),
    "suspend": lambda s, w, a, p: s.identity.suspend(a, p.official_id, WHY),
    "reinstate": lambda s, w, a, p: s.identity.reinstate(a, _once(s, p, s.identity.suspend), WHY),
    "leave": lambda s, w, a, p: s.identity.leave(a, p.official_id, WHY),
    "undo_leave": lambda s, w, a, p: s.identity.undo_leave(a, _once(s, p, s.identity.leave), "有误"),
    "rejoin": lambda s, w, a, p: s.identity.rejoin(a, _once(s, p, s.identity.leave), [NewAppointment(p.department_id, "返岗")], WHY),
    "cancel": lambda s, w, a, p: s.identity.cancel_change(
        a, s.identity.leave(SEED, p.official_id, Order("退休", s.clock.now() + timedelta(days=3))).change_id, "取消"
    ),
    "unmask": lambda s, w, a, p: s.identity.unmask(a, p.official_id, "phone", "联系本人"),
    "issue_password": lambda s, w, a, p: s.signon.issue_password(a, _account(s, p)),
}


def _once(services: Services, person: Person, command: Callable[..., object]) -> UUID:
    """Bring a person who is active into the state from which another command leads back; return the person's id."""
    view = services.identity_queries.official(person.official_id)
    if view is not None and view.active:
        command(SEED, person.official_id, WHY)
    return person.official_id


def _account(services: Services, person: Person) -> UUID:
    account = services.identity_queries.account_of(person.official_id)
    assert account is not None
    return account.id


@pytest.mark.parametrize("name", COMMANDS)
def test_who_may_run_which_command_on_whom(services: Services, world: World, name: str) -> None:
    run, inside, outside = COMMANDS[name], world.wang, world.people["SHANXUEMEI"]
    sun = world.people["SUNLI"].actor()
    for actor, person in ((sun, outside), (world.people["CHENJIE"].actor(), inside), (world.li.actor(), inside)):
        with pytest.raises(Denied):
            run(services, world, actor, person)
    for actor in (world.audit_admin.actor(), world.people["HEWEI"].actor(), Actor.anonymous()):
        with pytest.raises(Denied):
            services.identity.leave(actor, inside.official_id, WHY)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_department_administrator_may_run_it_within(services: Services, world: World, name: str) -> None:
    COMMANDS[name](services, world, world.people["SUNLI"].actor(), world.wang)


def test_nobody_is_pulled_in_or_pushed_out(services: Services, world: World) -> None:
    sun, own, other = world.people["SUNLI"].actor(), world.wang.department_id, world.organisation.ids["yuhang_civil_affairs"]
    outsider = world.people["SHANXUEMEI"].official_id
    for command in (services.identity.transfer, services.identity.concurrent):
        with pytest.raises(Denied):
            command(sun, outsider, Duty(own, "借用岗位"), WHY)
        with pytest.raises(Denied):
            command(sun, world.wang.official_id, Duty(other, "外派岗位"), WHY)
    with pytest.raises(Denied):
        services.identity.appoint(sun, outsider, NewAppointment(own, "借用岗位", kind="concurrent"))
    services.identity.transfer(world.system_admin.actor(), outsider, Duty(own, "借用岗位"), WHY)
    services.identity.transfer(sun, outsider, Duty(own, "窗口主任"), WHY)


def test_a_duty_that_lies_ahead_counts(services: Services, world: World) -> None:
    at = Order("借调", services.clock.now() + timedelta(days=9))
    duty = Duty(world.organisation.ids["yuhang_civil_affairs"], "专班", ends_at=services.clock.now() + timedelta(days=90))
    services.identity.second(SEED, world.wang.official_id, duty, at)
    with pytest.raises(Denied):
        services.identity.leave(world.people["SUNLI"].actor(), world.wang.official_id, WHY)


def test_reach_follows_the_roles(services: Services, world: World) -> None:
    queries, page = services.authorization_queries, "govcloud:console:officials"
    reach = {
        login: queries.reach_of(world.people[login].official_id, world.people[login].appointment_id, page)
        for login in ("SUNLI", "ZHOUJIANJUN", "WUXIAOYAN", "WANGFANG", "ZHENGGUOHUA")
    }
    assert reach == {
        "SUNLI": (world.organisation.paths["xihu_civil_affairs"],),
        "ZHOUJIANJUN": ("/",),
        "WUXIAOYAN": ("/",),
        "WANGFANG": (),
        "ZHENGGUOHUA": (),
    }
    services.identity.suspend(SEED, world.people["SUNLI"].official_id, WHY)
    assert queries.reach_of(world.people["SUNLI"].official_id, world.people["SUNLI"].appointment_id, page) == ()
