"""Front-channel logout in Chromium: the page after a sign-out frames mod_auth_openidc, which forgets the stay by the browser alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from govcloud.signon.logout.views import NoticeState
from govcloud.subsystems.changes import ClientChange
from govcloud.subsystems.protocols import OidcSettings
from tests.browser.conftest import chromium
from tests.factories.world import PASSWORD, SEED
from tests.real_clients.conftest import Town

__all__ = ["chromium"]

pytestmark = [pytest.mark.clients, pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
def page(town: Town, chromium: Browser) -> Iterator[Page]:
    """Tell the site by the browser instead of behind its back, and let 王芳 into it."""
    callback = protected(town, "/callback")
    settings = OidcSettings(frontchannel_logout_uri=f"{callback}?logout=get")
    change = ClientChange("Apache", (callback,), (f"https://localhost:{town.ports.oidc}/bye",), settings=settings)
    town.services.subsystems.change_client(SEED, "apache-oidc", change)
    with chromium.new_context(ignore_https_errors=True) as window:
        opened = window.new_page()
        opened.goto(protected(town, "/page"))
        opened.fill("#login", "WANGFANG")
        opened.fill("#password", PASSWORD)
        opened.press("#password", "Enter")
        opened.wait_for_url(protected(town, "/page"))
        yield opened


def protected(town: Town, path: str) -> str:
    return f"https://localhost:{town.ports.oidc}/protected{path}"


def sign_out_at_the_platform(town: Town, page: Page) -> None:
    page.goto(f"{town.issuer}/")
    page.locator("form[action='/sign-out'] button").first.evaluate("button => button.form.requestSubmit(button)")
    page.wait_for_selector("iframe", state="attached")
    page.wait_for_load_state("networkidle")


def test_the_frame_ends_the_stay(town: Town, page: Page) -> None:
    (session,) = town.services.signon.sessions_of(town.world.wang.official_id)
    framed: list[tuple[str, int]] = []
    page.on("response", lambda answer: framed.append((answer.url, answer.status)) if "logout=get" in answer.url else None)
    sign_out_at_the_platform(town, page)
    [(address, status)] = framed
    assert status == 200
    assert "&sid=" in address
    assert "&iss=https%3A%2F%2Flocalhost" in address
    page.goto(protected(town, "/page"))
    assert page.url.startswith(f"{town.issuer}/sign-in")
    [notice] = town.services.logout_queries.of_session(session.session_id)
    assert (notice.client_id, notice.channel, notice.state) == ("apache-oidc", "front_channel", NoticeState.SHOWN)


def test_it_ends_even_where_the_browser_keeps_cookies_from_frames(town: Town, page: Page) -> None:
    """The frame may come without the site's cookie, as browsers have it between sites: then ``iss`` and ``sid`` say which stay it is."""
    context = page.context
    [kept] = [cookie for cookie in context.cookies() if cookie["name"] == "mod_auth_openidc_session"]
    context.clear_cookies(name="mod_auth_openidc_session")
    sign_out_at_the_platform(town, page)
    context.add_cookies([{"name": kept["name"], "value": kept["value"], "url": protected(town, "/page")}])
    page.goto(protected(town, "/page"))
    assert page.url.startswith(f"{town.issuer}/sign-in")
