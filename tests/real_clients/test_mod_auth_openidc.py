"""Debian's mod_auth_openidc, unmodified: sign-in, claims, refreshing, sign-out from both sides, all behind TLS."""

from __future__ import annotations

import pytest

from tests.real_clients.conftest import Town

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120), pytest.mark.usefixtures("trusting")]


def protected(town: Town) -> str:
    return f"https://localhost:{town.ports.oidc}/protected/page"


def test_who_signs_in_on_the_platform_is_let_in_with_claims(town: Town) -> None:
    browser = town.browser()
    answer = browser.open(protected(town), "WANGFANG")
    assert answer.status_code == 200, answer.text[:500]
    headers = answer.json()["headers"]
    assert headers["X-User"] == "WANGFANG"
    assert headers["X-Issuer"] == town.issuer
    assert headers["X-Sid"]
    assert browser.open(protected(town)).json()["path"] == "/protected/page"


@pytest.mark.parametrize("response_mode", ["form_post"])
def test_the_answer_comes_by_form(town: Town) -> None:
    browser = town.browser()
    form = browser.open(protected(town), "WANGFANG")
    assert str(form.url).startswith(f"{town.issuer}/oidc/authorize")
    entered = browser.press(form, f"https://localhost:{town.ports.oidc}/protected/callback")
    assert str(entered.url) == protected(town)
    assert entered.json()["headers"]["X-User"] == "WANGFANG"


def test_whoever_may_not_enter_is_told_by_the_platform(town: Town) -> None:
    answer = town.browser().open(protected(town), "ZHAOMIN")
    assert answer.status_code == 403
    assert str(answer.url).startswith(town.issuer)


def test_it_refreshes_its_tokens_again_and_again(town: Town) -> None:
    browser = town.browser()
    tokens = {browser.open(protected(town), "WANGFANG").json()["headers"]["X-Access-Token"]}
    # The site is set to refresh whatever expires within 320 seconds, which all do, and looks at each request.
    for _ in range(3):
        tokens.add(browser.open(protected(town)).json()["headers"]["X-Access-Token"])
    assert len(tokens) == 4


def test_signing_out_at_the_site_signs_out_everywhere(town: Town) -> None:
    browser = town.browser()
    browser.open(protected(town), "WANGFANG")
    bye = f"https://localhost:{town.ports.oidc}/bye"
    answer = browser.open(f"https://localhost:{town.ports.oidc}/protected/callback?logout={bye}")
    assert str(answer.url).startswith(bye), answer.text[:500]
    assert browser.open(f"{town.issuer}/").url.path == "/sign-in"


@pytest.mark.parametrize("end", ["sign_out", "disable"])
def test_what_ends_on_the_platform_ends_at_the_site_without_the_browser(town: Town, end: str) -> None:
    browser = town.browser()
    assert browser.open(protected(town), "WANGFANG").status_code == 200
    (session,) = town.services.signon.sessions_of(town.world.wang.official_id)
    if end == "sign_out":
        town.services.signon.sign_out(town.world.wang.actor(), session.session_id)
    else:
        town.services.identity.disable_official(town.world.system_admin.actor(), town.world.wang.official_id, "离职")
    assert browser.open(protected(town)).json()["headers"]["X-User"] == "WANGFANG"  # nobody has told the site yet
    town.deliver()
    assert str(browser.open(protected(town)).url).startswith(f"{town.issuer}/sign-in")
