"""The pages of clients in Chromium, desk and phone, both languages: the table, one client, its form, the test of its connection."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from govcloud.services import Services
from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looking import complaints, faults
from tests.browser.test_people_pages import sign_in
from tests.factories.world import World, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(300)]

KEEPER = "ZHOUJIANJUN"


@pytest.fixture(autouse=True)
def signing_in(services: Services, world: World) -> None:
    """Let the system officer, who sees every subsystem, sign in."""
    give_password(services, world.people[KEEPER])


def _from_the_table(page: Page) -> str:
    """Go from the table of clients to the page of one, and return its address."""
    page.goto("/console/clients/?search=housing-web")
    page.locator("main tbody a[href*='/client/']").first.click()
    page.wait_for_selector("#ready")
    return page.url


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page(site: Site, size: tuple[int, int], language: str) -> None:
    page, at = sign_in(site.window(size, language=language), KEEPER), f"{size[0]}-{language}"
    minded, found = complaints(page), []
    for name, address in {"table": "/console/clients/", "nothing": "/console/clients/?search=nothing"}.items():
        page.goto(address)
        found += faults(page, f"clients-{name}-{at}")
    here = _from_the_table(page)
    found += faults(page, f"clients-one-{at}")
    for name in ("change", "test", "try"):
        page.goto(here + name)
        found += faults(page, f"clients-{name}-{at}")
    assert found == []
    assert minded == []


def test_a_connection_is_tested_row_by_row(site: Site) -> None:
    page = sign_in(site.window(), KEEPER)
    page.goto(_from_the_table(page) + "test")
    rows = page.locator("[data-probe]").count()
    page.focus("#run")
    page.keyboard.press("Enter")
    expect(page.locator("[data-probed]")).to_have_text(f"已完成 {rows}/{rows}", timeout=60_000)
    assert page.locator("[data-probe]").count() == 0, "every row says what it found"
    assert faults(page, "clients-tested") == []
