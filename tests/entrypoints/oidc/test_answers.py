"""How the answer comes back, how strong the sign-in was, which claims are asked for, and who else may read an answer."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from govcloud.entrypoints.oidc.checks import strength
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.protocols import PUBLIC, OidcSettings
from tests.entrypoints.oidc.conftest import ISSUER, Party, basic, enter, register
from tests.entrypoints.oidc.test_authorize import error_of as authorization_error_of
from tests.entrypoints.oidc.test_token import error_of
from tests.factories.browsing import inline_code
from tests.factories.clients import put_unchecked
from tests.factories.world import World

MFA, PASSWORD_ONLY = "urn:govcloud:acr:mfa", "urn:govcloud:acr:password"


_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def fields_of(page: str) -> dict[str, str]:
    """Return what the form that goes to the client would send."""
    form = page.partition("data-send-on>")[2].partition("</form>")[0]
    return {name: unescape(value) for name, value in _FIELD.findall(form)}


# By form


def test_the_answer_comes_as_a_form(party: Party, wang: SignedIn) -> None:
    response = party.authorize(response_mode="form_post")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert f'<form class="plain-card" method="post" action="{party.redirect_uri}" data-send-on>' in response.text
    answer = fields_of(response.text)
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == (party.state, ISSUER)
    assert party.token(answer["code"]).status_code == 200


def test_the_form_may_only_go_to_the_client(party: Party, wang: SignedIn) -> None:
    response = party.authorize(response_mode="form_post")
    policy = response.headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' http://127.0.0.1:8002")
    assert "'unsafe-inline'" not in policy
    assert not inline_code(response)


def test_an_error_comes_as_a_form_too(party: Party) -> None:
    answer = fields_of(party.authorize(response_mode="form_post", prompt="none").text)
    assert (answer["error"], answer["state"], answer["iss"]) == ("login_required", party.state, ISSUER)
    answer = fields_of(party.authorize(response_mode="form_post", response_type="token").text)
    assert answer["error"] == "unsupported_response_type"


def test_a_state_stays_text(party: Party, wang: SignedIn) -> None:
    party.state = "\"><script>alert(1)</script>'&"
    page = party.authorize(response_mode="form_post").text
    assert "<script>alert(1)" not in page
    assert fields_of(page)["state"] == party.state


def test_whose_address_is_not_certain_gets_no_form(party: Party, wang: SignedIn) -> None:
    response = party.authorize(response_mode="form_post", redirect_uri="https://evil.example/")
    assert response.status_code == 400
    assert "data-send-on" not in response.text
    assert 'action="https://evil.example' not in response.text
    assert "evil.example" not in response.headers["Content-Security-Policy"]


# How strong


def claims_for(acr: dict[str, object]) -> str:
    return json.dumps({"id_token": {"acr": acr}})


@pytest.fixture
def no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be no page on which a second factor could be proven."""
    monkeypatch.setattr(strength, "STEP_UP", "portal.nowhere")


@pytest.fixture
def a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page that is there be the one on which a second factor is proven."""
    monkeypatch.setattr(strength, "STEP_UP", "portal.appointment")


@pytest.mark.parametrize("asked", [PASSWORD_ONLY, f"urn:unknown {PASSWORD_ONLY}", "urn:unknown", f"{MFA} {PASSWORD_ONLY}", ""])
def test_a_wish_that_is_met_asks_for_nothing(party: Party, wang: SignedIn, asked: str) -> None:
    assert id_token(party.tokens(acr_values=asked))["acr"] == PASSWORD_ONLY


@pytest.mark.usefixtures("no_page")
def test_a_wish_that_cannot_be_met_stops_nobody(party: Party, wang: SignedIn) -> None:
    assert id_token(party.tokens(acr_values=MFA))["acr"] == PASSWORD_ONLY
    assert party.code(claims=claims_for({"value": MFA}))


@pytest.mark.usefixtures("a_page")
def test_a_wish_leads_to_the_page_but_not_past_a_silent_answer(party: Party, wang: SignedIn) -> None:
    response = party.authorize(acr_values=MFA)
    assert urlsplit(response.location).path == "/appointment"
    assert parse_qs(urlsplit(response.location).query)["next"][0].startswith("/oidc/authorize?")
    assert party.code(acr_values=MFA, prompt="none")


def test_what_is_essential_and_met_asks_for_nothing(party: Party, wang: SignedIn) -> None:
    assert party.code(claims=claims_for({"essential": True, "values": [MFA, PASSWORD_ONLY]}))
    assert party.code(claims=claims_for({"essential": True}))


@pytest.mark.usefixtures("no_page")
def test_what_is_essential_is_refused_where_it_cannot_be_had(party: Party, wang: SignedIn) -> None:
    for values in ([MFA], ["urn:unknown"], ["\ud800"]):
        demanded = claims_for({"essential": True, "values": values})
        assert authorization_error_of(party, party.authorize(claims=demanded)) == "unmet_authentication_requirements"


@pytest.mark.usefixtures("a_page")
def test_what_is_essential_is_had_on_the_page_or_not_at_all(party: Party, wang: SignedIn) -> None:
    demanded = claims_for({"essential": True, "value": MFA})
    assert urlsplit(party.authorize(claims=demanded).location).path == "/appointment"
    assert authorization_error_of(party, party.authorize(claims=demanded, prompt="none")) == "login_required"


def test_a_second_factor_makes_it_stronger(party: Party, services: Services, wang: SignedIn, superuser_url: str) -> None:
    import psycopg  # noqa: PLC0415 - only here

    with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as hand:
        hand.execute("UPDATE session SET second_factor_at = now()")
    demanded = claims_for({"essential": True, "value": MFA})
    assert id_token(party.tokens(claims=demanded))["acr"] == MFA
    assert party.code(claims=claims_for({"essential": True, "value": PASSWORD_ONLY}))


# Claim by claim


def test_a_claim_that_is_asked_for_by_name_opens_its_scope(party: Party, wang: SignedIn) -> None:
    wanted = json.dumps({"userinfo": {"name": {"essential": True}, "unheard_of": None}})
    tokens = party.tokens(scope="openid", claims=wanted)
    assert tokens["scope"] == "openid profile"
    assert party.tokens(scope="openid", claims='{"userinfo": {"unheard_of": null}, "id_token": null}')["scope"] == "openid"


def test_a_client_may_ask_for_one_person_alone(party: Party, services: Services, world: World, wang: SignedIn) -> None:
    right = json.dumps({"id_token": {"sub": {"value": str(world.wang.official_id)}}})
    assert party.code(claims=right)
    enter(services, party.browser, "SHANXUEMEI")
    assert authorization_error_of(party, party.authorize(claims=right)) == "login_required"


# Hints


def test_the_hint_stands_in_the_sign_in_form(party: Party) -> None:
    response = party.authorize(login_hint="WANGFANG")
    assert parse_qs(urlsplit(response.location).query)["login_hint"] == ["WANGFANG"]
    assert 'value="WANGFANG"' in party.browser.get(response.location).text


def test_the_pages_speak_the_language_that_is_asked_for(party: Party) -> None:
    assert '<html lang="zh-CN"' in party.browser.get(party.authorize(ui_locales="tlh zh-CN en").location).text
    party.browser.delete_cookie("govcloud_language")
    assert '<html lang="en"' in party.browser.get(party.authorize(ui_locales="tlh en").location).text
    # What the person has chosen stays.
    assert '<html lang="en"' in party.browser.get(party.authorize(ui_locales="zh-CN").location).text


# Without PKCE


@pytest.fixture
def plain(services: Services, browser: FlaskClient, wang: SignedIn) -> Party:
    """Return a client that keeps a secret and cannot do PKCE."""
    return register(services, browser, "assistance-plain", OidcSettings(require_pkce=False))


WITHOUT: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


def test_a_client_that_keeps_a_secret_may_come_without(plain: Party) -> None:
    assert plain.token(plain.code(**WITHOUT), code_verifier=None).status_code == 200
    assert plain.token(plain.code(**WITHOUT, nonce=None), code_verifier=None).status_code == 200
    assert plain.tokens()["id_token"]  # and with it, too


def test_a_challenge_that_was_given_is_proven(plain: Party) -> None:
    assert error_of(plain.token(plain.code(), code_verifier=None)) == "invalid_grant"
    assert error_of(plain.token(plain.code(), code_verifier="x" * 43)) == "invalid_grant"


def test_a_verifier_without_a_challenge_is_refused(plain: Party) -> None:
    """Somebody took the challenge out on the way (RFC 9700 section 4.8.2)."""
    assert error_of(plain.token(plain.code(**WITHOUT))) == "invalid_grant"


def test_half_a_challenge_is_none(plain: Party) -> None:
    assert authorization_error_of(plain, plain.authorize(code_challenge=None)) == "invalid_request"
    assert authorization_error_of(plain, plain.authorize(code_challenge_method="plain")) == "invalid_request"


def test_a_public_client_never_may(services: Services, browser: FlaskClient, wang: SignedIn) -> None:
    app = register(services, browser, "assistance-app", OidcSettings(), PUBLIC)
    put_unchecked(services, "assistance-app", OidcSettings(require_pkce=False))
    assert authorization_error_of(app, app.authorize(**WITHOUT)) == "invalid_request"


# Other origins

ORIGIN, OTHER = "https://app.example.gov.cn", "https://other.example.gov.cn"


@pytest.fixture
def spa(services: Services, browser: FlaskClient, wang: SignedIn) -> Party:
    """Return a client that runs in the browser."""
    register(services, browser, "assistance-other", OidcSettings(web_origins=(OTHER,)), PUBLIC)
    return register(services, browser, "assistance-spa", OidcSettings(web_origins=(ORIGIN,)), PUBLIC)


def allowed(
    app: Flask,
    path: str,
    origin: str,
    method: str = "OPTIONS",
    *,
    headers: dict[str, str] | None = None,
    data: dict[str, str] | None = None,
) -> str | None:
    """Return the origin that may read the answer to a page of ``origin``."""
    response = app.test_client().open(path, method=method, headers={"Origin": origin} | (headers or {}), data=data)
    assert "Origin" in response.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in response.headers
    return response.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("path", ["/oidc/token", "/oidc/userinfo", "/oidc/revoke", "/oidc/par"])
def test_a_registered_origin_may_ask(app: Flask, spa: Party, path: str) -> None:
    assert allowed(app, path, ORIGIN) == ORIGIN
    for origin in ("https://evil.example", "null", f"{ORIGIN}.evil.example", ORIGIN.upper(), "*", "\u738b"):
        assert allowed(app, path, origin) is None


def test_a_preflight_says_what_may_be_sent(app: Flask, spa: Party) -> None:
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    response = app.test_client().options("/oidc/token", headers=preflight)
    assert response.status_code == 200
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST"


def test_an_answer_is_for_its_own_clients_origin_alone(app: Flask, spa: Party) -> None:
    tokens = spa.tokens()
    form = {"client_id": spa.client_id, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert allowed(app, "/oidc/token", ORIGIN, "POST", data=form) == ORIGIN
    assert allowed(app, "/oidc/token", OTHER, "POST", data=form) is None
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert allowed(app, "/oidc/userinfo", ORIGIN, "GET", headers=headers) == ORIGIN
    assert allowed(app, "/oidc/userinfo", OTHER, "GET", headers=headers) is None
    # An error can be read by the application that made it.
    assert allowed(app, "/oidc/token", ORIGIN, "POST", data={"client_id": "nobody"}) == ORIGIN


def test_a_client_without_origins_is_read_by_nobody(app: Flask, party: Party, spa: Party) -> None:
    headers = basic(party.client_id, party.secret or "")
    assert allowed(app, "/oidc/token", ORIGIN, "POST", headers=headers, data={"grant_type": "x"}) is None


def test_what_is_published_is_for_everybody(app: Flask, spa: Party) -> None:
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/oidc/jwks"):
        assert app.test_client().get(path, headers={"Origin": ORIGIN}).headers["Access-Control-Allow-Origin"] == "*"


def test_pages_are_for_no_other_origin(app: Flask, spa: Party) -> None:
    for path in ("/oidc/authorize", "/sign-in", "/oidc/introspect", "/oidc/logout"):
        assert "Access-Control-Allow-Origin" not in app.test_client().get(path, headers={"Origin": ORIGIN}).headers


def id_token(tokens: dict[str, str]) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    return claims
