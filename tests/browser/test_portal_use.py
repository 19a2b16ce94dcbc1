"""Using the portal: by keyboard alone, without scripts, and in few clicks."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, expect

from govcloud.access.commands import Submitted
from govcloud.services import Services
from tests.browser.conftest import DESK, PHONE, Site
from tests.factories.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_signing_in_by_keyboard(site: Site) -> None:
    page = site.window().new_page()
    page.goto("/sign-in")
    expect(page.locator("#login")).to_be_focused()
    page.keyboard.type("WANGFANG")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("账号或密码不正确")
    page.locator("#password").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("工作台")


def test_the_first_tab_stop_skips_to_the_content(site: Site) -> None:
    page = site.sign_in(site.window(), "WANGFANG")
    page.goto("/requests")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("跳到正文")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_ctrl_k_searches_as_one_types(site: Site) -> None:
    page = site.sign_in(site.window(), "WANGFANG")
    page.keyboard.press("Control+k")
    page.keyboard.type("查询住房登记")
    first = page.locator(".found a").first
    expect(first).to_contain_text("查询住房登记信息")
    page.keyboard.press("ArrowDown")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("查询住房登记信息")


def test_the_cards_are_narrowed_while_one_types(site: Site) -> None:
    page = site.sign_in(site.window(), "WANGFANG")
    page.fill("#filter", "zfbz")
    expect(page.locator(".card:visible")).to_have_count(1)
    page.fill("#filter", "没有这个")
    expect(page.get_by_text("没有符合条件的子系统")).to_be_visible()


def test_menus_close_on_escape_and_elsewhere(site: Site) -> None:
    page = site.sign_in(site.window(), "WANGFANG")
    page.locator("header summary").click()
    expect(page.get_by_role("link", name="更换任职")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="更换任职")).to_be_hidden()
    page.locator("header summary").click()
    page.locator("h1").click()
    expect(page.get_by_role("link", name="更换任职")).to_be_hidden()


def test_a_routine_approval_takes_two_clicks_from_the_inbox(site: Site, submitted: Submitted) -> None:
    page = site.sign_in(site.window(), "LIQIANG")
    page.goto("/inbox")
    page.get_by_role("link", name="审批 王芳").click()
    page.get_by_role("button", name="按申请同意").click()
    expect(page.get_by_role("status")).to_contain_text("已同意，权限即刻生效")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_without_scripts_one_signs_in_requests_and_decides(site: Site, size: tuple[int, int]) -> None:
    page = site.sign_in(site.window(size, scripts=False), "WANGFANG")
    page.goto("/requests/new")
    page.get_by_role("link", name="查询住房登记信息").click()
    page.fill("#reason", "核对住房情况")
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("alert")).to_contain_text("办件编号")
    page.fill("#case_number", "XH-1")
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("status")).to_contain_text("已提交")
    page = site.sign_in(site.window(size, scripts=False), "LIQIANG")
    page.goto("/inbox")
    page.get_by_role("link", name="审批 王芳").click()
    page.get_by_text("缩小范围或期限后同意").click()
    page.fill("#days", "2")
    page.get_by_role("button", name="缩小后同意").click()
    expect(page.get_by_role("status")).to_contain_text("已同意")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_without_scripts_lines_are_returned_mended_and_decided_together(site: Site, submitted: Submitted, size: tuple[int, int]) -> None:
    li = site.sign_in(site.window(size, scripts=False), "LIQIANG")
    li.goto(f"/inbox/{submitted.line_id}")
    li.locator("summary", has_text="退回补正").click()
    li.fill("#missing", "请附救助对象名单")
    li.get_by_role("button", name="退回补正").click()
    expect(li.get_by_role("status")).to_contain_text("已退回补正")
    wang = site.sign_in(site.window(size, scripts=False), "WANGFANG")
    wang.goto(f"/requests/{submitted.request_id}")
    wang.fill("#days", "4")
    wang.get_by_role("button", name="补正后重新提交").click()
    expect(wang.get_by_role("status")).to_contain_text("已重新提交")
    li.goto("/inbox")
    li.get_by_role("checkbox").first.check()
    li.get_by_role("button", name="批量审批所选").click()
    li.get_by_role("button", name="全部按申请同意").click()
    expect(li.get_by_role("heading", name="批量审批结果")).to_be_visible()
    expect(li.get_by_text("已同意")).to_be_visible()


def test_an_error_summary_takes_the_focus_and_leads_to_the_field(site: Site) -> None:
    page = site.sign_in(site.window(), "WANGFANG")
    page.goto(f"/requests/new?item={site.world.items['housing:register:read']}")
    page.get_by_role("button", name="提交申请").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_role("alert").get_by_role("link", name="事由").click()
    expect(page.locator("#reason")).to_be_focused()


def test_a_form_is_sent_once(site: Site, submitted: Submitted) -> None:
    page = site.sign_in(site.window(), "LIQIANG")
    page.goto(f"/inbox/{submitted.line_id}")
    page.get_by_role("button", name="按申请同意").dblclick()
    expect(page.get_by_role("status")).to_contain_text("已同意")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_without_scripts_two_items_are_asked_for_with_a_colleague_in_one_go(site: Site, size: tuple[int, int]) -> None:
    page = site.sign_in(site.window(size, scripts=False), "WANGFANG")
    page.goto("/requests/new")
    page.get_by_role("button", name="放入清单：查询住房登记信息").click()
    expect(page.get_by_role("status")).to_contain_text("已放入申请清单，共 1 项")
    page.fill("#find", "jzaj")
    page.get_by_role("button", name="查询", exact=True).click()
    page.get_by_role("button", name="放入清单：查看救助案件").first.click()
    page.get_by_role("link", name="申请清单（2）").click()
    page.fill("#find", "sunli")
    page.get_by_role("button", name="查找同事").click()
    page.get_by_role("button", name="加入：孙丽").click()
    page.fill("#reason", "办理困难家庭救助")
    page.fill("#case_number", "XH-1")
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("核对申请")
    expect(page.get_by_text("浙江省民政厅的高级管理员")).to_be_visible()
    page.set_input_files("#files", FilePayload(name="核对表.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7"))
    page.get_by_role("button", name="确认提交").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("一起提交的申请")
    expect(page.get_by_text("使用人 孙丽")).to_be_visible()


def test_a_refused_request_is_sent_anew_in_three_clicks(site: Site, services: Services, submitted: Submitted) -> None:
    services.access.reject(site.world.li.actor(), submitted.line_id, 1, "other", "请补充")
    page = site.sign_in(site.window(), "WANGFANG")
    page.goto(f"/requests/{submitted.request_id}")
    page.get_by_role("link", name="重新申请").click()
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="确认提交").dblclick()
    expect(page.get_by_role("status")).to_contain_text("已提交 1 项申请")
    assert len(services.access_queries.my_requests(site.world.wang.official_id).entries) == len(("refused", "anew"))


def test_enter_in_a_field_checks_and_takes_nothing_out(site: Site) -> None:
    page = site.sign_in(site.window(), "WANGFANG")
    page.goto(f"/requests/matter/{site.world.matter_id}")
    page.fill("#reason", "办理困难家庭救助")
    page.fill("#case_number", "XH-1")
    page.locator("#case_number").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("核对申请")
