"""Front-channel logout in Chromium: wherever a session ends in it, the page after that frames mod_auth_openidc, which forgets the stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlencode

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

Start = Callable[[Town, Page, str], None]


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
        sign_in(opened, "WANGFANG")
        opened.wait_for_url(protected(town, "/page"))
        yield opened


def protected(town: Town, path: str) -> str:
    return f"https://localhost:{town.ports.oidc}/protected{path}"


def sign_in(page: Page, login: str) -> None:
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def sign_out_at_the_platform(town: Town, page: Page, _behind_nginx: str = "") -> None:
    page.goto(f"{town.issuer}/")
    page.locator("form[action='/sign-out'] button").first.evaluate("button => button.form.requestSubmit(button)")
    frames_loaded(page)


def frames_loaded(page: Page) -> None:
    page.wait_for_selector("iframe", state="attached")
    page.wait_for_load_state("networkidle")


def sign_out_at_the_cas_site(town: Town, page: Page, _behind_nginx: str) -> None:
    """Go through the CAS site and to where its application links, and on to where that wants to go."""
    service = f"https://localhost:{town.ports.cas}/protected/page"
    page.goto(service)
    page.goto(f"{town.issuer}/cas/logout?{urlencode({'service': service})}")
    frames_loaded(page)
    # Nobody has told mod_auth_cas yet, so it is where the page goes on to.
    page.wait_for_url(service)


def sign_out_behind_nginx(town: Town, page: Page, behind_nginx: str) -> None:
    """Click a link of the application, whose origin is another site: the platform's cookie is not sent there."""
    page.goto(f"{behind_nginx}/page")
    page.evaluate("location.href = '/.govcloud/sign-out'")
    page.wait_for_url(f"{town.issuer}/forward-auth/signed-out")
    frames_loaded(page)


def sign_out_by_a_form_of_another_site(town: Town, page: Page, _behind_nginx: str) -> None:
    """Post to the end-session endpoint from 127.0.0.1, which is no site of localhost: the form comes without the session's cookie."""
    page.goto(protected(town, "/page"))
    hint = json.loads(page.inner_text("body"))["headers"]["X-Id-Token"]
    page.goto(f"https://127.0.0.1:{town.ports.oidc}/elsewhere")
    back = f"https://localhost:{town.ports.oidc}/bye"
    page.evaluate(
        """([action, fields]) => {
          const form = document.body.appendChild(Object.assign(document.createElement("form"), { action, method: "post" }));
          for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { name, value }));
          form.submit();
        }""",
        [f"{town.issuer}/oidc/logout", {"id_token_hint": hint, "post_logout_redirect_uri": back, "state": "s-1"}],
    )
    page.wait_for_url(f"{town.issuer}/oidc/logout?**")
    frames_loaded(page)
    page.wait_for_url(f"{back}?state=s-1")


def sign_in_as_somebody_else(town: Town, page: Page, _behind_nginx: str) -> None:
    page.goto(f"{town.issuer}/sign-in?next=/account")
    sign_in(page, "LIQIANG")
    frames_loaded(page)
    page.wait_for_url(f"{town.issuer}/account")


STARTS: Mapping[str, Start] = {
    "platform": sign_out_at_the_platform,
    "cas": sign_out_at_the_cas_site,
    "nginx": sign_out_behind_nginx,
    "form": sign_out_by_a_form_of_another_site,
    "replaced": sign_in_as_somebody_else,
}


@pytest.mark.parametrize("start", STARTS)
def test_the_frame_ends_the_stay_wherever_it_starts(town: Town, page: Page, behind_nginx: str, start: str) -> None:
    (session,) = town.services.signon.sessions_of(town.world.wang.official_id)
    framed: list[tuple[str, int]] = []
    page.on("response", lambda answer: framed.append((answer.url, answer.status)) if "logout=get" in answer.url else None)
    STARTS[start](town, page, behind_nginx)
    [(address, status)] = framed
    assert status == 200
    assert "&sid=" in address
    assert "&iss=https%3A%2F%2Flocalhost" in address
    assert town.services.signon.sessions_of(town.world.wang.official_id) == ()
    answer = page.goto(protected(town, "/page"))
    assert answer is not None
    # Whoever signed in meanwhile is asked about at the platform's door; everybody else is asked who they are.
    assert page.url.startswith(f"{town.issuer}/{'oidc/authorize' if start == 'replaced' else 'sign-in'}"), page.url
    assert "WANGFANG" not in page.inner_text("body")
    states = {notice.client_id: (notice.channel, notice.state) for notice in town.services.logout_queries.of_session(session.session_id)}
    assert states["apache-oidc"] == ("front_channel", NoticeState.SHOWN)


def test_it_ends_even_where_the_browser_keeps_cookies_from_frames(town: Town, page: Page) -> None:
    """The frame may come without the site's cookie, as browsers have it between sites: then ``iss`` and ``sid`` say which stay it is."""
    context = page.context
    [kept] = [cookie for cookie in context.cookies() if cookie["name"] == "mod_auth_openidc_session"]
    context.clear_cookies(name="mod_auth_openidc_session")
    sign_out_at_the_platform(town, page)
    context.add_cookies([{"name": kept["name"], "value": kept["value"], "url": protected(town, "/page")}])
    page.goto(protected(town, "/page"))
    assert page.url.startswith(f"{town.issuer}/sign-in")
