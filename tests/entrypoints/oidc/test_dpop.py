"""Tokens that are bound to a key, on the wire: got with a proof, used with one, and worth nothing to whoever stole them (RFC 9449)."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import PUBLIC, OidcSettings
from tests.entrypoints.oidc.conftest import Party
from tests.factories.proving import HolderKey
from tests.factories.world import SEED, World

TOKEN, USERINFO = "http://localhost/oidc/token", "http://localhost/oidc/userinfo"


@pytest.fixture
def holder(clock: ManualClock) -> HolderKey:
    return HolderKey(clock)


@pytest.fixture
def spa(services: Services, world: World, browser: FlaskClient, wang: SignedIn) -> Party:
    """Return a client in the browser that has to show a key."""
    address = "http://127.0.0.1:8002/spa"
    row = NewClient("assistance", "assistance-spa", "测试", (address,), auth_method=PUBLIC, settings=OidcSettings(dpop_bound=True))
    services.subsystems.register_client(SEED, row)
    return Party(browser, "assistance-spa", None, address)


def redeem(party: Party, code: str, proof: str | None) -> TestResponse:
    headers = {"DPoP": proof} if proof is not None else {}
    return party.browser.post("/oidc/token", data=party.form(code, client_id=party.client_id), headers=headers)


def ath(token: str) -> str:
    return base64.urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()


def show(party: Party, token: str, proof: str | None, scheme: str = "DPoP") -> TestResponse:
    headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proof} if proof is not None else {})
    return party.browser.get("/oidc/userinfo", headers=headers)


@pytest.fixture
def tokens(spa: Party, holder: HolderKey) -> dict[str, Any]:
    response = redeem(spa, spa.code(), holder.proof("POST", TOKEN))
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def test_got_and_used_with_the_key(spa: Party, holder: HolderKey, tokens: dict[str, Any]) -> None:
    assert tokens["token_type"] == "DPoP"
    token = tokens["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["cnf"] == {"jkt": holder.jkt}
    assert show(spa, token, holder.proof("GET", USERINFO, ath=ath(token))).get_json()["name"] == "王芳"


def test_a_stolen_token_is_worth_nothing(spa: Party, holder: HolderKey, clock: ManualClock, tokens: dict[str, Any]) -> None:
    token, thief = tokens["access_token"], HolderKey(clock)
    seen = holder.proof("GET", USERINFO, ath=ath(token))
    assert show(spa, token, seen).status_code == 200
    attempts = {
        "as a bearer token": show(spa, token, None, "Bearer"),
        "as a bearer token in the form": spa.browser.post("/oidc/userinfo", data={"access_token": token}),
        "without a proof": show(spa, token, None),
        "with another key": show(spa, token, thief.proof("GET", USERINFO, ath=ath(token))),
        "with a proof seen before": show(spa, token, seen),
        "with a proof for another token": show(spa, token, holder.proof("GET", USERINFO, ath=ath("other"))),
        "with a proof for no token": show(spa, token, holder.proof("GET", USERINFO)),
        "with a proof for another address": show(spa, token, holder.proof("GET", TOKEN, ath=ath(token))),
        "with a proof for another method": show(spa, token, holder.proof("POST", USERINFO, ath=ath(token))),
    }
    assert {name: answer.status_code for name, answer in attempts.items()} == dict.fromkeys(attempts, 401)
    for name, answer in attempts.items():
        assert answer.headers["WWW-Authenticate"].startswith('DPoP algs="ES256'), name
        assert "王芳" not in answer.text, name


def test_an_ordinary_token_is_not_shown_as_a_bound_one(party: Party, wang: SignedIn, holder: HolderKey) -> None:
    token = party.tokens()["access_token"]
    answer = show(party, token, holder.proof("GET", USERINFO, ath=ath(token)))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token")
    assert show(party, token, None, "Bearer").status_code == 200


def test_who_has_to_show_a_key_gets_nothing_without(spa: Party, holder: HolderKey) -> None:
    for proof in (None, "x", holder.proof("POST", USERINFO), holder.proof("GET", TOKEN)):
        answer = redeem(spa, spa.code(), proof)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_dpop_proof")


def test_a_proof_is_worth_one_request(spa: Party, holder: HolderKey) -> None:
    proof = holder.proof("POST", TOKEN)
    assert redeem(spa, spa.code(), proof).status_code == 200
    assert redeem(spa, spa.code(), proof).get_json()["error"] == "invalid_dpop_proof"


def test_a_code_that_was_bound_is_worth_nothing_with_another_key(spa: Party, holder: HolderKey, clock: ManualClock) -> None:
    """RFC 9449 section 10: an injected or stolen code needs the key that its request named."""
    assert redeem(spa, spa.code(dpop_jkt=holder.jkt), holder.proof("POST", TOKEN)).status_code == 200
    answer = redeem(spa, spa.code(dpop_jkt=holder.jkt), HolderKey(clock).proof("POST", TOKEN))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("wrong", ["x", "x" * 44, "ü" * 43, "a" * 42 + "="])
def test_a_bond_has_a_form(spa: Party, wrong: str) -> None:
    assert spa.answer(spa.authorize(dpop_jkt=wrong))["error"] == "invalid_request"


def test_the_refresh_token_of_a_client_without_a_secret_stays_with_its_key(
    spa: Party, holder: HolderKey, clock: ManualClock, tokens: dict[str, Any]
) -> None:
    def refresh(key: HolderKey) -> TestResponse:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": spa.client_id}
        return spa.browser.post("/oidc/token", data=form, headers={"DPoP": key.proof("POST", TOKEN)})

    assert refresh(HolderKey(clock)).get_json()["error"] == "invalid_grant"
    assert refresh(holder).get_json()["token_type"] == "DPoP"


def test_introspection_names_the_key(party: Party, wang: SignedIn, holder: HolderKey) -> None:
    headers = {"DPoP": holder.proof("POST", TOKEN)} | basic_of(party)
    tokens = party.browser.post("/oidc/token", data=party.form(party.code()), headers=headers).get_json()
    assert tokens["token_type"] == "DPoP"
    said = party.browser.post("/oidc/introspect", data={"token": tokens["access_token"]}, headers=basic_of(party)).get_json()
    assert (said["active"], said["token_type"], said["cnf"]) == (True, "DPoP", {"jkt": holder.jkt})


def basic_of(party: Party) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{party.client_id}:{party.secret}".encode()).decode()}


def test_discovery_names_the_algorithms(browser: FlaskClient) -> None:
    document = browser.get("/.well-known/openid-configuration").get_json()
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "ES384", "EdDSA", "PS256", "RS256"]


def test_a_pushed_request_is_bound_to_the_key_that_is_shown_with_it(
    party: Party, wang: SignedIn, holder: HolderKey, clock: ManualClock
) -> None:
    """RFC 9449 section 10.1."""
    par = "http://localhost/oidc/par"

    def push(key: HolderKey, **changes: str) -> TestResponse:
        headers = basic_of(party) | {"DPoP": key.proof("POST", par)}
        return party.browser.post("/oidc/par", data=party.parameters(**changes), headers=headers)

    def bound_code() -> str:
        reference = push(holder).get_json()["request_uri"]
        answer = party.browser.get("/oidc/authorize", query_string={"client_id": party.client_id, "request_uri": reference})
        return party.answer(answer)["code"]

    assert push(holder, dpop_jkt=HolderKey(clock).jkt).get_json()["error"] == "invalid_dpop_proof"
    stolen = bound_code()
    headers = basic_of(party) | {"DPoP": HolderKey(clock).proof("POST", TOKEN)}
    assert party.browser.post("/oidc/token", data=party.form(stolen), headers=headers).get_json()["error"] == "invalid_grant"
    assert party.token(bound_code()).get_json()["error"] == "invalid_grant"
    headers = basic_of(party) | {"DPoP": holder.proof("POST", TOKEN)}
    assert party.browser.post("/oidc/token", data=party.form(bound_code()), headers=headers).get_json()["token_type"] == "DPoP"
