"""What the OpenID Foundation's Basic OP plan demands, module by module (its list of ``oidcc-…`` names), in tests of our own.

The plan's client keeps a secret and knows no PKCE, so the client here is registered that way; the last module uses PKCE with it. Where
the plan would wait, the clock is moved on.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.protocols import OidcSettings
from tests.entrypoints.oidc.conftest import ISSUER, Party, enter, register
from tests.entrypoints.oidc.test_authorize import is_page, renew
from tests.entrypoints.oidc.test_token import error_of
from tests.factories.world import World

NO_PKCE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
PROFILE = {"name", "employee_code", "appointment_id", "department", "division"}


@pytest.fixture
def rp(services: Services, browser: FlaskClient, world: World) -> Party:
    """Return the plan's first client."""
    return register(services, browser, "plan-client", OidcSettings(require_pkce=False))


@pytest.fixture
def rp2(services: Services, browser: FlaskClient, world: World) -> Party:
    """Return the plan's second client."""
    return register(services, browser, "plan-client-2", OidcSettings(require_pkce=False))


def ask(rp: Party, **changes: str | None) -> TestResponse:
    """Send the plan's authorization request."""
    return rp.authorize(**({"scope": "openid"} | NO_PKCE | changes))


def answer(rp: Party, response: TestResponse) -> dict[str, str]:
    """Return the answer at the client's address, which has the state and our issuer."""
    given = rp.answer(response)
    assert (given["state"], given["iss"]) == (rp.state, ISSUER)
    return given


def redeem(rp: Party, response: TestResponse, nonce: str | None = "") -> dict[str, Any]:
    """Redeem the code of an answer and check all that the plan checks of every token answer."""
    redeemed = rp.token(answer(rp, response)["code"], code_verifier=None)
    assert redeemed.status_code == 200, redeemed.text
    assert redeemed.mimetype == "application/json"
    assert (redeemed.headers["Cache-Control"], redeemed.headers["Pragma"]) == ("no-store", "no-cache")
    tokens: dict[str, Any] = redeemed.get_json()
    assert tokens["token_type"].lower() == "bearer"
    assert tokens["expires_in"] > 0
    claims = verified(rp, tokens)
    assert claims.get("nonce") == (rp.nonce if nonce == "" else nonce)
    return tokens


def verified(rp: Party, tokens: dict[str, Any]) -> dict[str, Any]:
    """Return the claims of the ID token, verified as OIDC Core 3.1.3.7 has it."""
    header = jwt.get_unverified_header(tokens["id_token"])
    (key,) = [jwk for jwk in rp.browser.get("/oidc/jwks").get_json()["keys"] if jwk["kid"] == header["kid"]]
    claims: dict[str, Any] = jwt.decode(
        tokens["id_token"],
        jwt.PyJWK.from_dict(key),
        algorithms=[header["alg"]],
        audience=rp.client_id,
        issuer=ISSUER,
        # Times are those of the clock of the test.
        options={"require": ["iss", "sub", "aud", "exp", "iat"], "verify_exp": False, "verify_iat": False},
    )
    assert claims["exp"] > claims["iat"]
    half = sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    return claims


def userinfo(rp: Party, tokens: dict[str, Any]) -> dict[str, Any]:
    """Return the claims of the userinfo endpoint, which are about the same person as the ID token's."""
    response = rp.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    claims: dict[str, Any] = response.get_json()
    assert claims["sub"] == verified(rp, tokens)["sub"]
    return claims


def sign_in_demanded(response: TestResponse) -> str:
    """Return the way back from the sign-in page that the person is sent to."""
    assert response.status_code == 303
    assert urlsplit(response.location).path == "/sign-in"
    return parse_qs(urlsplit(response.location).query)["next"][0]


def test_oidcc_server(rp: Party, services: Services) -> None:
    back = sign_in_demanded(ask(rp))
    enter(services, rp.browser)
    tokens = redeem(rp, rp.browser.get(back))
    assert not PROFILE & verified(rp, tokens).keys()
    assert userinfo(rp, tokens).keys() == {"sub", "sid"}


def test_oidcc_response_type_missing(rp: Party, wang: SignedIn) -> None:
    assert answer(rp, ask(rp, response_type=None))["error"] in {"invalid_request", "unsupported_response_type"}


def test_oidcc_idtoken_signature(rp: Party, wang: SignedIn) -> None:
    tokens = redeem(rp, ask(rp))
    header = jwt.get_unverified_header(tokens["id_token"])
    assert header["alg"] != "none"
    assert header["kid"]


def test_oidcc_idtoken_unsigned(rp: Party) -> None:
    """The plan skips the module for a platform that does not offer ``none``; this one does not, and never will."""
    offered = rp.browser.get("/.well-known/openid-configuration").get_json()["id_token_signing_alg_values_supported"]
    assert "none" not in offered


def test_oidcc_userinfo_get(rp: Party, wang: SignedIn) -> None:
    assert userinfo(rp, redeem(rp, ask(rp)))


def test_oidcc_userinfo_post_header(rp: Party, wang: SignedIn) -> None:
    tokens = redeem(rp, ask(rp))
    response = rp.browser.post("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert response.get_json() == userinfo(rp, tokens)


def test_oidcc_userinfo_post_body(rp: Party, wang: SignedIn) -> None:
    tokens = redeem(rp, ask(rp))
    response = rp.browser.post("/oidc/userinfo", data={"access_token": tokens["access_token"]})
    assert response.get_json() == userinfo(rp, tokens)


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(rp: Party, wang: SignedIn) -> None:
    assert redeem(rp, ask(rp, nonce=None), nonce=None)


def test_oidcc_scope_profile(rp: Party, wang: SignedIn) -> None:
    tokens = redeem(rp, ask(rp, scope="openid profile"))
    assert userinfo(rp, tokens).keys() == {"sub", "sid"} | PROFILE


def left_out(rp: Party, scope: str) -> None:
    """The platform has no such claims: it leaves the scope out, says so, and goes on."""
    tokens = redeem(rp, ask(rp, scope=f"openid {scope}"))
    assert tokens["scope"] == "openid"
    assert userinfo(rp, tokens).keys() == {"sub", "sid"}
    assert scope not in rp.browser.get("/.well-known/openid-configuration").get_json()["scopes_supported"]


def test_oidcc_scope_email(rp: Party, wang: SignedIn) -> None:
    left_out(rp, "email")


def test_oidcc_scope_address(rp: Party, wang: SignedIn) -> None:
    left_out(rp, "address")


def test_oidcc_scope_phone(rp: Party, wang: SignedIn) -> None:
    left_out(rp, "phone")


def test_oidcc_scope_all(rp: Party, wang: SignedIn) -> None:
    tokens = redeem(rp, ask(rp, scope="openid profile email address phone"))
    assert userinfo(rp, tokens).keys() == {"sub", "sid"} | PROFILE


def test_oidcc_ensure_other_scope_order_succeeds(rp: Party, wang: SignedIn) -> None:
    assert userinfo(rp, redeem(rp, ask(rp, scope="email profile openid"))).keys() >= PROFILE


def shown(rp: Party, services: Services, display: str) -> None:
    """The sign-in page shows, and the way goes on."""
    back = sign_in_demanded(ask(rp, display=display))
    enter(services, rp.browser)
    assert redeem(rp, rp.browser.get(back))


def test_oidcc_display_page(rp: Party, services: Services) -> None:
    shown(rp, services, "page")


def test_oidcc_display_popup(rp: Party, services: Services) -> None:
    shown(rp, services, "popup")


def test_oidcc_prompt_login(rp: Party, services: Services, wang: SignedIn, clock: ManualClock) -> None:
    first = verified(rp, redeem(rp, ask(rp)))
    clock.advance(timedelta(seconds=2))
    back = sign_in_demanded(ask(rp, prompt="login"))
    clock.advance(timedelta(seconds=1))
    renew(services, rp.browser, wang)
    second = verified(rp, redeem(rp, rp.browser.get(back)))
    assert second["sub"] == first["sub"]
    assert second["auth_time"] > first["auth_time"]


def test_oidcc_prompt_none_not_logged_in(rp: Party) -> None:
    error = answer(rp, ask(rp, prompt="none"))["error"]
    assert error in {"login_required", "interaction_required"}


def test_oidcc_prompt_none_logged_in(rp: Party, wang: SignedIn, clock: ManualClock) -> None:
    first = verified(rp, redeem(rp, ask(rp)))
    clock.advance(timedelta(seconds=2))
    second = verified(rp, redeem(rp, ask(rp, prompt="none")))
    assert (second["sub"], second["auth_time"]) == (first["sub"], first["auth_time"])


def test_oidcc_max_age_1(rp: Party, services: Services, wang: SignedIn, clock: ManualClock) -> None:
    first = verified(rp, redeem(rp, ask(rp)))
    clock.advance(timedelta(seconds=2))
    back = sign_in_demanded(ask(rp, max_age="1"))
    clock.advance(timedelta(seconds=1))
    renew(services, rp.browser, wang)
    second = verified(rp, redeem(rp, rp.browser.get(back)))
    assert second["auth_time"] > first["auth_time"]
    assert second["iat"] - second["auth_time"] <= 1


def test_oidcc_max_age_10000(rp: Party, wang: SignedIn, clock: ManualClock) -> None:
    first = verified(rp, redeem(rp, ask(rp)))
    clock.advance(timedelta(seconds=2))
    second = verified(rp, redeem(rp, ask(rp, max_age="10000")))
    assert (second["sub"], second["auth_time"]) == (first["sub"], first["auth_time"])


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(rp: Party, wang: SignedIn) -> None:
    assert redeem(rp, ask(rp, extra="foobar"))


def test_oidcc_id_token_hint(rp: Party, wang: SignedIn, clock: ManualClock) -> None:
    first = redeem(rp, ask(rp))
    clock.advance(timedelta(seconds=2))
    second = redeem(rp, ask(rp, prompt="none", id_token_hint=first["id_token"]))
    assert verified(rp, second)["sub"] == verified(rp, first)["sub"]


def test_oidcc_login_hint(rp: Party, services: Services) -> None:
    response = ask(rp, login_hint="wangfang")
    assert 'value="wangfang"' in rp.browser.get(response.location).text
    enter(services, rp.browser)
    assert redeem(rp, rp.browser.get(sign_in_demanded(response)))


def test_oidcc_ui_locales(rp: Party, services: Services) -> None:
    response = ask(rp, ui_locales="se en")
    assert '<html lang="en"' in rp.browser.get(response.location).text
    enter(services, rp.browser)
    assert redeem(rp, rp.browser.get(sign_in_demanded(response)))


def test_oidcc_claims_locales(rp: Party, wang: SignedIn) -> None:
    assert redeem(rp, ask(rp, claims_locales="se"))


def test_oidcc_ensure_request_with_acr_values_succeeds(rp: Party, wang: SignedIn) -> None:
    offered = rp.browser.get("/.well-known/openid-configuration").get_json()["acr_values_supported"]
    assert verified(rp, redeem(rp, ask(rp, acr_values=" ".join(offered))))["acr"] in offered
    assert redeem(rp, ask(rp, acr_values="1 2"))


def test_oidcc_codereuse(rp: Party, wang: SignedIn) -> None:
    code = answer(rp, ask(rp))["code"]
    assert rp.token(code, code_verifier=None).status_code == 200
    assert error_of(rp.token(code, code_verifier=None)) == "invalid_grant"


def test_oidcc_codereuse_30seconds(rp: Party, wang: SignedIn, clock: ManualClock) -> None:
    code = answer(rp, ask(rp))["code"]
    access_token = rp.token(code, code_verifier=None).get_json()["access_token"]
    clock.advance(timedelta(seconds=30))
    assert error_of(rp.token(code, code_verifier=None)) == "invalid_grant"
    assert rp.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {access_token}"}).status_code == 401


def test_oidcc_ensure_registered_redirect_uri(rp: Party, wang: SignedIn) -> None:
    assert is_page(ask(rp, redirect_uri=f"{rp.redirect_uri}/random"))


def test_oidcc_ensure_post_request_succeeds(rp: Party, wang: SignedIn) -> None:
    form = rp.parameters(**({"scope": "openid"} | NO_PKCE))
    response = rp.browser.post("/oidc/authorize", data=form)
    assert redeem(rp, rp.browser.get(response.location))


def test_oidcc_server_client_secret_post(rp: Party, wang: SignedIn) -> None:
    code = answer(rp, ask(rp))["code"]
    form = rp.form(code, code_verifier=None) | {"client_id": rp.client_id, "client_secret": rp.secret or ""}
    response = rp.browser.post("/oidc/token", data=form)
    assert response.status_code == 200
    assert userinfo(rp, response.get_json())
    offered = rp.browser.get("/.well-known/openid-configuration").get_json()["token_endpoint_auth_methods_supported"]
    assert "client_secret_post" in offered


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(rp: Party, wang: SignedIn) -> None:
    assert answer(rp, ask(rp, request_uri="https://rp.example/request.jwt"))["error"] == "request_uri_not_supported"


def request_object(**claims: str) -> str:
    """Return an unsigned request object."""
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(rp: Party, wang: SignedIn) -> None:
    assert answer(rp, ask(rp, request=request_object(state="other")))["error"] == "request_not_supported"
    assert rp.browser.get("/.well-known/openid-configuration").get_json()["request_parameter_supported"] is False


def test_oidcc_claims_essential(rp: Party, wang: SignedIn) -> None:
    claims = json.dumps({"userinfo": {"name": {"essential": True}}})
    assert userinfo(rp, redeem(rp, ask(rp, claims=claims)))["name"] == "王芳"


def test_oidcc_ensure_request_object_with_redirect_uri(rp: Party, wang: SignedIn) -> None:
    evil = request_object(redirect_uri="https://evil.example/", client_id=rp.client_id)
    assert answer(rp, ask(rp, request=evil))["error"] == "request_not_supported"
    assert is_page(ask(rp, request=request_object(redirect_uri=rp.redirect_uri), redirect_uri="https://evil.example/"))


def test_oidcc_refresh_token(rp: Party, rp2: Party, wang: SignedIn, clock: ManualClock) -> None:
    tokens = redeem(rp, ask(rp, scope="openid offline_access", prompt="consent"))
    first = verified(rp, tokens)
    clock.advance(timedelta(seconds=1))
    response = rp.refresh(tokens["refresh_token"])
    assert response.status_code == 200
    again = response.get_json()
    second = verified(rp, again)
    assert {name: second[name] for name in ("iss", "sub", "aud", "auth_time")} == {
        name: first[name] for name in ("iss", "sub", "aud", "auth_time")
    }
    assert second["iat"] > first["iat"]
    assert again["access_token"] != tokens["access_token"]
    assert userinfo(rp, again)
    # The second client has tokens of its own, and cannot use the first one's.
    assert redeem(rp2, ask(rp2))["refresh_token"]
    assert error_of(rp2.refresh(again["refresh_token"])) == "invalid_grant"
    assert rp.refresh(again["refresh_token"]).status_code == 200


def test_oidcc_ensure_request_with_valid_pkce_succeeds(rp: Party, wang: SignedIn) -> None:
    response = rp.authorize(scope="openid")
    redeemed = rp.token(answer(rp, response)["code"])
    assert redeemed.status_code == 200
    assert verified(rp, redeemed.get_json())["nonce"] == rp.nonce
