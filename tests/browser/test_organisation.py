"""机构 in Chromium: the tree opens in place and by links alone, on a desk and on a phone, accessible and in one piece."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from govcloud.services import Services
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.factories.world import PASSWORD, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]

ADMIN = "ZHOUJIANJUN"
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def console(site: Site, services: Services) -> Site:
    """Return the site with a system administrator who can sign in."""
    give_password(services, site.world.people[ADMIN])
    return site


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_tree_opens_in_place_and_the_pages_are_in_order(console: Site, size: tuple[int, int]) -> None:
    ids = console.world.organisation.ids
    window = console.window(size)
    page = console.sign_in(window, ADMIN)
    page.goto("/console/departments/")
    if size == PHONE:
        assert not page.is_visible(".tree")
        page.focus("#treeswitch")
        page.keyboard.press("Space")
    twisty = page.locator(".twisty[aria-expanded=false]")
    twisty.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=杭州市西湖区民政局")
    assert page.url.endswith("/console/departments/")
    page.click(".tree >> text=杭州市西湖区民政局")
    page.wait_for_selector("h2:has-text('杭州市西湖区民政局')")
    addresses = {
        "department": f"/console/departments/?id={ids['xihu_civil_affairs']}",
        "search": "/console/departments/?search=xhq",
        "merge": f"/console/departments/change/merge/{ids['xihu_civil_affairs']}",
    }
    ARTEFACTS.mkdir(exist_ok=True)
    for name, address in addresses.items():
        page.goto(address)
        assert page.evaluate(_OVERFLOW) == 0, name
        found = [item["id"] for item in Axe().run(page).response["violations"] if item["impact"] in {"serious", "critical"}]
        assert found == [], name
        page.screenshot(path=str(ARTEFACTS / f"organisation-{name}-{size[0]}.png"), full_page=True)
    window.close()


def test_a_department_is_reorganised_without_scripts(console: Site) -> None:
    window = console.window(scripts=False)
    page = window.new_page()
    page.goto("/sign-in")
    page.fill("#login", ADMIN)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.goto("/console/departments/")
    page.click(".twisty[aria-expanded=false]")
    page.click(".tree >> text=杭州市西湖区民政局")
    page.click("text=合并")
    page.fill("#into", "杭州市西湖区住房和城乡建设局")
    page.fill("#reason", "机构改革方案")
    page.click("text=预览影响")
    assert "王芳" in page.inner_text(".note-warning")
    page.click("#confirm")
    assert "杭州市西湖区住房和城乡建设局" in page.inner_text("main h2 >> nth=0")
    assert "来自" in page.inner_text("main")
    window.close()
