"""等待时长 in the portal: for whom it is, what it says, and the files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta

from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

from govcloud.access.commands import Submitted
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.factories.browsing import Visitor, alerts, inline_code, said
from tests.factories.requests import ask
from tests.factories.world import World, give_password

HOUSING = "浙江省住房和城乡建设厅"


def test_it_says_how_departments_answer_and_names_nobody(
    visitor: Callable[[], Visitor], services: Services, world: World, clock: ManualClock, submitted: Submitted
) -> None:
    clock.advance(timedelta(hours=2))
    services.access.reject(world.li.actor(), submitted.line_id, 1, "not_needed")
    ask(services, world, world.people["SUNLI"])
    li = visitor().sign_in("LIQIANG")
    page = li.get("/waiting")
    text = said(page)
    assert page.status_code == 200
    assert HOUSING in text
    assert "2.0 工作小时" in text
    assert "一个工作日为 6.5 小时" in text
    for person in ("王芳", "孙丽", "钱伟"):
        assert person not in text
    assert inline_code(page) == []
    assert 'href="/waiting"' in li.get("/").text


def test_it_is_not_for_staff(wang: Visitor) -> None:
    assert wang.get("/waiting").status_code == 403
    assert wang.get("/waiting/export").status_code == 403
    assert 'href="/waiting"' not in wang.get("/").text


def test_the_security_officer_sees_every_department(
    visitor: Callable[[], Visitor], services: Services, world: World, submitted: Submitted
) -> None:
    give_password(services, world.security_admin)
    assert HOUSING in said(visitor().sign_in("WUXIAOYAN").get("/waiting"))


def test_an_empty_one_says_so_and_a_wrong_period_is_named(li: Visitor) -> None:
    assert "这段时间没有申请" in said(li.get("/waiting"))
    answer = li.get("/waiting?since=2026-01-01T00:00&until=2026-11-24T00:00")
    assert answer.status_code == 422
    assert "一次最多查看 92 天" in alerts(answer)
    assert li.get("/waiting?since=gibberish").status_code == 200


def test_it_comes_as_files(
    visitor: Callable[[], Visitor], services: Services, world: World, clock: ManualClock, submitted: Submitted
) -> None:
    clock.advance(timedelta(hours=1))
    services.access.reject(world.li.actor(), submitted.line_id, 1, "not_needed")
    li = visitor().sign_in("LIQIANG")
    answer = li.get("/waiting/export")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[0][:3] == ["部门", "已办结", "逾期失效"]
    assert rows[1] == [HOUSING, "1", "0", "1.0", "1.0", "0", "0", ""]
    assert "attachment" in answer.headers["Content-Disposition"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(li.get("/waiting/export?format=xlsx").data))
    assert book.get_sheet_by_index(0).to_python()[1][0] == HOUSING


CRAFTED = (
    "department_id={other}",
    "department={other}&path=%2F&owner_path=%2F",
    "below=true&names=true&official_id=*",
    "group_by=official&fields=name,official_id",
    "since=2026-11-20T00:00&until=2026-12-01T00:00&reach=%2F",
    "format=xlsx&department_id={other}",
    "format=json",
)


def _texts(answer: TestResponse) -> str:
    """Return all that an answer says, a workbook's cells among it."""
    if not answer.data.startswith(b"PK"):
        return answer.text
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return repr([book.get_sheet_by_name(name).to_python() for name in book.sheet_names])


def test_no_filter_makes_it_name_anybody_or_look_beyond_the_own_hierarchy(
    visitor: Callable[[], Visitor], services: Services, world: World, clock: ManualClock, submitted: Submitted
) -> None:
    """Page, CSV, workbook and API, with what somebody might add to the address."""
    other = ask(services, world, item_id=world.items["assistance:case:read"], case_number=None)
    ask(services, world, world.people["SUNLI"])
    clock.advance(timedelta(hours=2))
    services.access.reject(world.li.actor(), submitted.line_id, 1, "not_needed")
    services.access.reject(world.zhao.actor(), other.line_id, 1, "not_needed")
    li = visitor().sign_in("LIQIANG")
    named = {"other": world.organisation.ids["civil_affairs"]}
    # The shell of a page greets its reader, who is no secret to himself.
    people = [person for person in world.people.values() if person.login != "LIQIANG"]
    seen = 0
    for address in ("/waiting", "/waiting/export", "/waiting/export?format=xlsx", "/api/v1/waiting"):
        for crafted in ("", *(text.format(**named) for text in CRAFTED)):
            answer = li.get(f"{address}{'&' if '?' in address else '?'}{crafted}")
            text = _texts(answer)
            assert answer.status_code in {200, 422}, (address, crafted)
            assert "浙江省民政厅" not in text, (address, crafted)
            for person in people:
                shown = (person.name, person.login, str(person.official_id), str(person.appointment_id))
                assert not any(word in text for word in shown), (address, crafted, person.name)
            seen += HOUSING in text
    assert seen >= 20
