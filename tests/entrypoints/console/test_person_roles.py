"""Direct roles on a person's page: given within the ceiling after a preview, ended with a reason, and by nobody else."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services
from govcloud.subsystems.inputs import CLIENT_ROLES
from tests.entrypoints.console.administrators import Become, said
from tests.entrypoints.console.conftest import happened
from tests.factories.browsing import counted, inline_code
from tests.factories.world import SEED, Person, World

CLERK, OWN = "housing_clerk", "杭州市西湖区民政局"
REASON = "窗口支援，按规定办理"


@pytest.fixture
def wang(services: Services, world: World) -> Person:
    """Return 王芳, in whose department the clerk's role may be given."""
    department = world.organisation.ids["xihu_civil_affairs"]
    services.authorization.set_role_ceiling(world.security_admin.actor(), department, [CLERK], "窗口力量调配")
    return world.wang


def give(person: Person) -> str:
    return f"/officials/give-role/{person.official_id}"


def form(person: Person, **changes: str) -> dict[str, str]:
    usual = {"appointment": str(person.appointment_id), "role_code": CLERK, "ends_on": "2027-03-01", "reason": REASON}
    return {**usual, **changes}


def held(services: Services, person: Person, role: str = CLERK) -> list[UUID]:
    return [row.id for row in services.authorization_queries.assignments_of(person.official_id) if row.role_code == role]


def test_a_department_administrator_gives_within_the_ceiling_and_ends_it(services: Services, become: Become, wang: Person) -> None:
    sun, page = become("SUNLI"), f"/officials/details/?id={wang.official_id}"
    assert give(wang) in sun.get(page).text
    offered = sun.get(give(wang)).text
    assert f'value="{CLERK}"' in offered
    assert 'value="counter_clerk"' not in offered
    shown = said(sun.post(give(wang), form(wang)))
    for told in ("新增的功能", "住房保障管理系统", "查询住房登记信息", "2027-03-01", REASON, "住房保障经办"):
        assert told in shown, told
    assert held(services, wang) == []
    assert sun.post(give(wang), form(wang, confirmed="1")).status_code == 303
    (given,) = held(services, wang)
    assert services.authorization_queries.open_functions(wang.appointment_id) >= {"housing:register:read"}
    after = sun.get(page).text
    assert "已授予王芳“住房保障经办”角色" in after
    assert f"/officials/end-role/{given}" in after
    # The counter clerk's role lies above the ceiling: whoever may not end it is not offered to.
    (other,) = held(services, wang, "counter_clerk")
    assert f"/officials/end-role/{other}" not in after
    ending = f"/officials/end-role/{given}"
    assert "查询住房登记信息" in said(sun.get(ending))
    refused = sun.post(ending, {"reason": "短"})
    assert (refused.status_code, '<a href="#reason">' in refused.text) == (422, True)
    assert sun.post(ending, {"reason": "支援结束，按规定办理"}).status_code == 303
    assert held(services, wang) == []
    assert "“住房保障经办”角色已结束，立即生效" in sun.get(page).text
    assert sun.post(ending, {"reason": "支援结束，按规定办理"}).status_code == 303
    assert "“住房保障经办”角色此前已经结束" in sun.get(page).text


def test_confirming_twice_gives_once(services: Services, become: Become, wang: Person) -> None:
    sun = become("SUNLI")
    for _ in range(2):
        assert sun.post(give(wang), form(wang, confirmed="1")).status_code == 303
    assert len(held(services, wang)) == 1
    again = said(sun.post(give(wang), form(wang, ends_on="2027-04-01")))
    assert "不增加功能" in again


@pytest.mark.parametrize(
    "case",
    [
        ("role_code", {"role_code": ""}, "请从可授予的角色中选择"),
        ("role_code", {"role_code": "counter_clerk"}, "请从可授予的角色中选择"),
        ("role_code", {"role_code": "security_admin"}, "请从可授予的角色中选择"),
        ("role_code", {"role_code": "x" * 100_000}, "请从可授予的角色中选择"),
        ("ends_on", {"ends_on": ""}, "必须有结束时间"),
        ("ends_on", {"ends_on": "2026-13-01"}, "2026-12-01"),
        ("ends_on", {"ends_on": "0001-01-01"}, "结束时间必须晚于现在"),
        ("reason", {"reason": ""}, "不能为空"),
        ("reason", {"reason": "由" * 129}, "长度应为"),
        ("reason", {"reason": "窗口\x00支援一下"}, "控制字符"),
        ("department", {"department": "杭州市余杭区民政局"}, "您的管理范围内没有这个部门"),
    ],
)
def test_what_is_wrong_stands_on_its_field(services: Services, become: Become, wang: Person, case: tuple[str, dict[str, str], str]) -> None:
    field, changes, told = case
    sun, before = become("SUNLI"), happened(services)
    for confirmed in ({}, {"confirmed": "1"}):
        answer = sun.post(give(wang), form(wang, **changes, **confirmed))
        assert answer.status_code == 422
        assert f'<a href="#{field}">' in answer.text
        assert f'id="{field}"' in answer.text
        assert told in answer.text
    assert happened(services) == before


def test_a_ceiling_that_is_lowered_between_preview_and_confirmation_wins(
    services: Services, world: World, become: Become, wang: Person
) -> None:
    sun = become("SUNLI")
    assert sun.post(give(wang), form(wang)).status_code == 200
    services.authorization.set_role_ceiling(world.security_admin.actor(), world.organisation.ids["xihu"], [], "收回")
    services.authorization.set_role_ceiling(world.security_admin.actor(), wang.department_id, [], "收回")
    answer = sun.post(give(wang), form(wang, confirmed="1"))
    assert answer.status_code == 422
    assert "这个部门没有可以授予的角色" in answer.text
    assert held(services, wang) == []


def test_nobody_reaches_outside_or_gives_to_oneself(services: Services, world: World, become: Become, wang: Person) -> None:
    sun, outside, before = become("SUNLI"), world.people["SHANXUEMEI"], happened(services)
    (theirs,) = held(services, outside, "counter_clerk")
    for path in (give(outside), f"/officials/give-role/{uuid4()}", "/officials/give-role/x"):
        assert sun.get(path).status_code == 404
        assert sun.post(path, form(outside, confirmed="1")).status_code == 404
    for key in (theirs, uuid4()):
        assert sun.get(f"/officials/end-role/{key}").status_code == 404
        assert sun.post(f"/officials/end-role/{key}", {"reason": REASON}).status_code == 404
    me = world.people["SUNLI"]
    assert give(me) not in sun.get(f"/officials/details/?id={me.official_id}").text
    assert sun.get(give(me)).status_code == 403
    assert sun.post(give(me), form(me, confirmed="1")).status_code == 403
    (mine,) = held(services, me, "department_admin")
    assert sun.post(f"/officials/end-role/{mine}", {"reason": REASON}).status_code == 403
    # Above the ceiling, within the reach.
    (above,) = held(services, wang, "counter_clerk")
    assert sun.get(f"/officials/end-role/{above}").status_code == 403
    # An appointment that is another person's, or none.
    for appointment in (str(outside.appointment_id), "all", "x"):
        assert sun.post(give(wang), form(wang, appointment=appointment, confirmed="1")).status_code == 404
    assert happened(services) == before


def test_a_place_beyond_the_reach_is_not_offered_and_its_roles_stay(services: Services, world: World, become: Become, wang: Person) -> None:
    duty = Duty(world.organisation.ids["yuhang_civil_affairs"], "专班成员")
    there = services.identity.concurrent(SEED, wang.official_id, duty, Order("专班")).appointment_id
    assert there is not None
    given = services.authorization.assign_role(world.security_admin.actor(), wang.official_id, CLERK, there, reason="专班")
    sun = become("SUNLI")
    assert str(there) not in sun.get(give(wang)).text
    assert sun.get(f"{give(wang)}?appointment={there}").status_code == 404
    assert sun.post(give(wang), form(wang, appointment=str(there), confirmed="1")).status_code == 404
    assert f"/end-role/{given}" not in sun.get(f"/officials/details/?id={wang.official_id}").text
    assert sun.post(f"/officials/end-role/{given}", {"reason": REASON}).status_code == 404


def test_the_security_officer_knows_no_ceiling(services: Services, world: World, become: Become) -> None:
    wu, wang = become("WUXIAOYAN"), world.wang
    page = wu.get(give(wang)).text
    for told in ('value="department_admin"', 'value="system_admin"', 'name="department"', "全部任职"):
        assert told in page, told
    assert "official:read" not in page
    every = form(wang, appointment="all", ends_on="", role_code="department_admin", department=OWN)
    shown = said(wu.post(give(wang), every))
    for told in ("全部任职", "长期", f"{OWN}及其下级", "新增的功能", "登记公职人员"):
        assert told in shown, told
    missing = wu.post(give(wang), {**every, "department": ""})
    assert (missing.status_code, '<a href="#department">' in missing.text) == (422, True)
    assert wu.post(give(wang), {**every, "confirmed": "1"}).status_code == 303
    (given,) = held(services, wang, "department_admin")
    assert "登记公职人员" in said(wu.get(f"/officials/end-role/{given}"))
    assert wu.post(f"/officials/end-role/{given}", {"reason": REASON}).status_code == 303
    zheng = world.audit_admin
    both = wu.post(give(zheng), form(zheng, role_code="system_admin", confirmed="1"))
    assert both.status_code == 409
    assert '<a href="#role_code">' in both.text
    assert "必须由不同的人担任" in both.text
    assert held(services, zheng, "system_admin") == []


def test_others_do_not_get_in(services: Services, become: Become, wang: Person) -> None:
    visitors = {login: become(login) for login in ("ZHOUJIANJUN", "WANGFANG", "ZHENGGUOHUA", "HEWEI")}
    before, (theirs,) = happened(services), held(services, wang, "counter_clerk")
    for login, visitor in visitors.items():
        for path in (give(wang), f"/officials/end-role/{theirs}"):
            assert visitor.get(path).status_code == 403, (login, path)
            assert visitor.client.post(f"/console{path}", data=form(wang, confirmed="1")).status_code in {400, 403}, (login, path)
    assert "/give-role/" not in visitors["ZHOUJIANJUN"].get(f"/officials/details/?id={wang.official_id}").text
    assert happened(services) == before


def test_a_form_without_its_token_changes_nothing(services: Services, become: Become, wang: Person) -> None:
    sun = become("SUNLI")
    assert sun.client.post(f"/console{give(wang)}", data=form(wang, confirmed="1")).status_code == 400
    assert held(services, wang) == []


def test_whoever_left_or_is_suspended(services: Services, become: Become, wang: Person, clock: ManualClock) -> None:
    sun = become("SUNLI")
    services.identity.suspend(SEED, wang.official_id, Order("停职检查"))
    assert "此人已停职" in said(sun.post(give(wang), form(wang)))
    clock.advance(timedelta(minutes=1))
    services.identity.leave(SEED, wang.official_id, Order("辞职"))
    assert sun.get(give(wang)).status_code == 403
    assert sun.post(give(wang), form(wang, confirmed="1")).status_code == 403
    assert "/give-role/" not in sun.get(f"/officials/details/?id={wang.official_id}").text


def test_english_is_english_and_markup_stays_text(services: Services, become: Become, wang: Person) -> None:
    sun = become("SUNLI")
    sun.client.set_cookie("govcloud_language", "en")
    shown = sun.post(give(wang), form(wang, reason="<script>alert(1)</script>"))
    assert "Functions gained" in shown.text
    assert "<script>alert" not in shown.text
    sun.post(give(wang), form(wang, reason="Counter support", confirmed="1"))
    (given,) = held(services, wang)
    for path in (give(wang), f"/officials/end-role/{given}"):
        page = sun.get(path).text
        assert not set("：、，。；（）") & set(page), path


def test_what_is_offered_is_what_the_command_takes(services: Services, world: World, wang: Person) -> None:
    """For every role there is: the page offers it exactly when the command would not refuse the giver."""
    place = services.identity_queries.appointment(wang.appointment_id)
    until = services.clock.now() + timedelta(days=9)
    path = world.organisation.paths["xihu_civil_affairs"]
    for giver in (world.people["SUNLI"], world.security_admin, world.system_admin, world.wang):
        offer = services.authorization_queries.giving.offer(giver.actor(), wang.official_id, place)
        offered = {role.code for role in offer.roles}
        taken = set()
        for role in services.authorization_queries.roles():
            scope = {"department_path": path} if role.code.endswith("_admin") and role.code[:3] in {"dep", "sen", "sub"} else None
            try:
                given = services.authorization.assign_role(
                    giver.actor(), wang.official_id, role.code, wang.appointment_id, scope=scope, reason=REASON, until=until
                )
            except GovcloudError:
                continue
            taken.add(role.code)
            services.authorization.end_assignment(world.security_admin.actor(), given, "收回")
        # What only clients are entrusted with is offered to nobody.
        assert offered == taken - set(CLIENT_ROLES), giver.name


def test_more_roles_take_no_more_statements_and_nothing_is_inline(services: Services, world: World, become: Become, wang: Person) -> None:
    sun, page = become("SUNLI"), f"/officials/details/?id={wang.official_id}"

    def taken(*addresses: str) -> list[int]:
        found = []
        for address in addresses:
            sun.get(address)
            with counted() as statements:
                answer = sun.get(address)
            assert answer.status_code == 200
            assert inline_code(answer) == []
            found.append(len(statements))
        return found

    def given(days: int) -> UUID:
        until = services.clock.now() + timedelta(days=days)
        return services.authorization.assign_role(
            world.people["SUNLI"].actor(), wang.official_id, CLERK, wang.appointment_id, reason=REASON, until=until
        )

    ending = f"/officials/end-role/{given(9)}"
    few = taken(page, give(wang), ending)
    for days in range(10, 16):
        given(days)
    assert taken(page, give(wang), ending) == few
    assert max(few) < 100
