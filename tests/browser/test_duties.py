"""Duty rules, ceilings and the reasons of access in Chromium: preview, confirm, see the effect; on a desk, on a phone, without scripts."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from govcloud.authorization.deciding.decisions import Question
from govcloud.services import Services
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.factories.world import World, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]
_SERIOUS = {"serious", "critical"}
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(autouse=True)
def signing_in(services: Services, world: World) -> None:
    """Let the security administrator and 孙丽, who administers a department, sign in."""
    for login in ("WUXIAOYAN", "SUNLI"):
        give_password(services, world.people[login])


def look(page: Page, name: str, size: tuple[int, int]) -> None:
    """Keep a picture, and find what axe minds and what is wider than the window."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=ARTEFACTS / f"duties-{name}-{size[0]}.png", full_page=True)
    assert page.evaluate(_OVERFLOW) <= 0, name
    found = [item["id"] for item in Axe().run(page).response["violations"] if item["impact"] in _SERIOUS]
    assert not found, name


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_rule_is_previewed_confirmed_changed_and_ended(site: Site, world: World, services: Services, size: tuple[int, int]) -> None:
    page = site.sign_in(site.window(size), "WUXIAOYAN")
    page.goto("/console/duties/new/")
    page.select_option("#role_code", "housing_clerk")
    page.fill("#label", "民政窗口兼办住房查询")
    page.fill("#positions", "窗口受理员、帮办代办员")
    page.fill("#business_lines", "民政")
    page.check("text=县级")
    page.fill("#reason", "一窗通办")
    look(page, "form", size)
    page.click("text=试算影响")
    expect(page.locator(".note")).to_contain_text("其中 2 个将新获得这个角色，0 个将失去")
    expect(page.locator("main")).to_contain_text("单雪梅")
    look(page, "preview", size)
    page.click("text=返回修改")
    expect(page.locator("#positions")).to_have_value("窗口受理员、帮办代办员")
    page.click("text=试算影响")
    page.click("#confirm")
    expect(page.locator(".flashes")).to_contain_text("岗位规则已保存")
    look(page, "list", size)
    assert services.authorization.decide(_question(world)).allowed
    page.click("text=变更")
    page.fill("#division_code", "330106000000")
    page.fill("#reason", "先在西湖区试行")
    page.click("text=试算影响")
    expect(page.locator(".note")).to_contain_text("0 个将新获得这个角色，1 个将失去")
    page.click("#confirm")
    page.click(".table .actions >> text=结束")
    expect(page.locator("main")).to_contain_text("王芳")
    look(page, "end", size)
    page.fill("#reason", "试行已经结束")
    page.click("#confirm")
    assert not services.authorization.decide(_question(world)).allowed


def test_what_is_wrong_stands_on_its_field_without_scripts(site: Site) -> None:
    with_scripts = site.window()
    site.sign_in(with_scripts, "WUXIAOYAN")
    window = site.window(scripts=False)
    window.add_cookies(with_scripts.cookies())  # type: ignore[arg-type]
    page = window.new_page()
    page.goto("/console/duties/new/")
    page.select_option("#role_code", "senior_admin")
    page.fill("#department_id", "没有这个局")
    page.click("text=试算影响")
    expect(page.locator("#department_id-error")).to_contain_text("没有这个名称")
    page.fill("#department_id", "杭州市西湖区民政局")
    page.click("text=试算影响")
    for name in ("bound", "label", "reason"):
        expect(page.locator(f"#{name}-error")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_ceiling_is_set_and_the_reasons_are_shown(site: Site, size: tuple[int, int]) -> None:
    page = site.sign_in(site.window(size), "WUXIAOYAN")
    page.goto("/console/ceilings/?search=西湖区民政局")
    look(page, "ceilings-search", size)
    page.click(".table .actions a")
    page.check("text=只许授予下列角色")
    page.check("text=住房保障经办")
    page.fill("#reason", "窗口力量调配")
    look(page, "ceiling", size)
    page.click("text=保存")
    expect(page.locator(".table")).to_contain_text("住房保障经办")
    look(page, "ceilings", size)
    page.goto("/console/access/?code=WANGFANG")
    expect(page.locator("main")).to_contain_text("单独授予")
    look(page, "access", size)


def test_an_administrator_of_a_department_sees_the_own_people_only(site: Site) -> None:
    page = site.sign_in(site.window(), "SUNLI")
    page.goto("/console/access/?code=WANGFANG")
    expect(page.locator("main")).to_contain_text("民政救助业务系统")
    refused = page.goto("/console/access/?code=LIQIANG")
    assert refused is not None
    assert refused.status == 403
    page.goto("/console/ceilings/?search=住房")
    expect(page.locator("main")).not_to_contain_text("住房和城乡建设厅")
    refused = page.goto("/console/duties/")
    assert refused is not None
    assert refused.status == 403


def _question(world: World) -> Question:
    return Question("housing:register:read", world.wang.appointment_id)
