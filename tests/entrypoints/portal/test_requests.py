"""Asking for access, following the request, taking it back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from govcloud.access.commands import Submitted
from govcloud.services import Services
from tests.factories.browsing import Visitor, said
from tests.factories.world import HANGZHOU, XIHU, World

UNKNOWN = "00000000-0000-7000-8000-000000000000"
HTML = "<img src=x onerror=alert(1)>'; DROP TABLE access_request; --"


def _form(world: World, **changed: str) -> dict[str, str]:
    item = str(world.items["housing:register:read"])
    return {"item": item, "reason": "核对住房情况", "case_number": "XH-1", "days": "5", "scope": XIHU, **changed}


def test_the_catalogue_lists_and_finds(wang: Visitor) -> None:
    assert "查询住房登记信息" in said(wang.get("/requests/new"))
    assert "没有找到可申请的权限" in said(wang.get("/requests/new?q=nothing"))


def test_the_form_says_what_it_opens_who_decides_and_by_when(wang: Visitor, world: World) -> None:
    page = wang.get(f"/requests/new?item={world.items['housing:register:read']}&reason=办理低保&case_number=XH-9")
    text = said(page)
    assert "姓名、证件号码（脱敏）" in text
    assert "浙江省住房和城乡建设厅决定" in text
    assert "不晚于 2026-11-30 09:30" in text
    assert ">办理低保</textarea>" in page.text
    assert 'value="XH-9"' in page.text
    assert re.search(rf'value="{XIHU}" checked', page.text), "one's own county is picked beforehand"
    assert "困难家庭救助一件事" in text


def test_submitting_leads_to_the_request(wang: Visitor, world: World) -> None:
    page = f"/requests/new?item={world.items['housing:register:read']}"
    answer = wang.post("/requests/new", _form(world, reason=HTML), page=page)
    assert answer.status_code == 303, said(answer)
    detail = wang.get(answer.location)
    text = said(detail)
    assert "已提交，由浙江省住房和城乡建设厅的高级管理员决定" in text
    assert "等待浙江省住房和城乡建设厅决定" in text
    assert "<img" not in detail.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in detail.text
    assert "查询住房登记信息" in said(wang.get("/requests"))


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("reason", "  ", "事由：不能为空，请填写。"),
        ("reason", "长" * 1001, "事由：长度应为 1 至 1000 个字符"),
        ("case_number", "", "办件编号"),
        ("days", "", "使用期限：请选择天数。"),
        ("days", "-3", "使用期限：请选择天数。"),
        ("days", "31", "使用期限：期限应为 1 至 30 天"),
        ("scope", "nonsense", "数据范围：请选择一个地区。"),
        ("scope", "other", "数据范围：请选择一个地区。"),
        ("matter_id", UNKNOWN, "所办的一件事：没有这件事，请重新选择。"),
    ],
)
def test_each_wrong_field_is_named_and_nothing_typed_is_lost(wang: Visitor, world: World, field: str, value: str, sentence: str) -> None:
    page = f"/requests/new?item={world.items['housing:register:read']}"
    answer = wang.post("/requests/new", _form(world, **{field: value}), page=page)
    assert answer.status_code == 422
    assert sentence in said(answer)
    assert f'id="{field}-error"' in answer.text or field == "matter_id"
    assert 'href="#' + field in answer.text
    if field != "case_number":
        assert 'value="XH-1"' in answer.text


@pytest.mark.parametrize("item", ["", "nonsense", UNKNOWN])
def test_what_is_not_in_the_catalogue_cannot_be_requested(wang: Visitor, world: World, item: str) -> None:
    assert wang.get("/requests/new", query_string={"item": item}).status_code == 404
    answer = wang.post("/requests/new", _form(world, item=item), page="/requests/new")
    assert answer.status_code == 404
    assert "这项权限不能申请" in said(answer)


def test_asking_twice_names_the_first_request(wang: Visitor, world: World, submitted: Submitted) -> None:
    page = f"/requests/new?item={world.items['housing:register:read']}"
    answer = wang.post("/requests/new", _form(world), page=page)
    assert answer.status_code == 409
    assert submitted.number in said(answer)


def test_a_request_can_be_taken_back_once(wang: Visitor, services: Services, submitted: Submitted) -> None:
    detail = f"/requests/{submitted.request_id}"
    withdraw = f"{detail}/lines/{submitted.line_id}/withdraw"
    assert wang.post(withdraw, {"version": "7"}, page=detail).status_code == 303
    assert "有变化" in said(wang.get(detail))
    assert wang.post(withdraw, {"version": "1"}, page=detail).status_code == 303
    text = said(wang.get(detail))
    assert "申请已撤回" in text
    assert "重新申请" in text
    assert "撤回申请" not in text


def test_strangers_do_not_learn_of_a_request(visitor: Callable[[], Visitor], submitted: Submitted) -> None:
    zhao = visitor().sign_in("ZHAOMIN")
    assert zhao.get(f"/requests/{submitted.request_id}").status_code == 404
    assert zhao.get(f"/inbox/{submitted.line_id}").status_code == 404
    withdraw = f"/requests/{submitted.request_id}/lines/{submitted.line_id}/withdraw"
    assert zhao.post(withdraw, {"version": "1"}, page="/").status_code in {403, 404}


def test_another_division_can_be_picked_from_the_list(wang: Visitor, world: World) -> None:
    page = f"/requests/new?item={world.items['housing:register:read']}"
    answer = wang.post("/requests/new", _form(world, scope="other", scope_other=HANGZHOU), page=page)
    assert answer.status_code == 303
    assert "杭州市" in said(wang.get(answer.location))
