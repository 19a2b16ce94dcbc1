"""令牌签名密钥 in Chromium: rotated without scripts; every page in order on a desk and a phone, in both languages."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from govcloud.services import Services
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.browser.test_onboarding import enter
from tests.factories.world import SEED, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(300)]

OFFICER = "WUXIAOYAN"
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def console(site: Site, services: Services) -> Site:
    """Return the site with keys, and the security officer."""
    services.key_rotation.ensure(SEED)
    give_password(services, site.world.people[OFFICER])
    return site


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_are_in_order(console: Site, size: tuple[int, int], language: str) -> None:
    window = console.window(size, language=language)
    page = enter(window, OFFICER)
    page.wait_for_selector(".tiles")
    ARTEFACTS.mkdir(exist_ok=True)
    for name, address in {"list": "/console/keys/", "replace": "/console/keys/act/replace", "rotate": "/console/keys/act/rotate"}.items():
        page.goto(address)
        page.screenshot(path=str(ARTEFACTS / f"keys-{name}-{size[0]}-{language}.png"), full_page=True)
        assert page.evaluate(_OVERFLOW) == 0, name
        found = [item["id"] for item in Axe().run(page).response["violations"] if item["impact"] in {"serious", "critical"}]
        assert found == [], name
    page.click("#confirm")
    page.screenshot(path=str(ARTEFACTS / f"keys-rotated-{size[0]}-{language}.png"), full_page=True)
    assert page.query_selector(".badge-primary") is not None, "a key waits"
    window.close()


def test_keys_are_rotated_without_scripts(console: Site, services: Services) -> None:
    before = len(services.keys.standing())
    window = console.window(scripts=False)
    page = enter(window, OFFICER)
    page.goto("/console/keys/")
    page.click(".pagehead a.button-primary")
    assert "分钟后开始签名" in page.inner_text("main")
    page.click("#confirm")
    assert "已公布，待签名" in page.inner_text("main")
    assert len(services.keys.standing()) > before
    window.close()
