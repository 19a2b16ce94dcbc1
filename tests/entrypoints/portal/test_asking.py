"""Asking for several things on pages: the basket, a matter, for whom, the review, asking anew, files, and the same as a colleague has."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from zipfile import ZipFile

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from govcloud.access.commands import Submitted
from govcloud.kernel.actor import Actor
from govcloud.services import Services
from govcloud.subsystems.changes import MatterChange, MatterEntry
from tests.factories.browsing import Visitor, alerts, inline_code, said
from tests.factories.requests import ask, granted
from tests.factories.world import HANGZHOU, XIHU, World, give_password

READ, CASE = "housing:register:read", "assistance:case:read"
UNKNOWN = "00000000-0000-7000-8000-000000000000"
HTML = "<img src=x onerror=alert(1)>'; DROP TABLE access_request; --"


@pytest.fixture
def basket(wang: Visitor, world: World) -> Visitor:
    """Return 王芳 with two items of two departments in the basket."""
    for function in (READ, CASE):
        assert wang.post("/basket", {"item": str(world.items[function])}, page="/requests/new").status_code == 303
    return wang


def form(world: World, *functions: str, **changed: object) -> MultiDict[str, object]:
    """Return the form of these items as a browser sends it."""
    ids = [str(world.items[function]) for function in functions]
    usual: dict[str, object] = {"source": "basket", "self": "1", "reason": "办理救助", "case_number": "XH-1", "mode": "progressive"}
    rows: list[tuple[str, object]] = [*{**usual, **changed}.items()]
    rows += [(name, key) for key in ids for name in ("listed", "item")]
    rows += [(f"days-{key}", "5") for key in ids] + [(f"scope-{key}", XIHU) for key in ids]
    return MultiDict((name, value) for name, value in rows if value is not None)


def send(visitor: Visitor, rows: MultiDict[str, object]) -> TestResponse:
    """Send the form."""
    rows.add("csrf_token", visitor.token("/requests/new"))
    return visitor.client.post("/requests/ask", data=rows)


def hidden(page: str) -> MultiDict[str, object]:
    """Return the hidden fields of the review, as its button sends them."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return MultiDict([(name, value) for name, value in found if name != "csrf_token"])


# The basket


def test_a_basket_survives_signing_out(basket: Visitor, visitor: Callable[[], Visitor]) -> None:
    basket.post("/sign-out", page="/account")
    page = visitor().sign_in("WANGFANG").get("/basket")
    text = said(page)
    assert "查询住房登记信息" in text
    assert "查看救助案件" in text
    assert "浙江省住房和城乡建设厅" in text
    assert page.text.count(f'value="{XIHU}" selected') == len((READ, CASE)), "the least is picked beforehand"


def test_the_form_of_one_item_is_put_into_the_basket_as_filled_in(wang: Visitor, world: World) -> None:
    page = f"/requests/new?item={world.items[READ]}"
    answer = wang.post("/requests/new", {"item": str(world.items[READ]), "days": "10", "scope": HANGZHOU, "basket": "1"}, page=page)
    assert answer.location == "/basket"
    shown = wang.get("/basket").text
    assert f'<option value="{HANGZHOU}" selected>' in shown
    assert '<option value="10" selected>' in shown


def test_reviewing_says_who_decides_by_when_and_sending_leads_to_every_line(basket: Visitor, world: World) -> None:
    review = send(basket, form(world, READ, CASE, step="review", reason=HTML))
    assert review.status_code == 200, said(review)
    text = said(review)
    assert "浙江省住房和城乡建设厅的高级管理员" in text
    assert "浙江省民政厅的高级管理员" in text
    assert "2026-11-30 09:30" in text, "four working days ahead the lines lapse"
    assert "<img" not in review.text
    assert not inline_code(review)
    assert "您还没有提交过申请" in said(basket.get("/requests")), "nothing is sent yet"
    rows = hidden(review.text)
    rows["step"] = "send"
    sent = send(basket, rows)
    assert sent.status_code == 303, said(sent)
    detail = basket.get(sent.location)
    lines = said(detail)
    assert "各部门进展" in lines
    assert lines.count("待审批") >= len((READ, CASE))
    assert "浙江省住房和城乡建设厅的高级管理员" in lines
    assert "申请清单是空的" in said(basket.get("/basket"))
    listed = said(basket.get("/requests"))
    assert "浙江省民政厅 待审批" in listed
    # The same click once more changes nothing and leads to the same page.
    again = send(basket, rows)
    assert (again.status_code, again.location) == (303, sent.location)


def test_what_was_chosen_at_the_review_is_kept_in_the_basket(basket: Visitor, world: World) -> None:
    rows = form(world, READ, CASE, step="review")
    rows[f"days-{world.items[READ]}"] = "30"
    rows[f"scope-{world.items[READ]}"] = HANGZHOU
    assert send(basket, rows).status_code == 200
    shown = basket.get("/basket").text
    assert '<option value="30" selected>' in shown
    assert f'<option value="{HANGZHOU}" selected>' in shown


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"reason": " "}, "reason", "事由：不能为空"),
        ({"case_number": ""}, "case_number", "须填写办件编号"),
        ({"self": None}, "people", "请选择为谁申请"),
        ({"starts_at": "2026-11-24T09:30"}, "starts_at", "开始时间应晚于现在"),
        ({"starts_at": "gestern"}, "starts_at", "请填写日期和时间"),
        ({"mode": "sometime"}, "mode", "不是可选值"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_typed_is_lost(
    basket: Visitor, world: World, changed: dict[str, str | None], field: str, sentence: str
) -> None:
    answer = send(basket, form(world, READ, CASE, step="review", **changed))
    assert answer.status_code == 422
    assert sentence in said(answer)
    assert f'href="#{field}' in answer.text
    assert 'value="XH-1"' in answer.text or field == "case_number"


def test_a_line_that_is_wrong_is_named_beside_it(basket: Visitor, services: Services, world: World) -> None:
    first = ask(services, world)
    rows = form(world, READ, CASE, step="review")
    rows[f"days-{world.items[CASE]}"] = "99"
    answer = send(basket, rows)
    assert answer.status_code == 409
    text = said(answer)
    assert f"“查询住房登记信息”已在申请{first.number}中等待审批" in text
    assert "“查看救助案件”：期限应为 1 至 30 天" in text
    assert f'id="item-{world.items[READ]}-error"' in answer.text
    assert f'id="days-{world.items[CASE]}-error"' in answer.text


@pytest.mark.parametrize("picked", ["", "nonsense", "other"])
def test_a_line_without_a_scope_is_not_sent(basket: Visitor, world: World, picked: str) -> None:
    rows = form(world, READ, step="send")
    rows[f"scope-{world.items[READ]}"] = picked
    answer = send(basket, rows)
    assert answer.status_code == 422
    assert "请选择一个地区" in said(answer)
    assert "您还没有提交过申请" in said(basket.get("/requests"))


def test_a_line_is_taken_out_and_stays_out(basket: Visitor, world: World) -> None:
    answer = send(basket, form(world, READ, CASE, remove=str(world.items[READ])))
    assert answer.status_code == 200
    assert "查询住房登记信息" not in said(answer)
    assert "查询住房登记信息" not in said(basket.get("/basket"))


def test_without_a_tick_nothing_is_asked_for(basket: Visitor, world: World) -> None:
    rows = form(world, READ, step="review")
    rows.poplist("item")
    answer = send(basket, rows)
    assert answer.status_code == 422
    assert "请至少勾选一项权限" in alerts(answer)


@pytest.mark.parametrize("item", ["", "nonsense", UNKNOWN])
def test_what_is_no_item_is_not_kept(wang: Visitor, item: str) -> None:
    assert wang.post("/basket", {"item": item}, page="/requests/new").status_code == 303
    assert "申请清单是空的" in said(wang.get("/basket"))


# For whom


def test_colleagues_are_found_added_and_asked_for_together(basket: Visitor, world: World) -> None:
    sun = str(world.people["SUNLI"].appointment_id)
    found = send(basket, form(world, READ, step="find", find="sunli"))
    assert "孙丽" in said(found)
    assert f'name="add" value="{sun}"' in found.text
    added = send(basket, form(world, READ, add=sun))
    assert f'name="person" value="{sun}"' in added.text
    assert "没有其他姓名相符" in said(send(basket, form(world, READ, step="find", find="单雪梅")))
    rows = form(world, READ, step="send")
    rows.add("person", sun)
    sent = send(basket, rows)
    assert sent.status_code == 303
    together = said(basket.get(sent.location))
    assert "一起提交的申请" in together
    assert "使用人 孙丽" in together


def test_somebody_of_another_department_cannot_be_slipped_in(basket: Visitor, world: World) -> None:
    rows = form(world, READ, step="review", self=None)
    rows.add("person", str(world.people["SHANXUEMEI"].appointment_id))
    answer = send(basket, rows)
    assert answer.status_code == 422
    assert "单雪梅" not in said(answer)
    assert "请选择为谁申请" in said(answer)


# Matters


def test_a_matter_is_asked_for_by_the_duty_that_one_has_in_it(services: Services, wang: Visitor, world: World) -> None:
    old = services.subsystem_queries.matter("RESCUE-01")
    assert old is not None
    entries = (MatterEntry(world.items[READ], 1, "handle"), MatterEntry(world.items["housing:register:export"], 2, "review"))
    services.subsystems.change_matter(
        Actor.system("operator"), old.id, 1, MatterChange(old.name, old.lead_department_id, entries), "分环节"
    )
    assert f'href="/requests/matter/{old.id}"' in wang.get("/requests/new").text
    page = wang.get(f"/requests/matter/{old.id}")
    read = re.search(rf'name="item" value="{world.items[READ]}"[^>]*>', page.text)
    assert read
    assert "checked" in read[0]
    assert "经办" in said(page)
    reviewing = wang.get(f"/requests/matter/{old.id}?duty=review")
    read = re.search(rf'name="item" value="{world.items[READ]}"[^>]*>', reviewing.text)
    assert read
    assert "checked" not in read[0]
    assert wang.get(f"/requests/matter/{UNKNOWN}").status_code == 404
    rows = form(world, READ, step="send", source="matter", matter_id=str(old.id), mode="atomic", starts_at="2026-11-30T08:30")
    sent = send(wang, rows)
    assert sent.status_code == 303, said(sent)
    shown = said(wang.get(sent.location))
    assert "困难家庭救助一件事 （第 2 版）" in shown or "困难家庭救助一件事（第 2 版）" in shown
    assert "不早于 2026-11-30 08:30" in shown


# Asking anew


def test_what_lapsed_or_was_refused_is_asked_for_anew_in_one_click(
    wang: Visitor, services: Services, submitted: Submitted, world: World
) -> None:
    services.access.reject(world.li.actor(), submitted.line_id, 1, "insufficient_reason", "请写明办件")
    detail = wang.get(f"/requests/{submitted.request_id}")
    assert f'href="/requests/{submitted.request_id}/again"' in detail.text
    page = wang.get(f"/requests/{submitted.request_id}/again")
    assert ">核对救助申请人的住房情况</textarea>" in page.text
    assert 'value="XH-2026-0382"' in page.text
    assert f'<option value="{HANGZHOU}" selected>' in page.text
    assert '<option value="10" selected>' in page.text
    sent = send(wang, form(world, READ, step="send", source="again", again=str(submitted.request_id)))
    assert sent.status_code == 303


def test_what_still_waits_or_lasts_is_not_offered_anew(wang: Visitor, services: Services, submitted: Submitted, world: World) -> None:
    assert "重新申请" not in said(wang.get(f"/requests/{submitted.request_id}"))
    services.access.approve(world.li.actor(), submitted.line_id, 1)
    assert "重新申请" not in said(wang.get(f"/requests/{submitted.request_id}"))
    assert wang.get(f"/requests/{UNKNOWN}/again").status_code == 404


def test_nobody_asks_a_strangers_request_anew(visitor: Callable[[], Visitor], submitted: Submitted) -> None:
    assert visitor().sign_in("ZHAOMIN").get(f"/requests/{submitted.request_id}/again").status_code == 404


# Files


def _docx(*extra: str) -> bytes:
    held = io.BytesIO()
    with ZipFile(held, "w") as archive:
        for name in ("[Content_Types].xml", "word/document.xml", *extra):
            archive.writestr(name, "<x/>")
    return held.getvalue()


def _with(rows: MultiDict[str, object], *files: tuple[str, bytes]) -> MultiDict[str, object]:
    for name, content in files:
        rows.add("files", (io.BytesIO(content), name))
    return rows


def test_files_go_with_a_request_and_are_given_out_to_those_who_see_it(
    basket: Visitor, li: Visitor, visitor: Callable[[], Visitor], services: Services, world: World
) -> None:
    pdf = b"%PDF-1.7\n" + b"x" * 2000
    sent = send(basket, _with(form(world, READ, step="send"), ("核对表.pdf", pdf), ("说明.docx", _docx())))
    assert sent.status_code == 303, said(sent)
    page = basket.get(sent.location).text
    address = re.search(r'href="(/requests/[^"]+/files/[^"]+)"', page)
    assert address
    for reader in (basket, li):
        answer = reader.get(address[1])
        assert (answer.status_code, answer.data) == (200, pdf)
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.content_type == "application/pdf"
    give_password(services, world.people["SUNLI"])
    for stranger in ("ZHAOMIN", "SUNLI"):
        assert visitor().sign_in(stranger).get(address[1]).status_code == 404
    other = ask(services, world, world.people["SUNLI"])
    foreign = f"/requests/{other.request_id}/files/{address[1].rpartition('/')[2]}"
    assert li.get(foreign).status_code == 404, "a file is one of its own request"
    kept = services.uow.read().connection().exec_driver_sql("SELECT sealed FROM request_attachment").scalars().all()
    assert all(pdf not in sealed for sealed in kept)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.html", b"<script>alert(1)</script>"),
        ("x.pdf", b"<script>alert(1)</script>"),
        ("x.exe", b"MZ" + b"\x00" * 100),
        ("x.docx", b"PK\x03\x04 broken"),
        ("x.docx", _docx("word/vbaProject.bin")),
        ("x.svg", b"<svg onload=alert(1)>"),
        ("长" * 130 + ".pdf", b"%PDF-1.7"),
        ("a\u202efdp.pdf", b"%PDF-1.7"),
    ],
)
def test_other_files_are_refused_and_nothing_is_sent(basket: Visitor, world: World, name: str, content: bytes) -> None:
    answer = send(basket, _with(form(world, READ, step="send"), (name, content)))
    assert answer.status_code == 422, said(answer)
    assert "您还没有提交过申请" in said(basket.get("/requests"))


def test_too_many_files_are_refused(basket: Visitor, world: World) -> None:
    files = [(f"{number}.pdf", b"%PDF-1.7") for number in range(6)]
    assert send(basket, _with(form(world, READ, step="send"), *files)).status_code == 422


# The same as a colleague has


def test_the_difference_is_shown_first_and_nothing_is_ticked(services: Services, visitor: Callable[[], Visitor], world: World) -> None:
    granted(services, world)
    give_password(services, world.people["SUNLI"])
    sun = visitor().sign_in("SUNLI")
    assert "王芳" in said(sun.get("/colleagues"))
    page = sun.post("/colleagues", {"appointment": str(world.wang.appointment_id)})
    assert page.status_code == 200
    text = said(page)
    assert "王芳有而您没有的" in text
    assert "查询住房登记信息" in text
    assert "checked" not in page.text
    kept = sun.post("/basket", {"item": str(world.items[READ]), "then": "basket"}, page="/colleagues")
    assert kept.location == "/basket"
    assert sun.post("/colleagues", {"appointment": str(world.people["CHENJIE"].appointment_id)}).status_code == 403
    assert sun.post("/colleagues", {"appointment": "x"}).status_code == 404


# The search


@pytest.mark.parametrize("words", ["zfdj", "住房登记", "zhufangdengji"])
def test_one_search_says_how_one_stands(services: Services, wang: Visitor, world: World, words: str) -> None:
    granted(services, world, days=5)
    for address in (f"/requests/new?q={words}", f"/search?q={words}"):
        text = said(wang.get(address))
        assert "已有，至 2026-11-29 09:30" in text
        assert "高级管理员" in text
    assert "已有，至 2026-11-29 09:30" in said(wang.get(f"/search?q={words}&part=1"))
