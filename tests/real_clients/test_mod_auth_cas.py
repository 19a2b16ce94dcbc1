"""Debian's mod_auth_cas, unmodified: sign-in, attributes, renew, gateway, single logout, all behind TLS."""

from __future__ import annotations

import pytest

from tests.factories.world import XIHU, YUHANG
from tests.real_clients.conftest import Town

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120), pytest.mark.usefixtures("trusting")]


def at(town: Town, path: str) -> str:
    return f"https://localhost:{town.ports.cas}{path}"


def protected(town: Town) -> str:
    return at(town, "/protected/page")


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


def test_what_the_platform_tells_of_a_person_reaches_the_application_and_opens_places(town: Town) -> None:
    browser = town.browser()
    headers = browser.open(protected(town), "WANGFANG").json()["headers"]
    assert headers["Cas-Employee-Code"] == "WANGFANG"
    assert headers["Cas-Division"] == XIHU
    # WSGI gives headers as Latin-1, whatever they were.
    assert headers["Cas-Name"].encode("latin-1").decode() == "王芳"
    assert browser.open(at(town, "/xihu/cases")).json()["path"] == "/xihu/cases"
    assert browser.open(at(town, "/yuhang/cases")).status_code == 401


def test_attributes_that_a_browser_makes_up_do_not_arrive(town: Town) -> None:
    browser = town.browser()
    browser.open(protected(town), "WANGFANG")
    forged = browser.client.get(protected(town), headers={"CAS-Division": YUHANG, "CAS-User": "root", "CAS-Rank": "root"})
    arrived = forged.json()["headers"]
    assert (arrived["Cas-Division"], arrived["Cas-User"]) == (XIHU, "WANGFANG")
    assert "Cas-Rank" not in arrived


def test_renew_asks_whoever_is_signed_in_already(town: Town) -> None:
    browser = town.browser()
    browser.open(protected(town), "WANGFANG")
    asked = browser.open(at(town, "/anew"))
    assert browser.asked(asked)
    entered = browser.open(at(town, "/anew"), "WANGFANG")
    assert entered.json()["headers"]["Cas-User"] == "WANGFANG"
    # It is the same session, and the page that was open before stays so.
    assert len(town.services.signon.sessions_of(town.world.wang.official_id)) == 1
    assert browser.open(protected(town)).json()["path"] == "/protected/page"


def test_gateway_lets_nobody_in_without_a_name_and_greets_who_is_signed_in(town: Town) -> None:
    nobody = town.browser().open(at(town, "/lobby"))
    assert nobody.json()["path"] == "/lobby"
    assert "Cas-User" not in nobody.json()["headers"]
    browser = town.browser()
    browser.open(f"{town.issuer}/", "WANGFANG")
    greeted = browser.open(at(town, "/lobby"))
    assert greeted.json()["headers"]["Cas-User"] == "WANGFANG"


def test_gateway_shows_no_page_to_whom_the_door_is_closed(town: Town) -> None:
    browser = town.browser()
    browser.open(f"{town.issuer}/", "LIQIANG")
    refused = browser.open(at(town, "/lobby"))
    assert refused.json()["path"] == "/lobby"
    assert "Cas-User" not in refused.json()["headers"]
