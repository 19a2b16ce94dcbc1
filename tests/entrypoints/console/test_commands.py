"""The commands of the console: what each does, and that every refusal says in Chinese what is wrong and keeps what was typed."""

from __future__ import annotations

import re
from html import unescape
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from markupsafe import escape
from sqlalchemy import text

from tests.entrypoints.console.conftest import REASON, Enter, Rows, happened, new_assignment, new_official, unknown_department
from tests.entrypoints.console.test_who_may import RUN
from tests.factories.browsing import Visitor, said
from tests.factories.people import an_official, id_number
from tests.factories.requests import may_read
from tests.factories.world import PASSWORD, SEED

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from govcloud.services import Services
    from tests.factories.world import World

OFFICES = {"system_admin": "系统管理员", "security_admin": "安全管理员", "audit_admin": "审计管理员"}
#: Stock sentences of the libraries; none may reach a reader of Chinese.
ENGLISH = re.compile(r"(?i)record|field is required|valid choice|permission|failed|error|invalid|not found")
_ERRORS = re.compile(r'<p class="error"[^>]*>.*?</p>|<div class="flashes".*?(?=<div class="pagehead|<nav class="crumbs)', re.DOTALL)


def alerts(answer: TestResponse) -> str:
    """Return what the page says on top and at its fields."""
    found = " ".join(_ERRORS.findall(answer.text))
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", found))).strip()


def test_an_official_is_registered(system: Visitor, services: Services, world: World) -> None:
    answer = system.post("/console/officials/new/", new_official(world, services))
    assert (answer.status_code, answer.location) == (303, "/console/officials/")
    page = said(system.get("/console/officials/"))
    assert "已登记仇晓。账号没有密码，请签发激活码，由本人设置密码。" in page
    assert "N0001" in page
    assert not ENGLISH.search(page)
    official = services.identity_queries.official_by_code("N0001")
    assert official is not None
    assert services.identity_queries.appointments_of(official.id)[0].department_name == "杭州市西湖区民政局"


WRONG_OFFICIALS: list[tuple[dict[str, str], int, str]] = [
    ({"name": ""}, 422, "该字段是必填字段。"),
    ({"name": "  "}, 422, "不能为空，请填写。"),
    ({"name": "长" * 51}, 422, "长度应为 1 至 50 个字符"),
    ({"name": "仇\u202e晓"}, 422, "不能含有控制字符"),
    ({"name": "仇\0晓"}, 422, "不能含有控制字符"),
    ({"employee_code": "'; --"}, 422, "工号应为 3 至 32 位"),
    ({"employee_code": "WANGFANG"}, 409, "该工号已登记"),
    ({"id_number": "330106199001011234"}, 422, "校验位不符"),
    ({"id_number": id_number(5000)}, 409, "该身份证件号码已登记：一人只能有一个账号。"),
    ({"phone": "12345"}, 422, "手机号"),
    ({"department": ""}, 422, "该字段是必填字段。"),
    ({"department": "' OR 1=1 --"}, 422, "您的管理范围内没有这个部门"),
    ({"department": unknown_department()}, 422, "您的管理范围内没有这个部门"),
    ({"department": "民政"}, 422, "例如：浙江省人民政府、浙江省民政厅"),
    ({"rank": "级" * 51}, 422, "长度应为 0 至 50 个字符"),
    ({"staffing_type": "临时工"}, 422, "不是有效的选择"),
    ({"position": "岗" * 51}, 422, "长度应为 1 至 50 个字符"),
]


def test_a_wrong_official_changes_nothing_and_loses_nothing(system: Visitor, services: Services, world: World) -> None:
    before = happened(services)
    for changes, status, words in WRONG_OFFICIALS:
        answer = system.post("/console/officials/new/", new_official(world, services, **changes))
        assert answer.status_code == status, (changes, said(answer))
        assert words in alerts(answer), (changes, alerts(answer))
        assert not ENGLISH.search(alerts(answer))
        assert 'value="窗口受理员"' in answer.text or "position" in changes
    assert happened(services) == before


def test_who_is_disabled_is_out_at_once_and_comes_back_when_restored(
    enter: Enter, system: Visitor, services: Services, world: World, rows: Rows
) -> None:
    wang = enter("WANGFANG")
    address = f"/console/officials/change/suspend/{world.wang.official_id}"
    preview = said(system.post(address, {"reason": REASON}))
    assert "结束登录会话" in preview
    assert "终止临时权限" in preview
    assert may_read(services, world.wang)
    assert system.post(address, {"reason": REASON, "confirmed": "1"}).status_code == 303
    assert "停职已办理" in said(system.get("/console/officials/"))
    assert wang.get("/").status_code == 302
    assert not may_read(services, world.wang)
    again = system.post(address, {"reason": REASON, "confirmed": "1"})
    assert again.status_code == 409
    assert "当前为“停职”状态" in said(again)
    assert (
        system.post(f"/console/officials/change/reinstate/{world.wang.official_id}", {"reason": REASON, "confirmed": "1"}).status_code
        == 303
    )
    assert enter("WANGFANG").get("/").status_code == 200
    assert not may_read(services, world.wang), "what was granted has ended for good"


WRONG_REASONS = [
    ("", "不能为空，请填写。"),
    ("    ", "不能为空，请填写。"),
    ("太短了", "长度应为 5 至 128 个字符，现为 3 个"),
    ("长" * 129, "长度应为 5 至 128 个字符，现为 129 个"),
    ("岗位调整\0，予以处理", "不能含有控制字符"),
    ("岗位调整\u202e，予以处理", "不能含有控制字符"),
]


def test_every_command_asks_for_a_reason(officers: dict[str, Visitor], services: Services, rows: Rows) -> None:
    before = happened(services)
    for path, runners in RUN.items():
        # Forms and steps of a subsystem and of a matter ask for what each needs (test_subsystems.py, test_matters.py).
        if path.endswith("/new/") or path.startswith(("subsystems/", "matters/")):
            continue
        for reason, words in WRONG_REASONS:
            answer = officers[max(runners)].post(f"/console/{path.format(rows=rows)}", {"reason": reason})
            assert answer.status_code == 422, (path, reason)
            assert words in said(answer), (path, reason)
            assert "岗位调整" not in reason or "岗位调整" in answer.text
    assert happened(services) == before


def test_each_command_does_what_it_says(system: Visitor, security: Visitor, services: Services, world: World, rows: Rows) -> None:
    queries = services.authorization_queries
    assert system.post(f"/console/subsystems/step/submit/{rows.unpublished}", {"note": REASON}).status_code == 303
    submitted = services.subsystem_queries.subsystem("archive")
    assert submitted is not None
    assert submitted.status == "submitted"
    assert security.post(f"/console/assignments/command/end/{rows.assignment}", {"reason": REASON}).status_code == 303
    assert queries.assignments_of(world.people["SUNLI"].official_id) == ()
    assert security.post(f"/console/grants/command/revoke/{rows.grant}", {"reason": REASON}).status_code == 303
    assert "已撤销，下一次点击即被拒绝。" in said(security.get("/console/grants/"))
    assert not may_read(services, world.wang)
    assert security.post(f"/console/sessions/command/end/{rows.session}", {"reason": REASON}).status_code == 303
    assert services.signon.sessions_of(world.people["QIANWEI"].official_id) == ()
    # A second time: what is over stays as it is, and says so.
    assert system.post(f"/console/subsystems/step/submit/{rows.unpublished}", {"note": REASON}).status_code == 409


# Roles


def test_a_role_is_given_within_a_department(security: Visitor, services: Services, world: World) -> None:
    department = services.identity_queries.department(world.organisation.ids["xihu_housing"])
    assert department is not None
    form = new_assignment(employee_code=" chenjie ", role_code="department_admin", department=department.name)
    assert security.post("/console/assignments/new/", form).status_code == 303
    assert "已授予陈杰角色，立即生效。" in said(security.get("/console/assignments/"))
    held = services.authorization_queries.assignments_of(world.people["CHENJIE"].official_id)
    assert {entry.role_code: entry.department_path for entry in held}["department_admin"] == department.path


WRONG_ASSIGNMENTS: list[tuple[dict[str, str], int, str]] = [
    ({"employee_code": ""}, 422, "该字段是必填字段。"),
    ({"employee_code": "NOBODY"}, 422, "没有这个工号的人员。"),
    ({"employee_code": "\0"}, 422, "没有这个工号的人员。"),
    ({"role_code": ""}, 422, "该字段是必填字段。"),
    ({"role_code": "superuser"}, 422, "不是有效的选择"),
    ({"role_code": "system:operator"}, 422, "不是有效的选择"),
    ({"role_code": "official"}, 422, "不是有效的选择"),
    ({"role_code": "senior_admin"}, 422, "授予这个角色必须指定部门范围。"),
    ({"department": "' OR 1=1 --"}, 422, "您的管理范围内没有这个部门"),
    ({"reason": ""}, 422, "该字段是必填字段。"),
    ({"reason": "长" * 501}, 422, "长度应为 0 至 500 个字符"),
    ({"reason": "岗位\0调整"}, 422, "不能含有控制字符"),
    ({"employee_code": "WUXIAOYAN"}, 403, "当前不满足执行这项操作的条件。"),
]


def test_a_wrong_assignment_changes_nothing(security: Visitor, services: Services, world: World) -> None:
    before = happened(services)
    for changes, status, words in WRONG_ASSIGNMENTS:
        answer = security.post("/console/assignments/new/", new_assignment(**changes))
        assert answer.status_code == status, (changes, said(answer))
        assert words in alerts(answer), (changes, alerts(answer))
        assert not ENGLISH.search(alerts(answer))
    assert happened(services) == before


@pytest.mark.parametrize(("held", "wanted"), list(permutations(OFFICES, 2)))
def test_nobody_holds_two_of_the_three_offices(security: Visitor, services: Services, world: World, held: str, wanted: str) -> None:
    """三员互斥: the server refuses, whoever asks, and names the office that stands against the other."""
    person = world.people["QIANWEI"]
    services.authorization.assign_role(SEED, person.official_id, held)
    answer = security.post("/console/assignments/new/", new_assignment(employee_code="QIANWEI", role_code=wanted))
    assert answer.status_code == 409
    words = alerts(answer)
    assert "系统管理员、安全管理员、审计管理员必须由不同的人担任" in words
    assert f"此人已是{OFFICES[held]}。" in words
    offices = {entry.role_code for entry in services.authorization_queries.assignments_of(person.official_id)} & OFFICES.keys()
    assert offices == {held}


def test_an_office_follows_another_once_that_has_ended(security: Visitor, services: Services, world: World) -> None:
    person = world.people["QIANWEI"]
    first = services.authorization.assign_role(SEED, person.official_id, "system_admin")
    assert security.post(f"/console/assignments/command/end/{first}", {"reason": REASON}).status_code == 303
    form = new_assignment(employee_code="QIANWEI", role_code="audit_admin")
    assert security.post("/console/assignments/new/", form).status_code == 303


def test_an_officer_neither_gives_nor_ends_roles_of_their_own(security: Visitor, services: Services, world: World) -> None:
    mine = services.authorization_queries.assignments_of(world.security_admin.official_id)[0]
    answer = security.post(f"/console/assignments/command/end/{mine.id}", {"reason": REASON})
    assert answer.status_code == 403
    assert "当前不满足执行这项操作的条件。" in said(answer)
    assert services.authorization_queries.assignments_of(world.security_admin.official_id)[0] == mine


# Language and text


def test_in_english_refusals_are_english(system: Visitor, services: Services, world: World) -> None:
    system.client.set_cookie("govcloud_language", "en")
    answer = system.post("/console/officials/new/", new_official(world, services, name="", employee_code="WANGFANG"))
    assert "This field is required." in alerts(answer)
    assert "Register" in said(answer)


NASTY = "<img src=x onerror=alert(1)>'\";--{{7*7}}"


def test_html_and_sql_stay_text_on_every_page(officers: dict[str, Visitor], services: Services, world: World, rows: Rows) -> None:
    """What people type into the console, and what their browsers call themselves, is stored and shown as text."""
    system, security, auditor = officers.values()
    form = new_official(world, services, name=NASTY, position=NASTY, post=NASTY)
    assert system.post("/console/officials/new/", form).status_code == 303
    official = services.identity_queries.official_by_code("N0001")
    assert official is not None
    assert official.name == NASTY
    assert security.post("/console/assignments/new/", new_assignment(employee_code="N0001", reason=NASTY)).status_code == 303
    assert system.post(f"/console/officials/change/suspend/{official.id}", {"reason": NASTY, "confirmed": "1"}).status_code == 303
    assert security.post(f"/console/grants/command/revoke/{rows.grant}", {"reason": NASTY}).status_code == 303
    services.signon.sign_in("LIQIANG", PASSWORD, "192.0.2.1", NASTY)
    session = services.signon.sessions_of(world.li.official_id)[0].session_id
    pages = {
        "form": system.post("/console/officials/new/", new_official(world, services, employee_code=NASTY, name=NASTY, position=NASTY)),
        "list": system.get("/console/officials/"),
        "search": system.get("/console/officials/", query_string={"search": NASTY}),
        "details": system.get(f"/console/officials/details/?id={official.id}"),
        "confirmation": system.get(f"/console/officials/change/reinstate/{official.id}"),
        "session": system.get(f"/console/sessions/details/?id={session}"),
        "assignments": security.get("/console/assignments/"),
        "grant": security.get(f"/console/grants/details/?id={rows.grant}"),
        "record of one": auditor.get("/console/audit/", query_string={"subject": NASTY}),
    }
    for name, page in pages.items():
        assert "<img" not in page.text, name
        assert escape(NASTY) in page.text, name
    assert "<img" not in auditor.get("/console/audit/").text
    assert services.uow.read().scalar(text("SELECT count(*) FROM official")) == len(world.people) + 1


def test_what_was_typed_into_a_refused_command_is_still_there(system: Visitor, rows: Rows) -> None:
    answer = system.post(f"/console/officials/change/reinstate/{rows.active}", {"reason": f"{REASON}<b>", "confirmed": "1"})
    assert answer.status_code == 409
    assert f"{REASON}&lt;b&gt;</textarea>" in answer.text


def test_two_officers_at_once_register_one_person_once(system: Visitor, services: Services, world: World) -> None:
    new = an_official(world.organisation.ids["data"])
    services.identity.register_official(SEED, new)
    answer = system.post("/console/officials/new/", new_official(world, services, id_number=new.id_number))
    assert answer.status_code == 409
    assert new.id_number not in alerts(answer)
