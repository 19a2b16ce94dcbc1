"""The life of a grant on pages: extended, suspended, resumed, ended by the thousand, and what the reports say."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from uuid import UUID

import pytest

from govcloud.access.commands import Submitted
from govcloud.authorization.deciding.decisions import Question
from govcloud.services import Services
from govcloud.web.moments import moment
from tests.factories.browsing import Visitor, counted, said
from tests.factories.joint import CASES, approve, ask_jointly, many_grants
from tests.factories.requests import REGISTER, may_read
from tests.factories.world import XIHU, World


@pytest.fixture
def grant_id(services: Services, world: World, submitted: Submitted) -> UUID:
    """Return 王芳's grant, approved by 李强 for five days."""
    decided = services.access.approve(world.li.actor(), submitted.line_id, 1, days=5)
    assert decided.grant_id is not None
    return decided.grant_id


def test_an_extension_is_asked_for_from_my_access(wang: Visitor, li: Visitor, grant_id: UUID) -> None:
    address = f"/access/{grant_id}/extend"
    assert address in wang.get("/access").text
    text = said(wang.get(address))
    assert "最多还可续 25 天" in text
    assert "浙江省住房和城乡建设厅" in text
    assert wang.post(address, {"days": "", "reason": "未办结"}).status_code == 422
    refused = wang.post(address, {"days": "26", "reason": "未办结"})
    assert refused.status_code == 422
    assert "连续使用最长 30 天" in said(refused)
    sent = wang.post(address, {"days": "3", "reason": "未办结"})
    assert sent.status_code == 303
    shown = said(wang.get(sent.headers["Location"]))
    assert "中间不断" in shown
    assert "续期" in shown
    assert "续期审批中" in said(wang.get("/access"))
    assert li.get(address).status_code == 404
    assert wang.post(address, {"days": "3", "reason": "未办结"}).status_code == 409


def test_a_grant_rests_and_wakes(services: Services, world: World, wang: Visitor, li: Visitor, grant_id: UUID) -> None:
    address = f"/grants/{grant_id}/suspend"
    assert address in li.get("/grants").text
    assert "暂停立即生效，可以恢复" in said(li.get(address))
    assert li.post(address, {"reason": " "}).status_code == 422
    assert li.post(address, {"reason": "核查"}).status_code == 303
    assert not may_read(services, world.wang)
    assert "已暂停" in said(wang.get("/access"))
    assert wang.get(address).status_code == 403
    awake = f"/grants/{grant_id}/resume"
    assert awake in li.get("/grants").text
    assert li.post(awake, {"reason": "查清"}).status_code == 303
    assert may_read(services, world.wang)


def test_many_end_after_a_look_and_a_typed_number(services: Services, world: World, li: Visitor, grant_id: UUID) -> None:
    many_grants(services, world, [world.people["SUNLI"].official_id], 2)
    assert "/grants/many" in li.get("/grants").text
    assert "住房保障管理系统" in said(li.get("/grants/many?kind=subsystem&target=住房"))
    address = "/grants/many?kind=subsystem&target=housing"
    page = li.get(address)
    text = said(page)
    for words in ("3 项，涉及 2 人", "王芳", "孙丽", "查询住房登记信息", "输入项数 3 以确认"):
        assert words in text, words
    form = {"kind": "subsystem", "target": "housing", "seen_at": hidden(page.text, "seen_at"), "shown": "3", "reason": "停用核查"}
    assert li.post("/grants/many", {**form, "confirmed": "2"}).status_code == 422
    assert li.post("/grants/many", {**form, "confirmed": "3", "reason": ""}).status_code == 422
    assert may_read(services, world.wang)
    done = li.post("/grants/many", {**form, "confirmed": "3"})
    assert done.status_code == 303
    shown = said(li.get(done.headers["Location"]))
    assert "已撤销 3 项临时权限" in shown
    assert "3 / 3" in shown
    assert not may_read(services, world.wang)
    assert "没有可撤销的临时权限" in said(li.get(address))


def test_a_search_for_people_finds_only_whose_access_one_answers_for(services: Services, world: World, li: Visitor, grant_id: UUID) -> None:
    assert "杭州市西湖区民政局" in said(li.get("/grants/many?kind=person&target=王芳"))
    assert "没有查到" in said(li.get("/grants/many?kind=person&target=孙丽"))


def test_who_may_not_end_many_sees_none_of_it(wang: Visitor, grant_id: UUID) -> None:
    for address in ("/grants/many", "/grants/many?kind=subsystem&target=housing", "/reports", "/reports/time.csv"):
        assert wang.get(address).status_code == 403, address
    assert wang.post("/grants/many", {"kind": "subsystem", "target": "housing"}).status_code == 403


def test_what_was_seen_of_an_end_stands_beside_it(services: Services, world: World, wang: Visitor, li: Visitor, grant_id: UUID) -> None:
    li.post(f"/grants/{grant_id}/revoke", {"reason": "核查"})
    assert "下一次核对即被拒绝" in said(wang.get("/access"))
    question = Question(REGISTER, world.wang.appointment_id, world.wang.official_id, {"division": XIHU})
    services.decision_log.note(question, services.authorization.decide(question), "housing-web")
    assert services.decision_log.flush()
    assert "收回后首次使用已被拒绝" in said(wang.get("/access"))


def test_a_request_that_opens_as_a_whole_says_so(services: Services, world: World, wang: Visitor, li: Visitor) -> None:
    lines = ask_jointly(services, world)
    answer = li.post(f"/inbox/{lines[REGISTER]}", {"action": "approve", "version": "1"})
    assert answer.status_code == 303
    assert "其余申请项也同意后一并生效" in said(li.get(answer.headers["Location"]))
    request = services.access_queries.my_requests(world.wang.official_id).entries[0]
    text = said(wang.get(f"/requests/{request.id}"))
    assert "尚未开通" in text
    assert "全部同意后一并开通" in text
    services.access.reject(world.zhao.actor(), lines[CASES], 1, "not_needed")
    assert "本项不再开通" in said(wang.get(f"/requests/{request.id}"))


def test_reports_with_their_tables_and_files(services: Services, world: World, li: Visitor, grant_id: UUID) -> None:
    lines = ask_jointly(services, world, mode="progressive", functions=(CASES,))
    approve(services, world, CASES, lines[CASES])
    for report, words in (("time", "串联中位数"), ("held", "住房保障管理系统"), ("expiring", "王芳")):
        page = li.get(f"/reports?report={report}")
        assert words in said(page), report
        assert "<svg" in page.text
        assert "民政救助业务系统" not in said(page)
        text = li.get(f"/reports/{report}.csv").text
        assert text.startswith("\ufeff")
        assert text.count("\ufeff") == 1
        with zipfile.ZipFile(io.BytesIO(li.get(f"/reports/{report}.xlsx").data)) as book:
            assert "xl/worksheets/sheet1.xml" in book.namelist()
    assert li.get("/reports/other.csv").status_code == 404
    assert li.get("/reports/time.pdf").status_code == 404
    for odd in ("0", "-1", "1e9", "99999999", "x"):
        assert li.get(f"/reports?days={odd}").status_code == 200


def test_reports_take_as_many_statements_for_many_rows(services: Services, world: World, li: Visitor, grant_id: UUID) -> None:
    def taken(report: str) -> int:
        li.get(f"/reports?report={report}")
        with counted() as statements:
            li.get(f"/reports?report={report}")
        return len(statements)

    few = {report: taken(report) for report in ("time", "held", "expiring")}
    many_grants(services, world, [person.official_id for person in world.people.values()], 30)
    for report, count in few.items():
        assert taken(report) <= count + 1, report


def hidden(html: str, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None
    return found.group(1)


def test_what_has_not_begun_says_from_when_on_and_urges_nobody_to_extend_it(services: Services, world: World, wang: Visitor) -> None:
    begins = services.clock.now() + timedelta(days=20)
    lines = ask_jointly(services, world, mode="progressive", starts_at=begins)
    approve(services, world, REGISTER, lines[REGISTER])
    page = wang.get("/access")
    assert f"{moment(begins)} 起" in said(page)
    assert "button-small button-primary" not in page.text


def test_a_request_of_several_lines_says_once_what_they_share(services: Services, world: World, wang: Visitor) -> None:
    ask_jointly(services, world)
    request = services.access_queries.my_requests(world.wang.official_id).entries[0]
    page = said(wang.get(f"/requests/{request.id}"))
    assert page.count(request.reason) == 1
    assert page.count("办件编号") == 1
