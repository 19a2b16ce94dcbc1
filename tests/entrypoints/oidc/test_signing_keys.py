"""Tokens across the change of keys, on the wire: nobody is refused while keys follow one another, and everybody when one leaked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.keys import JWKS_LIFE, READ_AGAIN, SIGNS_AFTER
from govcloud.kernel.signing import RS256
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import OidcSettings
from tests.entrypoints.oidc.conftest import ISSUER, Party, basic
from tests.factories.world import SEED, World

OPERATOR = Actor.system("operator")


@pytest.fixture
def rsa(services: Services, world: World, browser: FlaskClient) -> Party:
    """Return a client that wants its ID tokens signed with RSA."""
    address = "http://127.0.0.1:8002/rsa"
    made = services.subsystems.register_client(
        SEED, NewClient("assistance", "assistance-rsa", "测试", (address,), settings=OidcSettings(id_token_alg=RS256))
    )
    return Party(browser, "assistance-rsa", made.secret, address)


def userinfo(party: Party, tokens: dict[str, Any]) -> int:
    return party.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}).status_code


def verified(party: Party, token: str, keys: list[dict[str, Any]]) -> dict[str, Any]:
    """Verify as a client does, with the keys that it has read."""
    kid = jwt.get_unverified_header(token)["kid"]
    [jwk] = [jwk for jwk in keys if jwk["kid"] == kid]
    options: Any = {"verify_exp": False, "verify_iat": False}
    return dict(jwt.decode(token, jwt.PyJWK(jwk), algorithms=[jwk["alg"]], audience=party.client_id, issuer=ISSUER, options=options))


def published(party: Party) -> list[dict[str, Any]]:
    answer = party.browser.get("/oidc/jwks")
    assert answer.headers["Cache-Control"] == f"public, max-age={int(JWKS_LIFE.total_seconds())}"
    keys: list[dict[str, Any]] = answer.get_json()["keys"]
    return keys


def test_a_client_gets_the_algorithm_that_it_asked_for(
    services: Services, rsa: Party, party: Party, wang: SignedIn, clock: ManualClock
) -> None:
    code = rsa.code()
    early = rsa.token(code)
    assert (early.status_code, early.get_json()["error"]) == (503, "temporarily_unavailable")
    services.key_rotation.ensure(OPERATOR)
    clock.advance(SIGNS_AFTER)
    tokens = rsa.tokens()
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "RS256"
    assert jwt.get_unverified_header(tokens["access_token"])["alg"] == "ES256"
    assert verified(rsa, tokens["id_token"], published(rsa))["nonce"] == rsa.nonce
    assert userinfo(rsa, tokens) == 200
    # As a hint it is known again, whatever the algorithm.
    assert "code" in rsa.answer(rsa.authorize(id_token_hint=tokens["id_token"]))
    assert jwt.get_unverified_header(party.tokens()["id_token"])["alg"] == "ES256"


def test_a_token_names_its_key_and_the_key_its_algorithm(
    services: Services, rsa: Party, party: Party, wang: SignedIn, clock: ManualClock
) -> None:
    """RFC 8725 section 3.1: the header of a token does not choose."""
    services.key_rotation.ensure(OPERATOR)
    clock.advance(SIGNS_AFTER)
    token = party.tokens()["access_token"]
    other = services.keys.signing_key(algorithm=RS256)
    claims = jwt.decode(token, options={"verify_signature": False})
    own_kid = jwt.get_unverified_header(token)["kid"]
    for kid in (own_kid, "unknown"):
        forged = jwt.encode(claims, other.private_key, algorithm="RS256", headers={"kid": kid, "typ": "at+jwt"})
        assert userinfo(party, {"access_token": forged}) == 401
        forged = jwt.encode(claims, other.private_key, algorithm="PS256", headers={"kid": other.kid, "typ": "at+jwt"})
        assert userinfo(party, {"access_token": forged}) == 401


def test_nobody_notices_a_rotation(services: Services, party: Party, wang: SignedIn, clock: ManualClock) -> None:
    """A client that reads the keys as seldom as it may verifies every token, and every token is taken as long as it lives."""
    read_at, keys, last = clock.now(), published(party), party.tokens()
    services.key_rotation.rotate(OPERATOR)
    signers = set()
    for _ in range(20):
        clock.advance(timedelta(minutes=1))
        services.key_rotation.tend(OPERATOR)
        if clock.now() - read_at >= JWKS_LIFE:
            read_at, keys = clock.now(), published(party)
        assert userinfo(party, last) == 200
        last = party.tokens()
        verified(party, last["id_token"], keys)
        signers.add(jwt.get_unverified_header(last["id_token"])["kid"])
    assert len(signers) == 2


def test_a_leaked_key_is_worth_nothing(services: Services, party: Party, wang: SignedIn, clock: ManualClock, world: World) -> None:
    tokens = party.tokens()
    services.key_rotation.replace(OPERATOR)
    clock.advance(READ_AGAIN)
    assert userinfo(party, tokens) == 401
    assert party.answer(party.authorize(id_token_hint=tokens["id_token"]))["error"] == "invalid_request"
    # The session and the refresh token go on.
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    fresh = party.browser.post("/oidc/token", data=form, headers=basic(party.client_id, party.secret or "")).get_json()
    assert userinfo(party, fresh) == 200
    verified(party, fresh["id_token"], published(party))
