"""Debian's mod_auth_cas, unmodified: sign-in, the person's code, single logout, all behind TLS."""

from __future__ import annotations

import pytest

from tests.real_clients.conftest import Town

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120), pytest.mark.usefixtures("trusting")]


def protected(town: Town) -> str:
    return f"https://localhost:{town.ports.cas}/protected/page"


def test_who_signs_in_on_the_platform_is_let_in(town: Town) -> None:
    browser = town.browser()
    answer = browser.open(protected(town), "WANGFANG")
    assert answer.status_code == 200, answer.text[:500]
    assert answer.json()["headers"]["Cas-User"] == "WANGFANG"
    assert browser.open(protected(town)).json()["path"] == "/protected/page"


def test_one_sign_in_opens_both_sites(town: Town) -> None:
    browser = town.browser()
    assert browser.open(protected(town), "WANGFANG").status_code == 200
    other = browser.open(f"https://localhost:{town.ports.oidc}/protected/page")
    assert other.json()["headers"]["X-User"] == "WANGFANG"


def test_signing_out_on_the_platform_ends_the_stay_without_the_browser(town: Town) -> None:
    browser = town.browser()
    assert browser.open(protected(town), "WANGFANG").status_code == 200
    (session,) = town.services.signon.sessions_of(town.world.wang.official_id)
    town.services.signon.sign_out(town.world.wang.actor(), session.session_id)
    town.deliver()
    assert str(browser.open(protected(town)).url).startswith(f"{town.issuer}/sign-in")


def test_signing_out_at_the_other_site_ends_the_stay_here(town: Town) -> None:
    browser = town.browser()
    browser.open(protected(town), "WANGFANG")
    browser.open(f"https://localhost:{town.ports.oidc}/protected/page")
    bye = f"https://localhost:{town.ports.oidc}/bye"
    browser.open(f"https://localhost:{town.ports.oidc}/protected/callback?logout={bye}")
    town.deliver()
    assert str(browser.open(protected(town)).url).startswith(f"{town.issuer}/sign-in")
