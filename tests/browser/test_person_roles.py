"""Giving and ending roles in Chromium, on a desk and a phone, in both languages: accessible, in one piece, and without scripts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from govcloud.identity.working_life.orders import Duty, Order
from govcloud.services import Services
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.browser.test_people_pages import sign_in
from tests.factories.world import SEED, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CLERK = "housing_clerk"


@pytest.fixture
def wang(site: Site, services: Services) -> UUID:
    """Return 王芳, with two places in 西湖区民政局, where 孙丽 may give the clerk's role."""
    world = site.world
    give_password(services, world.people["SUNLI"])
    department = world.organisation.ids["xihu_civil_affairs"]
    services.authorization.set_role_ceiling(world.security_admin.actor(), department, [CLERK], "窗口力量调配")
    services.identity.concurrent(SEED, world.wang.official_id, Duty(department, "专班成员"), Order("专班"))
    return world.wang.official_id


def faults(page: Page, name: str) -> list[tuple[str, str]]:
    """Return what is wrong with a page as it stands, and keep its picture."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=ARTEFACTS / f"roles-{name}.png", full_page=True)
    found = [(name, "wider than the window")] if page.evaluate(_OVERFLOW) > 0 else []
    violations = Axe().run(page).response["violations"]
    return [*found, *((name, rule["id"]) for rule in violations if rule["impact"] in {"serious", "critical"})]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_step_on_a_desk_and_a_phone(site: Site, services: Services, wang: UUID, size: tuple[int, int], language: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    until = (services.clock.now() + timedelta(days=60)).date().isoformat()
    own, at = f"/console/officials/details/?id={wang}", f"{language}-{size[0]}"
    with site.window(size, language=language) as window:
        page = sign_in(window, "SUNLI")
        page.goto(f"/console/officials/give-role/{wang}")
        found = faults(page, f"form-{at}")
        page.locator("form.panel-body .button-primary").click()
        found += faults(page, f"wrong-{at}")
        page.select_option("#role_code", CLERK)
        page.fill("#ends_on", until)
        page.fill("#reason", "窗口支援，按规定办理")
        page.locator("form.panel-body .button-primary").click()
        page.wait_for_selector("[name=confirmed]")
        found += faults(page, f"preview-{at}")
        page.locator("[name=confirmed]").click()
        page.wait_for_url(f"**{own}")
        found += faults(page, f"person-{at}")
        page.locator("a[href*='/end-role/']").first.click()
        found += faults(page, f"end-{at}")
        page.goto(f"/console/officials/change/end/{wang}")
        page.select_option("#appointment", index=1)
        page.fill("#reason", "专班解散，按规定办理")
        found += faults(page, f"appointment-{at}")
        page.locator("form.panel-body .button-primary").click()
        page.wait_for_selector("[name=confirmed]")
        found += faults(page, f"appointment-preview-{at}")
        page.goto("/console/departments/")
        found += faults(page, f"departments-{at}")
    assert found == []


def test_a_role_is_given_and_ended_on_a_phone_without_scripts(site: Site, services: Services, wang: UUID) -> None:
    until = (services.clock.now() + timedelta(days=60)).date().isoformat()
    with site.window(PHONE, scripts=False) as window:
        page = sign_in(window, "SUNLI")
        page.goto(f"/console/officials/details/?id={wang}")
        page.get_by_role("link", name="授予角色").click()
        page.select_option("#place", index=1)
        page.get_by_role("button", name="选定").click()
        page.select_option("#role_code", CLERK)
        page.fill("#ends_on", until)
        page.fill("#reason", "窗口支援，按规定办理")
        page.press("#reason", "Tab")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="确认授予").click()
        page.get_by_role("link", name="结束角色住房保障经办").click()
        page.fill("#reason", "支援结束，按规定办理")
        page.get_by_role("button", name="确认结束").click()
        page.wait_for_selector("text=角色已结束，立即生效")
    assert [row.role_code for row in services.authorization_queries.assignments_of(wang)] == ["counter_clerk"]
