"""Sign-out at any of them is sign-out at all: Apache's modules for OpenID Connect and CAS, and nginx before an application of neither."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import pytest

from govcloud.signon.logout.views import NoticeState
from tests.real_clients.conftest import Browser, Town

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120), pytest.mark.usefixtures("trusting")]

Pages = Mapping[str, str]
Start = Callable[[Town, Browser, Pages], object]


@pytest.fixture
def pages(town: Town, behind_nginx: str) -> Pages:
    """Return a page of each of them."""
    apache = {name: f"https://localhost:{port}/protected/page" for name, port in (("oidc", town.ports.oidc), ("cas", town.ports.cas))}
    return apache | {"nginx": f"{behind_nginx}/page"}


def at_the_platform(town: Town, browser: Browser, _pages: Pages) -> None:
    browser.press(browser.open(f"{town.issuer}/"), "/sign-out")


def at_mod_auth_openidc(town: Town, browser: Browser, _pages: Pages) -> None:
    here = f"https://localhost:{town.ports.oidc}"
    browser.open(f"{here}/protected/callback?{urlencode({'logout': f'{here}/bye'})}")


def at_mod_auth_cas(town: Town, browser: Browser, pages: Pages) -> None:
    """The module has no address for it: an application links to the platform."""
    browser.open(f"{town.issuer}/cas/logout?{urlencode({'service': pages['cas']})}")


def at_nginx(_town: Town, browser: Browser, pages: Pages) -> None:
    browser.client.get(f"{pages['nginx'].removesuffix('/page')}/.govcloud/sign-out", headers={"Sec-Fetch-Site": "same-origin"})


STARTS: Mapping[str, Start] = {
    "platform": at_the_platform,
    "mod_auth_openidc": at_mod_auth_openidc,
    "mod_auth_cas": at_mod_auth_cas,
    "nginx": at_nginx,
}


@pytest.mark.parametrize("start", STARTS)
def test_sign_out_at_one_reaches_all(town: Town, pages: Pages, start: str) -> None:
    browser = town.browser()
    browser.open(pages["oidc"], "WANGFANG")
    for name, address in pages.items():
        assert browser.open(address).json()["path"].endswith("/page"), name
    (session,) = town.services.signon.sessions_of(town.world.wang.official_id)

    STARTS[start](town, browser, pages)
    town.deliver()

    assert town.services.signon.sessions_of(town.world.wang.official_id) == ()
    for name, address in pages.items():
        assert browser.asked(browser.open(address)), name
    told = {notice.client_id: notice.state for notice in town.services.logout_queries.of_session(session.session_id)}
    # Nobody has to be told behind nginx, which asks at each request.
    assert told == {"apache-oidc": NoticeState.ACKNOWLEDGED, "apache-cas": NoticeState.ACKNOWLEDGED, "legacy-web": NoticeState.NONE}
