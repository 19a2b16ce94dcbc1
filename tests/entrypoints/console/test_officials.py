"""人员 in the console: what each role sees, the forms that change a duty, unmasking, export; and that nobody reaches too far."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest

from govcloud.audit.models import AuditEvent
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.entrypoints.console.administrators import Become
from tests.entrypoints.console.conftest import new_official
from tests.factories.people import an_official, id_number
from tests.factories.world import SEED, World

INSIDE, OUTSIDE = "WANGFANG", "SHANXUEMEI"
KINDS = ("transfer", "concurrent", "attachment", "secondment", "end", "suspend", "reinstate", "leave", "undo_leave")
OWN = "杭州市西湖区民政局"


def page_of(world: World, login: str) -> str:
    return f"/officials/details/?id={world.people[login].official_id}"


def change(world: World, kind: str, login: str = INSIDE) -> str:
    return f"/officials/change/{kind}/{world.people[login].official_id}"


def test_who_sees_whom(world: World, become: Become) -> None:
    everybody = {person.name for person in world.people.values()}
    for login, seen in {"ZHOUJIANJUN": everybody, "WUXIAOYAN": everybody, "SUNLI": {"王芳", "孙丽"}}.items():
        answer = become(login).get("/officials/")
        assert answer.status_code == 200
        assert {name for name in everybody if f">{name}</a>" in answer.text} == seen, login
    for login in ("WANGFANG", "LIQIANG", "ZHENGGUOHUA", "HEWEI"):
        assert become(login).get("/officials/").status_code == 403, login


def test_search_and_filters_stay_within_reach(world: World, become: Become) -> None:
    sun, zhou = become("SUNLI"), become("ZHOUJIANJUN")
    for search in ("王", "wang", "wf", "WANGF"):
        assert "王芳" in sun.get(f"/officials/?search={search}").text
    for search in ("单", "shan", "sxm", OUTSIDE):
        assert "单雪梅" in zhou.get(f"/officials/?search={search}").text
        assert "单雪梅" not in sun.get(f"/officials/?search={search}").text
    assert "单雪梅" not in sun.get("/officials/?department=杭州市余杭区民政局").text
    text = zhou.get("/officials/?department=杭州市西湖区人民政府").text
    assert "王芳" in text
    assert "陈杰" in text
    assert "李强" not in text
    assert "没有符合条件的人员" in zhou.get("/officials/?status=left").text
    assert "没有唯一对应" in zhou.get("/officials/?department=民政").text


@pytest.mark.parametrize("page", ["details", "id_number", "phone", *KINDS])
def test_a_department_administrator_does_not_reach_outside(world: World, become: Become, page: str) -> None:
    sun = become("SUNLI")
    outside, nobody = world.people[OUTSIDE].official_id, uuid4()
    paths = {
        "details": "/officials/details/?id={}",
        "id_number": "/officials/unmask/id_number/{}",
        "phone": "/officials/unmask/phone/{}",
    }
    path = paths.get(page, f"/officials/change/{page}/{{}}")
    form = {"reason": "越权，按规定办理", "confirmed": "1", "department": OWN, "position": "协办员", "ends_on": "2027-01-01"}
    for who in (outside, nobody):
        assert sun.get(path.format(who)).status_code == 404
        if page != "details":
            assert sun.post(path.format(who), form).status_code == 404
    assert sun.get(path.format(world.wang.official_id)).status_code == 200


def test_a_department_administrator_cannot_move_somebody_out_or_cancel_outside(
    services: Services, world: World, become: Become, clock: ManualClock
) -> None:
    sun = become("SUNLI")
    form = {"reason": "调动，按规定办理", "confirmed": "1", "department": "杭州市余杭区民政局", "position": "受理员"}
    answer = sun.post(change(world, "transfer"), form)
    assert answer.status_code == 422
    assert "您的管理范围内没有这个部门" in answer.text
    done = services.identity.leave(SEED, world.people[OUTSIDE].official_id, Order("退休", clock.now() + timedelta(days=9)))
    assert sun.get(f"/officials/cancel/{done.change_id}").status_code == 404
    assert sun.post(f"/officials/cancel/{done.change_id}", {"reason": "越权，按规定办理"}).status_code == 404


def test_somebody_with_a_duty_elsewhere_is_seen_by_both_and_managed_by_whoever_is_above_both(
    services: Services, world: World, become: Become
) -> None:
    duty = Duty(world.organisation.ids["yuhang_civil_affairs"], "专班成员")
    services.identity.concurrent(SEED, world.wang.official_id, duty, Order("专班"))
    sun = become("SUNLI")
    assert sun.get(page_of(world, INSIDE)).status_code == 200
    answer = sun.post(change(world, "leave"), {"reason": "离职，按规定办理", "confirmed": "1"})
    assert answer.status_code == 403
    assert "不在您的管理范围内" in answer.text
    assert become("ZHOUJIANJUN").post(change(world, "leave"), {"reason": "离职，按规定办理", "confirmed": "1"}).status_code == 303


def test_a_move_is_shown_first_and_then_made(services: Services, world: World, become: Become) -> None:
    sun = become("SUNLI")
    assert "交接天数" in sun.get(change(world, "transfer")).text
    empty = sun.post(change(world, "transfer"), {"reason": "", "effective_on": "2026-13-01", "handover_days": "x"})
    assert empty.status_code == 422
    assert "2026-12-01" in empty.text
    form = {"department": OWN, "position": "综合岗", "reason": "轮岗，按规定办理", "effective_on": "2026-12-01", "handover_days": "3"}
    shown = sun.post(change(world, "transfer"), form)
    assert shown.status_code == 200
    for said in ("结束任职", f"{OWN} · 窗口受理员", "窗口受理", "新的主职", "保留 3 天"):
        assert said in shown.text, said
    assert services.identity_queries.planned_changes(world.wang.official_id) == ()
    made = sun.post(change(world, "transfer"), {**form, "confirmed": "1"})
    assert made.status_code == 303
    (planned,) = services.identity_queries.planned_changes(world.wang.official_id)
    page = sun.get(page_of(world, INSIDE)).text
    for said in ("计划中的变动", "综合岗", "取消计划", "已登记调动，2026-12-01起生效"):
        assert said in page, said
    assert sun.post(f"/officials/cancel/{planned.id}", {"reason": ""}).status_code == 422
    assert sun.post(f"/officials/cancel/{planned.id}", {"reason": "另有任用，按规定办理"}).status_code == 303
    assert services.identity_queries.planned_changes(world.wang.official_id) == ()


def test_every_other_form_works(services: Services, world: World, become: Become, clock: ManualClock) -> None:
    sun = become("SUNLI")
    place = {"department": OWN, "position": "信息员", "reason": "工作需要，按规定办理", "confirmed": "1"}
    term = {**place, "ends_on": "2027-06-01"}
    steps = (
        ("concurrent", place),
        ("attachment", {**term, "position": "挂职副局长"}),
        ("secondment", {**term, "position": "专班成员"}),
        ("suspend", {"reason": "停职检查，按规定办理", "confirmed": "1"}),
        ("reinstate", {"reason": "查无问题，按规定办理", "confirmed": "1"}),
        ("leave", {"reason": "辞职，按规定办理", "confirmed": "1"}),
        ("undo_leave", {"reason": "登记有误，按规定办理", "confirmed": "1"}),
        ("leave", {"reason": "辞职，按规定办理", "confirmed": "1"}),
        ("rejoin", {**place, "position": "窗口受理员"}),
    )
    for kind, form in steps:
        preview = sun.post(change(world, kind), {name: value for name, value in form.items() if name != "confirmed"})
        assert preview.status_code == 200, kind
        assert "请核对本次变动的影响" in preview.text
        answer = sun.post(change(world, kind), form)
        assert answer.status_code == 303, (kind, answer.text)
        clock.advance(timedelta(minutes=1))
        if kind == "undo_leave":
            assert len(services.identity_queries.appointments_of(world.wang.official_id)) == 4
    assert [view.position for view in services.identity_queries.appointments_of(world.wang.official_id)] == ["窗口受理员"]
    assert sun.get(page_of(world, INSIDE)).status_code == 200
    assert become("ZHOUJIANJUN").get("/officials/change/promote/" + str(world.wang.official_id)).status_code == 404


def test_registering_somebody_who_left_is_a_return(services: Services, world: World, become: Become, clock: ManualClock) -> None:
    services.identity.leave(SEED, world.wang.official_id, Order("辞职"))
    clock.advance(timedelta(days=1))
    sun = become("SUNLI")
    form = new_official(world, services, employee_code="WANGFANG", name="王芳", id_number=id_number(5000))
    other = sun.post("/officials/new/", form | {"employee_code": "WF0002"})
    assert other.status_code == 409
    assert "此人原工号为 WANGFANG，请沿用。" in other.text
    assert sun.post("/officials/new/", form).status_code == 303
    page = sun.get(page_of(world, INSIDE)).text
    for said in ("重新入职", "离职", "变动记录"):
        assert said in page, said
    person = services.identity_queries.official(world.wang.official_id)
    assert person is not None
    assert person.active


def test_a_number_is_shown_for_a_reason_and_recorded(
    services: Services, world: World, become: Become, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    number = id_number(5000)
    path = f"/officials/unmask/id_number/{world.wang.official_id}"
    for login in ("SUNLI", "ZHOUJIANJUN"):
        somebody = become(login)
        assert number not in somebody.get(path).text
        assert somebody.post(path, {"reason": " "}).status_code == 422
        shown = somebody.post(path, {"reason": "核对身份，按规定办理"})
        assert number in shown.text
        assert shown.headers["Cache-Control"] == "no-store"
        for page in ("/officials/", page_of(world, INSIDE), "/officials/export.csv"):
            assert number not in somebody.get(page).text
    assert become("WUXIAOYAN").post(path, {"reason": "好奇，按规定办理"}).status_code == 403
    assert become("SUNLI").get(f"/officials/unmask/rank/{world.wang.official_id}").status_code == 404
    events = services.uow.read().query(AuditEvent).where(AuditEvent.name == "identity:official:unmasked").all()
    assert len(events) == 2
    assert all(number.encode() not in event.canonical for event in events)
    assert number not in caplog.text


def test_the_export_is_masked_and_harmless(services: Services, world: World, become: Become) -> None:
    services.identity.register_official(SEED, an_official(world.organisation.ids["xihu_civil_affairs"], name="=HYPERLINK(1)"))
    answer = become("SUNLI").get("/officials/export.csv")
    assert answer.status_code == 200
    assert answer.is_streamed
    text = answer.text
    assert text.startswith("\ufeff工号,姓名")
    assert "'=HYPERLINK(1)" in text
    assert "\n=HYPERLINK" not in text
    assert "王芳" in text
    assert "单雪梅" not in text
    assert "********" in text
    assert "WANGFANG" not in become("SUNLI").get("/officials/export.csv?status=left").text


def test_pages_go_on_by_cursor(services: Services, world: World, become: Become) -> None:
    services.identity.register_officials(SEED, [an_official(world.organisation.ids["xihu_civil_affairs"]) for _ in range(45)])
    sun, seen, path = become("SUNLI"), 0, "/officials/"
    for _ in range(3):
        text = sun.get(path).text
        seen += text.count('button-small" href="/console/officials/details')
        following = [part.split('"')[0] for part in text.split('href="') if "after=" in part.split('"')[0]]
        if not following:
            break
        path = following[0].replace("&amp;", "&").removeprefix("/console")
    assert seen == 47


def test_the_index_and_registering_are_bounded_too(world: World, become: Become, services: Services) -> None:
    sun = become("SUNLI")
    assert "/console/officials/" in sun.get("/").text
    uscc = {key: services.identity_queries.department(world.organisation.ids[key]) for key in ("xihu_civil_affairs", "data")}
    form = {"employee_code": "T990001", "name": "新来的", "id_number": id_number(41_001), "phone": "", "position": "受理员", "post": ""}
    inside, outside = uscc["xihu_civil_affairs"], uscc["data"]
    assert inside is not None
    assert outside is not None
    assert sun.post("/officials/new/", {**form, "department": outside.uscc}).status_code == 403  # shown again, with the refusal
    assert services.identity_queries.official_by_code("T990001") is None
    assert sun.post("/officials/new/", {**form, "department": inside.uscc}).status_code == 303
    assert services.identity_queries.official_by_code("T990001") is not None


def test_people_and_departments_go_by_their_names(world: World, services: Services, become: Become) -> None:
    sun = become("SUNLI")
    assert f'value="{OWN}"' in sun.get("/officials/new/").text
    form = {"employee_code": "N0077", "name": "解晓", "id_number": id_number(7077), "department": "西湖区民政", "position": "综合岗"}
    refused = sun.post("/officials/new/", form)
    assert refused.status_code == 422
    assert f'<a href="#department">部门：请填写部门全称或统一社会信用代码，例如：{OWN}。' in refused.text
    assert sun.post("/officials/new/", {**form, "department": OWN, "rank": "一级科员", "staffing_type": "事业编制"}).status_code == 303
    person = services.identity_queries.official_by_code("N0077")
    assert person is not None
    assert (person.rank, person.staffing_type) == ("一级科员", "事业编制")
    listed = sun.get("/access/?code=王").text
    assert "code=WANGFANG" in listed
    assert "code=SHANXUEMEI" not in become("SUNLI").get("/access/?code=单").text
    ceilings = sun.get("/ceilings/").text
    assert OWN in ceilings
    assert "/console/ceilings/set/" not in ceilings


def test_whoever_serves_elsewhere_as_well_does_not_stop_the_codes_of_the_others(world: World, services: Services, become: Become) -> None:
    ids = world.organisation.ids
    both, own = an_official(ids["yuhang_civil_affairs"], name="两边任"), an_official(ids["xihu_civil_affairs"], name="本部门")
    for person in (both, own):
        services.identity.register_official(SEED, person)
    services.identity.concurrent(SEED, both.id, Duty(ids["xihu_civil_affairs"], "信息员"), Order("工作需要"))
    answer = become("SUNLI").post("/activation/issue", {"department": OWN})
    assert answer.status_code == 200
    assert own.employee_code in answer.text
    assert both.employee_code not in answer.text
    assert f"未予签发，请由系统管理员签发：{both.name}" in answer.text


def test_english_is_english(world: World, become: Become) -> None:
    sun = become("SUNLI")
    sun.client.set_cookie("govcloud_language", "en")
    left = sun.post(change(world, "leave"), {"reason": "本人申请辞职"}).text
    assert "<h1>Leave: 王芳" in left
    assert "Confirm: Leave" in left
    for path in (
        "/officials/",
        page_of(world, INSIDE),
        "/departments/",
        "/imports/",
        "/activation/",
        "/ceilings/",
        "/access/",
        "/officials/new/",
    ):
        text = sun.get(path).text
        assert not set("：、，。；（）") & set(text), (path, set("：、，。；（）") & set(text))


def test_facts_about_a_person_are_changed(world: World, services: Services, become: Become) -> None:
    who, sun = world.people[INSIDE].official_id, become("SUNLI")
    facts = f"/officials/facts/{who}"
    assert facts in sun.get(page_of(world, INSIDE)).text
    form = {"name": "王芳", "phone": "", "rank": "四级主任科员", "staffing_type": "行政编制"}
    before = services.identity_queries.official(who)
    assert before is not None
    assert sun.post(facts, form).status_code == 303
    after = services.identity_queries.official(who)
    assert after is not None
    assert (after.rank, after.masked_phone) == ("四级主任科员", before.masked_phone)
    wrong = sun.post(facts, {**form, "phone": "123", "rank": "级" * 51})
    assert wrong.status_code == 422
    assert '<a href="#phone">手机号：' in wrong.text
    assert sun.post(facts, {**form, "staffing_type": "临时工"}).status_code == 422
    assert sun.post(f"/officials/facts/{world.people[OUTSIDE].official_id}", form).status_code == 404
    assert become("WUXIAOYAN").post(facts, form).status_code == 403


def test_an_id_number_is_corrected_by_the_system_administrator_only(world: World, become: Become) -> None:
    path = f"/officials/correct/{world.people[INSIDE].official_id}"
    zhou = become("ZHOUJIANJUN")
    assert ">更正</a>" in zhou.get(page_of(world, INSIDE)).text
    assert zhou.post(path, {"id_number": ""}).status_code == 422
    wrong = zhou.post(path, {"id_number": "330106199001011234"})
    assert wrong.status_code == 422
    assert 'id="id_number-error"' in wrong.text
    taken = zhou.post(path, {"id_number": id_number(5001)})
    assert taken.status_code == 409, "somebody else has it"
    assert zhou.post(path, {"id_number": id_number(9100)}).status_code == 303
    sun = become("SUNLI")
    assert ">更正</a>" not in sun.get(page_of(world, INSIDE)).text
    for answer in (sun.get(path), sun.post(path, {"id_number": id_number(9101)})):
        assert answer.status_code == 403


def test_all_that_is_wrong_with_a_registration_is_told_at_once(world: World, services: Services, become: Become) -> None:
    filled = new_official(world, services, employee_code="", id_number="1", phone="12", department="没有的局", position="")
    answer = become("SUNLI").post("/officials/new/", filled)
    assert answer.status_code == 422
    for field in ("employee_code", "id_number", "phone", "department", "position"):
        assert answer.text.count(f'id="{field}-error"') == 1, field
    assert 'id="name-error"' not in answer.text


def test_one_appointment_is_ended_early(services: Services, world: World, become: Become) -> None:
    wang, sun = world.wang, become("SUNLI")
    duty = Duty(world.organisation.ids["xihu_civil_affairs"], "专班成员")
    also = services.identity.concurrent(SEED, wang.official_id, duty, Order("专班")).appointment_id
    assert also is not None
    services.authorization.assign_role(world.security_admin.actor(), wang.official_id, "housing_clerk", also, reason="专班")
    assert change(world, "end") in sun.get(page_of(world, INSIDE)).text
    assert f'value="{also}"' in sun.get(change(world, "end")).text
    form = {"appointment": str(also), "reason": "专班解散，按规定办理"}
    shown = sun.post(change(world, "end"), form)
    assert shown.status_code == 200
    for told in (f"{OWN} · 专班成员", "住房保障经办", "结束直接授予的角色", "随岗位失去的角色"):
        assert told in shown.text, told
    assert f"{OWN} · 窗口受理员" not in shown.text.partition("核对本次变动的影响")[2]
    assert len(services.identity_queries.appointments_of(wang.official_id)) == 2
    assert sun.post(change(world, "end"), form | {"confirmed": "1"}).status_code == 303
    (left,) = services.identity_queries.appointments_of(wang.official_id)
    assert left.id == wang.appointment_id
    assert services.authorization_queries.open_functions(also) == frozenset()
    assert "提前结束任职已办理" in sun.get(page_of(world, INSIDE)).text
    again = sun.post(change(world, "end"), form | {"confirmed": "1"})
    assert (again.status_code, '<a href="#appointment">' in again.text) == (422, True)


def test_only_an_own_present_appointment_within_reach_is_ended(services: Services, world: World, become: Become) -> None:
    wang, sun = world.wang, become("SUNLI")
    duty = Duty(world.organisation.ids["yuhang_civil_affairs"], "专班成员")
    there = services.identity.concurrent(SEED, wang.official_id, duty, Order("专班")).appointment_id
    assert str(there) not in sun.get(change(world, "end")).text
    for appointment in (str(there), str(world.people[OUTSIDE].appointment_id), str(world.people["SUNLI"].appointment_id), "", "x"):
        answer = sun.post(change(world, "end"), {"appointment": appointment, "reason": "越权，按规定办理", "confirmed": "1"})
        assert answer.status_code == 422, appointment
        assert "请选择一项现任的任职" in answer.text
    assert len(services.identity_queries.appointments_of(wang.official_id)) == 2
    assert become("WUXIAOYAN").get(change(world, "end")).status_code == 403
    own = sun.post(change(world, "end"), {"appointment": str(wang.appointment_id), "reason": "专职外派，按规定办理", "confirmed": "1"})
    assert own.status_code == 303


def test_a_move_names_the_roles_that_follow_from_the_duties(services: Services, world: World, become: Become) -> None:
    rules = [
        NewDutyRule("counter_clerk", "民政窗口", AppointmentCriteria(positions=("窗口受理员",)), "岗位职责"),
        NewDutyRule("housing_clerk", "住房岗位", AppointmentCriteria(positions=("住房专员",)), "岗位职责"),
        NewDutyRule("senior_admin", "科室负责人", AppointmentCriteria(business_lines=("民政",)), "岗位职责", bound=True),
    ]
    services.authorization.add_duty_rules(world.security_admin.actor(), rules)
    sun = become("SUNLI")
    form = {"department": OWN, "position": "住房专员", "reason": "轮岗，按规定办理"}

    def groups(kind: str, **changes: str) -> dict[str, str]:
        page = sun.post(change(world, kind), {**form, **changes}).text
        found = re.findall(r"<p><strong>([^<]+)</strong>：([^<]*)</p>", page)
        return {unescape(title): unescape(names) for title, names in found}

    moved = groups("transfer")
    assert (moved["随岗位失去的角色"], moved["随岗位获得的角色"]) == ("窗口受理", "住房保障经办")
    assert groups("concurrent")["随岗位获得的角色"] == "住房保障经办、高级管理员"
    stays = groups("transfer", position="窗口受理员")
    assert (stays["随岗位失去的角色"], stays["随岗位获得的角色"]) == ("无", "无")
    assert groups("leave")["随岗位失去的角色"] == "窗口受理、高级管理员"
    assert groups("end", appointment=str(world.wang.appointment_id))["随岗位失去的角色"] == "窗口受理、高级管理员"
    assert "随岗位失去的角色" not in groups("suspend")
