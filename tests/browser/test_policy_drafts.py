"""A policy changed in Chromium by two officers: draft, impact by name, submit, approve, in force; on a desk and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.drafting.drafts import TITLE_MOST
from govcloud.services import Services
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.browser.looking import complaints, faults
from tests.factories.policies import drafted, install, province_policy, second_officer
from tests.factories.world import World, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]
_SERIOUS = {"serious", "critical"}
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FEWER = "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter', 'housing:guide:read']}]}}"


@pytest.fixture(autouse=True)
def signing_in(services: Services, world: World) -> None:
    """Make a second security officer, and let both sign in."""
    second_officer(services, world)
    for login in ("WUXIAOYAN", "HEWEI"):
        give_password(services, world.people[login])


def look(page: Page, name: str, size: tuple[int, int]) -> None:
    """Keep a picture, and find what axe minds and what is wider than the window."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=ARTEFACTS / f"policy-{name}-{size[0]}.png", full_page=True)
    assert page.evaluate(_OVERFLOW) <= 0, name
    found = [(item["id"], item["nodes"][0]["html"][:200]) for item in Axe().run(page).response["violations"] if item["impact"] in _SERIOUS]
    assert not found, (name, found)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_policy_is_changed_by_two_officers(site: Site, world: World, services: Services, size: tuple[int, int]) -> None:
    maker = site.sign_in(site.window(size), "WUXIAOYAN")
    maker.goto("/console/policy_drafts/")
    look(maker, "empty", size)
    maker.click("a:has-text('新建草稿')")
    maker.fill("#title", "收回住房登记查询")
    maker.fill("#reason", "岗位职责调整")
    maker.fill("#text", province_policy().text.replace("scope: own_division", "scope: everywhere", 1))
    maker.click("button:has-text('保存草稿')")
    expect(maker.locator(".note-danger")).to_contain_text("正文有")
    look(maker, "findings", size)
    maker.fill("#text", province_policy(FEWER).text)
    maker.click("button:has-text('保存草稿')")
    maker.click("button:has-text('试算影响')")
    expect(maker.locator("main")).to_contain_text("查询住房登记信息")
    look(maker, "draft", size)
    maker.click("a:has-text('看名单')")
    expect(maker.locator("main")).to_contain_text("陈杰")
    look(maker, "people", size)
    maker.go_back()
    maker.click(".pagehead a:has-text('正文')")
    look(maker, "text", size)
    maker.go_back()
    maker.click("button:has-text('提交批准')")
    expect(maker.locator(".flashes")).to_contain_text("等待另一位安全管理员批准")
    checker = site.sign_in(site.window(size), "HEWEI")
    checker.goto("/console/policy_drafts/")
    look(checker, "list", size)
    checker.click("td a:has-text('收回住房登记查询')")
    checker.fill("#comment", "同意")
    look(checker, "review", size)
    checker.click("form button:has-text('批准')")
    expect(checker.locator(".flashes")).to_contain_text("已批准")
    checker.click("button:has-text('使其生效')")
    expect(checker.locator(".flashes")).to_contain_text("第 2 版策略已生效")
    look(checker, "applied", size)
    assert not services.authorization.decide(Question("housing:register:read", world.people["CHENJIE"].appointment_id)).allowed


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_one_rule_is_drafted_with_its_impact(site: Site, size: tuple[int, int]) -> None:
    page = site.sign_in(site.window(size), "WUXIAOYAN")
    page.goto("/console/policy_drafts/rule?role=housing_clerk")
    page.fill("#functions", "housing:register:export")
    page.fill("#scope", "own_division")
    page.click("button:has-text('试算影响')")
    expect(page.locator("main")).to_contain_text("陈杰")
    look(page, "rule", size)
    page.fill("#title", "开放导出")
    page.fill("#reason", "业务需要")
    page.click("button:has-text('保存草稿')")
    expect(page.locator(".flashes")).to_contain_text("草稿已保存")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_around_drafts_are_in_order(site: Site, world: World, services: Services, size: tuple[int, int], language: str) -> None:
    """Versions with a way back, rules and roles with a way to draft a change of one, what is over, what nobody may take up."""
    install(services, province_policy(FEWER))
    longest = drafted(services, world.security_admin, province_policy().text, title="收" * TITLE_MOST)
    page, at = site.sign_in(site.window(size, language=language), "WUXIAOYAN"), f"{size[0]}-{language}"
    minded, found = complaints(page), []
    addresses = {
        "versions": "/console/policy_drafts/",
        "over": "/console/policy_drafts/?over=1",
        "rollback": "/console/policy_drafts/rollback/1",
        "new": "/console/policy_drafts/new",
        "longest": f"/console/policy_drafts/{longest}",
        "edit": f"/console/policy_drafts/{longest}/edit",
        "rules": "/console/policies/?search=housing_clerk",
        "roles": "/console/roles/",
        "duties": "/console/duties/",
    }
    for name, address in addresses.items():
        page.goto(address)
        found += faults(page, f"policy-{name}-{at}")
    page.goto(addresses["rules"])
    page.locator("main tbody a[href*='/drop/']").first.click()
    found += faults(page, f"policy-drop-{at}")
    assert found == []
    assert minded == []
