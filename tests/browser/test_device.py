"""Letting a device in, in a real browser: two forms, without a script, on a desk and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from govcloud.kernel.actor import Actor
from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, DEVICE_CODE, PUBLIC, OidcSettings
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.factories.world import PASSWORD, SEED, World

_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.browser
@pytest.mark.clients
@pytest.mark.parametrize(("size", "language"), [(DESK, "zh-CN"), (PHONE, "en")], ids=["desk", "phone"])
def test_a_device_is_let_in(site: Site, services: Services, world: World, size: tuple[int, int], language: str) -> None:
    settings = OidcSettings(grant_types=(AUTHORIZATION_CODE, DEVICE_CODE))
    row = NewClient("assistance", "assistance-screen", "大厅叫号屏", ("https://screen.example/cb",), auth_method=PUBLIC, settings=settings)
    services.subsystems.register_client(SEED, row)
    client = services.subsystem_queries.client_by_client_id("assistance-screen")
    assert client is not None
    device = Actor.subsystem(client.client_id, client.name, source_address="10.33.6.18")
    codes = services.devices.begin(device, client, "openid profile")
    window = site.window(size, language=language, scripts=False)
    page = window.new_page()
    page.goto(f"/device?user_code={codes.user_code}")
    page.fill("#login", "WANGFANG")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("#user_code")
    assert page.input_value("#user_code") == codes.user_code
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"portal-device-{size[0]}-{language}.png")
    page.press("#user_code", "Enter")
    page.wait_for_selector("[value=approve]")
    assert page.evaluate(_WIDER) == 0
    page.screenshot(path=ARTEFACTS / f"portal-device-decision-{size[0]}-{language}.png")
    with site.window(size, language=language) as scripted:  # axe needs scripts
        scripted.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": site.address} for cookie in window.cookies()])
        looked = scripted.new_page()
        looked.goto("/device")
        looked.fill("#user_code", codes.user_code)
        looked.press("#user_code", "Enter")
        looked.wait_for_selector("[value=approve]")
        violations = Axe().run(looked).response["violations"]
        assert [found["id"] for found in violations if found["impact"] in {"serious", "critical"}] == []
    page.click("[value=approve]")
    page.wait_for_selector(".flashes")
    assert services.devices.redeem(device, client, codes.device_code).access_token
    window.close()
