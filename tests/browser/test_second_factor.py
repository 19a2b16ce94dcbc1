"""The second factor in Chromium, on a desk and on a phone, in both languages: set up on the way in, sign in, step up, recover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from govcloud.kernel.clock import ManualClock
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.factories.factors import STEP, code_of
from tests.factories.world import PASSWORD, World

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from govcloud.services import Services

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]

_SERIOUS = {"serious", "critical"}
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
NEW = "Yuhang-2026-river"


def look(page: Page, name: str) -> None:
    """Keep a picture of the page; it must not be wider than the window, nor shut anybody out."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"factor-{name}.png", full_page=True)
    assert page.evaluate(_OVERFLOW) == 0, name
    serious = [item["id"] for item in Axe().run(page).response["violations"] if item["impact"] in _SERIOUS]
    assert serious == [], name


def secret_on(page: Page) -> str:
    return (page.text_content(".secret") or "").replace(" ", "")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_whole_way(  # noqa: PLR0915, PLR0917 - one walk, from set-up to the next password
    site: Site, services: Services, world: World, clock: ManualClock, size: tuple[int, int], language: str
) -> None:
    rules = {"second_factor": "everybody", "password_most_days": 90}
    services.signon_policies.set(world.security_admin.actor(), rules, "等保三级")
    tag = f"{language}-{size[0]}"
    window = site.window(size, language=language)
    errors: list[str] = []
    page = window.new_page()
    page.on("console", lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None)

    def password(word: str = PASSWORD) -> None:
        page.goto("/sign-in?next=/requests")
        page.fill("#login", "WANGFANG")
        page.fill("#password", word)
        page.press("#password", "Enter")
        page.wait_for_selector("#code, #new")

    password()
    look(page, f"set-up-step-{tag}")
    assert page.locator(".qrbox svg path").count() > 0
    secret = secret_on(page)
    page.reload()
    assert secret_on(page) == secret
    page.fill("#code", "000000")
    page.press("#code", "Enter")
    page.wait_for_selector("#error-summary")
    look(page, f"set-up-wrong-{tag}")
    page.fill("#code", code_of(secret, clock))
    page.press("#code", "Enter")
    page.wait_for_selector(".codes")
    look(page, f"recovery-codes-{tag}")
    recovery = page.locator(".codes code").all_text_contents()
    assert len(set(recovery)) == 10
    page.click(".codes + .buttons a")
    page.wait_for_url("**/requests")

    clock.advance(STEP)
    window.clear_cookies(name="govcloud_session")
    password()
    look(page, f"second-step-{tag}")
    page.click("button[name=switch]")
    page.wait_for_selector("[placeholder^=XXXXX]")
    look(page, f"second-step-recovery-{tag}")
    page.fill("#code", recovery[0])
    page.press("#code", "Enter")
    page.wait_for_url("**/requests")
    page.goto("/account")
    look(page, f"account-{tag}")
    assert "9" in page.locator("#second-factor dd").all_text_contents()[2]

    clock.advance(STEP * 31)
    page.click("#second-factor form button")
    page.wait_for_selector("input[name=kept]", state="attached")
    look(page, f"step-up-{tag}")
    page.fill("#code", code_of(secret, clock))
    page.press("#code", "Enter")
    page.wait_for_selector("form[action='/account/recovery-codes']")
    look(page, f"continue-{tag}")
    page.click("form[action='/account/recovery-codes'] button")
    page.wait_for_selector(".codes")
    assert not set(page.locator(".codes code").all_text_contents()) & set(recovery)

    clock.advance(STEP * 2 * 60 * 24 * 91)
    window.clear_cookies(name="govcloud_session")
    password()
    page.fill("#code", code_of(secret, clock))
    page.press("#code", "Enter")
    page.wait_for_selector("#new")
    page.fill("#new", "wangfang")
    assert page.locator(".rules .kept").count() == 0
    page.fill("#new", NEW)
    assert page.locator(".rules .kept").count() == 3
    look(page, f"new-password-{tag}")
    page.fill("#again", NEW)
    page.press("#again", "Enter")
    page.wait_for_url("**/requests")
    assert errors == []
    window.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_passwords_and_activation_without_scripts(site: Site, size: tuple[int, int]) -> None:
    """The rules stand there to be read, whether or not a script ticks them off."""
    window = site.window(size, scripts=False)
    page = window.new_page()
    page.goto("/activate")
    assert page.locator(".rules li").count() == 5
    page.screenshot(path=ARTEFACTS / f"factor-activate-{size[0]}.png", full_page=True)
    window.close()
