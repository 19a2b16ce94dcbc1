"""The pages of answers: who may use a function, a decision tried out, the decision log; in both languages, and for whom."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

from sqlalchemy import text

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.decision_log.reading import LogAsked
from govcloud.kernel.clock import ManualClock
from tests.entrypoints.console.conftest import Enter
from tests.factories.browsing import Visitor, said
from tests.factories.people import an_official
from tests.factories.policies import drafted, install, province_policy
from tests.factories.requests import REGISTER, granted
from tests.factories.world import SEED, World, small_policy

if TYPE_CHECKING:
    from govcloud.services import Services

ENGLISH = {"Accept-Language": "en"}
WHO, TRY, LOG = "/console/who_can/", "/console/playground/", "/console/decision_log/"


def test_from_a_word_to_the_people(security: Visitor, services: Services, world: World) -> None:
    assert "填写功能，看谁能使用" in said(security.get(WHO))
    found = said(security.get(f"{WHO}?function=住房登记"))
    assert "请选择功能" in found
    assert REGISTER in found
    granted(services, world)
    page = said(security.get(f"{WHO}?function={REGISTER}"))
    assert "2 人可以使用" in page
    assert "陈杰" in page
    assert "角色：住房保障经办" in page
    assert "王芳" in page
    assert "临时权限" in page
    housing = said(security.get(f"{WHO}?function={REGISTER}&department=杭州市西湖区住房和城乡建设局"))
    assert "陈杰" in housing
    assert "王芳" not in housing
    assert "没有唯一的这个部门" in said(security.get(f"{WHO}?function={REGISTER}&department=无此部门"))
    assert "没有符合" in said(security.get(f"{WHO}?function=无此功能"))
    assert "2 people may use it" in said(security.get(f"{WHO}?function={REGISTER}", headers=ENGLISH))


def test_as_of_a_date(security: Visitor, services: Services, world: World, clock: ManualClock) -> None:
    before = (clock.now() + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
    clock.advance(timedelta(minutes=10))
    granted(services, world)
    assert "王芳" in said(security.get(f"{WHO}?function={REGISTER}"))
    then = said(security.get(f"{WHO}?function={REGISTER}&at={before}"))
    assert "王芳" not in then
    assert "陈杰" in then


def test_pages_and_the_file(security: Visitor, services: Services, world: World) -> None:
    """More than a page of people: the pager leads on, and the file holds all of them, with nothing that a spreadsheet runs."""
    rows = [an_official(world.organisation.ids["xihu_housing"], name="=1+1" if number == 0 else None) for number in range(25)]
    services.identity.register_officials(SEED, rows)
    for row in rows:
        services.authorization.assign_role(SEED, row.id, "housing_clerk", row.appointments[0].id, reason="岗位")
    first = security.get(f"{WHO}?function={REGISTER}").text
    assert "26 人可以使用" in first
    after = first.split("after=")[1].split("&")[0].split('"')[0]
    second = said(security.get(f"{WHO}?function={REGISTER}&after={after}"))
    assert "26 人可以使用" in second
    sent = security.get(f"{WHO}export.csv?function={REGISTER}")
    assert sent.content_type == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(sent.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(lines) == 1 + 26
    assert "'=1+1" in [line[1] for line in lines]


def test_whose_functions_one_may_ask_about(enter: Enter) -> None:
    """An administrator of subsystems asks about those of their own department; about others they hear that these are not theirs."""
    he = enter("HEWEI")
    assert "陈杰" in said(he.get(f"{WHO}?function={REGISTER}"))
    for page in (
        f"{WHO}?function=assistance:case:read",
        f"{WHO}export.csv?function=assistance:case:read",
        f"{WHO}?function=govcloud:role:assign",
    ):
        assert he.get(page).status_code == 403
    assert "assistance:case:read" not in said(he.get(f"{WHO}?function=案件"))
    for login in ("SUNLI", "WANGFANG", "ZHOUJIANJUN", "ZHENGGUOHUA"):
        assert enter(login).get(f"{WHO}?function={REGISTER}").status_code == 403


def test_a_decision_tried_out(security: Visitor, services: Services, world: World) -> None:
    assert "填写工号和功能，试算一次判定" in said(security.get(TRY))
    yes = said(security.get(f"{TRY}?code=CHENJIE&function={REGISTER}&resource=division%3D330106000000"))
    assert "可以" in yes
    assert "住房保障岗位职责" in yes
    assert "西湖区" in yes
    no = said(security.get(f"{TRY}?code=WANGFANG&function={REGISTER}"))
    assert "不可以" in no
    assert "申请“查询住房登记信息”" in no
    assert "打开申请" in no
    first = services.authorization_queries.policy().number
    assert f"第 {first} 版" in said(security.get(f"{TRY}?code=CHENJIE&function={REGISTER}&policy={first}"))
    english = said(security.get(f"{TRY}?code=WANGFANG&function={REGISTER}", headers=ENGLISH))
    assert "What would help" in english
    assert said(security.get(f"{TRY}?code=WANGFANG&function=x")).count("功能目录中没有这项功能") == 1


def test_a_draft_tried_out_is_shown_as_one(security: Visitor, services: Services, world: World) -> None:
    fewer = "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter']}]}}"
    draft_id = drafted(services, world.security_admin, province_policy(fewer).text)
    asked = f"{TRY}?code=CHENJIE&function={REGISTER}&policy="
    page = security.get(f"{asked}draft:{draft_id}")
    assert "以下是草稿的判定，不是现行策略的判定" in said(page)
    assert "不可以" in said(page)
    assert "随平台发布的策略" not in said(page)
    assert f"/console/policy_drafts/{draft_id}" in page.text
    assert f'<option value="draft:{draft_id}" selected' in page.text
    assert f"policy=draft:{draft_id}" in security.get(f"/console/policy_drafts/{draft_id}").text
    live = said(security.get(asked))
    assert "不可以" not in live
    assert "以下是草稿的判定" not in live
    wrong = drafted(services, world.security_admin, "roles: [")
    for policy, sentence in ((f"draft:{wrong}", "的正文有 1 处错误"), ("draft:x", "没有这份草稿")):
        refused = security.get(f"{asked}{policy}")
        assert refused.status_code == 422
        assert sentence in said(refused)
    assert f"policy=draft:{wrong}" not in security.get(f"/console/policy_drafts/{wrong}").text


def test_what_is_typed_wrong_is_said_beside_its_field(security: Visitor) -> None:
    for query, sentence in (
        ("code=NOBODY&function=a:b:c", "那时没有这个工号的人员"),
        ("code=WANGFANG", "不能为空"),
        ("code=WANGFANG&function=a:b:c&resource=nothing", "每行写一个"),
        ("code=WANGFANG&function=a:b:c&policy=999", "没有安装过这一版策略"),
        ("code=WANGFANG&function=a:b:c&address=10.1.2", "应为 IP 地址"),
        ("code=WANGFANG&function=a:b:c&policy=99999999999999", "没有安装过这一版策略"),
    ):
        answer = security.get(f"{TRY}?{query}")
        assert (answer.status_code, sentence in said(answer)) == (422, True), query


def test_only_the_security_officer_tries_decisions(enter: Enter) -> None:
    for login in ("HEWEI", "SUNLI", "WANGFANG", "ZHOUJIANJUN", "ZHENGGUOHUA"):
        assert enter(login).get(f"{TRY}?code=WANGFANG&function={REGISTER}").status_code == 403


def test_a_name_instead_of_a_code_leads_to_a_choice(security: Visitor) -> None:
    answer = security.get(f"{TRY}?code=王芳&function=住房登记&resource=division%3D330106000000")
    page = said(answer)
    assert answer.status_code == 422
    assert "请选择人员" in page
    assert "请选择功能" in page
    chosen = unescape(re.findall(r'href="([^"]+)" aria-label="选择王芳"', answer.text)[0])
    assert "code=WANGFANG" in chosen
    assert "resource=division" in chosen, "the rest of the question stays"
    at_that_time = said(security.get(f"{TRY}?code=WANGFANG&function={REGISTER}&at=2000-01-01T08:00"))
    assert "请选择人员" not in at_that_time, "who was not there then is no choice"


def test_links_from_people_to_a_trial(security: Visitor, enter: Enter, world: World) -> None:
    person = world.people["CHENJIE"].official_id
    for page in (f"/console/officials/details/?id={person}", "/console/access/?code=CHENJIE", f"{WHO}?function={REGISTER}"):
        assert "/console/playground/?code=CHENJIE" in security.get(page).text, page
    assert "/console/playground/" not in enter("SUNLI").get("/console/officials/").text
    assert "/console/playground/" not in enter("HEWEI").get(f"{WHO}?function={REGISTER}").text


def note(services: Services, world: World, function: str = REGISTER) -> None:
    question = Question(function, world.wang.appointment_id, world.wang.official_id, {"division": "330110000000"})
    services.decision_log.note(question, services.authorization.decide(question), "housing-web")
    services.decision_log.flush()


def test_the_decision_log(auditor: Visitor, services: Services, world: World) -> None:
    assert "没有符合条件的判定" in said(auditor.get(LOG))
    note(services, world)
    page = said(auditor.get(LOG))
    assert "王芳" in page
    assert "查询住房登记信息" in page
    assert "拒绝" in page
    assert "王芳" in said(auditor.get(f"{LOG}?code=WANGFANG&subsystem=housing&kind=denied&reason=no_permission"))
    assert "没有符合" in said(auditor.get(f"{LOG}?code=NOBODY"))
    assert "王芳" not in said(auditor.get(f"{LOG}?code=LIQIANG"))
    assert "Every denial" in said(auditor.get(LOG, headers=ENGLISH))


def test_an_administrator_sees_the_log_of_their_own_subsystems(enter: Enter, services: Services, world: World) -> None:
    note(services, world)
    note(services, world, "assistance:case:accept")
    he = enter("HEWEI")
    assert "请选择子系统" in said(he.get(LOG))
    mine = said(he.get(f"{LOG}?subsystem=housing"))
    assert REGISTER in mine
    assert "assistance" not in mine
    assert "assistance:case:accept" not in said(he.get(f"{LOG}?subsystem=assistance"))
    for login in ("SUNLI", "WANGFANG", "ZHOUJIANJUN", "WUXIAOYAN"):
        assert enter(login).get(LOG).status_code == 403


def why_of(page: str) -> list[str]:
    """Return the addresses of the explanations on a page of the log."""
    return [unescape(address) for address in re.findall(r'href="(/console/decision_log/why[^"]+)"', page)]


def test_what_stands_behind_an_entry(auditor: Visitor, enter: Enter, services: Services, world: World, clock: ManualClock) -> None:
    """The question is asked again as of its moment: what was granted since does not count."""
    note(services, world)
    clock.advance(timedelta(minutes=5))
    granted(services, world)
    (address,) = why_of(auditor.get(LOG).text)
    page = said(auditor.get(address))
    assert "王芳：查询住房登记信息" in page
    assert "此人的岗位没有这项功能的权限" in page
    assert "余杭区" in page
    assert "申请“查询住房登记信息”" in page
    assert "打开申请" not in page, "it would be the reader's own"
    assert "考虑过的规则" not in page, "rules are for those who may try decisions"
    assert "与当时的回答不同" not in page
    assert "The same question" in said(auditor.get(address, headers=ENGLISH))
    assert "王芳" in said(enter("HEWEI").get(address))
    for login in ("SUNLI", "WANGFANG", "ZHOUJIANJUN", "WUXIAOYAN"):
        assert enter(login).get(address).status_code == 403


def test_an_entry_of_anothers_subsystem_is_out_of_reach(auditor: Visitor, enter: Enter, services: Services, world: World) -> None:
    note(services, world, "assistance:case:accept")
    (address,) = why_of(auditor.get(LOG).text)
    he = enter("HEWEI")
    assert he.get(address).status_code == 403
    assert he.get(address.replace("subsystem=assistance", "subsystem=housing")).status_code == 404
    assert he.get(address.partition("&subsystem=")[0]).status_code == 403
    for odd in ("", "?entry=x~y", "?entry=2026-11-24T01:30:00~00000000-0000-7000-8000-000000000000", "?entry=%00~&subsystem=%00"):
        assert auditor.get(f"{LOG}why{odd}").status_code == 404, odd


def test_looking_at_an_entry_stands_on_record(auditor: Visitor, services: Services, world: World) -> None:
    note(services, world)
    (address,) = why_of(auditor.get(LOG).text)
    count = text("SELECT count(*) FROM audit_event WHERE name = 'authorization:decision_log:read'")
    before = services.uow.read().execute(count).scalar_one()
    auditor.get(address)
    assert services.uow.read().execute(count).scalar_one() == before + 1


def test_a_page_that_the_gate_refuses_stands_in_the_log(enter: Enter, services: Services, world: World) -> None:
    sun = world.people["SUNLI"]
    visitor = enter("SUNLI")
    assert visitor.get(WHO).status_code == 403
    services.decision_log.flush()
    found = services.decision_log.read(world.audit_admin.actor(), LogAsked(official_id=sun.official_id, kind="denied")).rows
    assert [(row.function, row.reason, row.client_id, row.appointment_id) for row in found] == [
        ("govcloud:decision:holders", "no_permission", "govcloud", sun.appointment_id)
    ]


def test_what_is_told_of_the_row_settles_who_may(security: Visitor, world: World) -> None:
    asked = f"{WHO}?function=assistance:case:read"
    assert world.people
    here, elsewhere = (said(security.get(f"{asked}&resource=division%3D{code}")) for code in ("330106000000", "330110000000"))
    assert "王芳" in here
    assert "王芳" not in elsewhere
    told = security.get(f"{asked}&resource=division%3D330106000000&context=case_number%3DXH-1&address=10.1.2.3")
    assert "division=330106000000" in told.text, "the form keeps what was typed"
    assert "XH-1" in told.text
    wrong = security.get(f"{asked}&resource=nonsense")
    assert wrong.status_code == 422
    assert "每行写一个“名称=值”" in said(wrong)
    assert "王芳" not in said(wrong)
    assert security.get(f"{asked}&address=somewhere").status_code == 422
    file = security.get(f"{WHO}export.csv?function=assistance:case:read&resource=division%3D330110000000").get_data(as_text=True)
    assert "王芳" not in file


def test_rows_by_department_and_case_are_named(security: Visitor, services: Services, world: World) -> None:
    rule = "{allow: [housing:register:read], scope: own_department or own_division and case in my matters, label: 本部门的登记}"
    install(services, small_policy().extended_by(f"roles: {{counter_clerk: {{rules: [{rule}]}}}}", "rows"))
    name = services.identity_queries.departments([world.wang.department_id])[world.wang.department_id].name
    yes = said(security.get(f"{TRY}?code=WANGFANG&function={REGISTER}"))
    assert f"{name}及下级" in yes
    assert "不高于 0" in yes
    no = said(security.get(f"{TRY}?code=WANGFANG&function={REGISTER}&resource=division%3D330106000000"))
    assert f"只能使用这些数据：{name}及下级。" in no
