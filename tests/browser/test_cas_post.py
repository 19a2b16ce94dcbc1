"""A ticket is posted to a service by a real browser: the page's script presses the button, and its policy lets the form go there."""

from __future__ import annotations

import pytest

from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import CasSettings
from tests.browser.conftest import Site
from tests.factories.receivers import receiving
from tests.factories.world import PASSWORD, SEED

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_ticket_is_posted(site: Site, services: Services, scripts: bool) -> None:  # noqa: FBT001 - a parameter of the test
    with receiving() as service:
        row = NewClient("assistance", "assistance-post", "CAS", services=(f"{service.origin}/app",), settings=CasSettings())
        services.subsystems.register_client(SEED, row)
        page = site.window(scripts=scripts).new_page()
        page.goto(f"/cas/login?method=POST&service={service.origin}/app/in")
        page.fill("#login", "WANGFANG")
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        if not scripts:
            page.click("form[data-send-on] button")
        page.wait_for_url(f"{service.origin}/app/in")
        assert service.last["ticket"].startswith("ST-")
