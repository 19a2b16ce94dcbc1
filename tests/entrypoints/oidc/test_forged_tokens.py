"""Tokens that were altered, forged or confused: refused wherever one is taken, in that wire's own words (RFC 8725)."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.test import TestResponse

from govcloud.services import Services
from govcloud.signon.views import SignedIn
from tests.entrypoints.oidc.conftest import ISSUER, Party
from tests.factories.world import World

#: Makes a forgery of a true token; the bytes are the platform's published key.
Forge = Callable[[str, bytes], str]


def encoded(part: Mapping[str, Any] | bytes) -> str:
    """Return a part of a token as base64url."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def header_of(token: str) -> dict[str, Any]:
    """Return the header that a token carries."""
    return dict(jwt.get_unverified_header(token))


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims that a token carries, without a look at the signature."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


def with_header(**changes: Any) -> Forge:  # noqa: ANN401 - any JSON
    """Return what changes the header and keeps the signature of the true one."""

    def forge(token: str, _published: bytes) -> str:
        _header, claims, signature = token.split(".")
        return f"{encoded(header_of(token) | changes)}.{claims}.{signature}"

    return forge


def with_claims(**changes: Any) -> Forge:  # noqa: ANN401 - any JSON
    """Return what changes the claims and keeps the signature of the true ones."""

    def forge(token: str, _published: bytes) -> str:
        header, _claims, signature = token.split(".")
        return f"{header}.{encoded(claims_of(token) | changes)}.{signature}"

    return forge


def unsigned(algorithm: str) -> Forge:
    """Return what claims to need no signature, under any spelling of ``none``."""
    return lambda token, _published: f"{encoded(header_of(token) | {'alg': algorithm})}.{token.split('.')[1]}."


def signed_by_a_stranger(token: str, _published: bytes) -> str:
    """Sign the true claims under the true key id with a key of one's own."""
    key, header = ec.generate_private_key(ec.SECP256R1()), header_of(token)
    return jwt.encode(claims_of(token), key, algorithm="ES256", headers={"kid": header["kid"], "typ": header["typ"]})


def with_own_key_inside(token: str, _published: bytes) -> str:
    """Bring the key along in the header (RFC 7515 section 4.1.3)."""
    key, header = ec.generate_private_key(ec.SECP256R1()), header_of(token)
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(claims_of(token), key, algorithm="ES256", headers={"kid": "mine", "typ": header["typ"], "jwk": jwk})


def mac_with_the_public_key(token: str, published: bytes) -> str:
    """Use the published key as the secret of a MAC (RFC 8725 section 2.1)."""
    text = f"{encoded(header_of(token) | {'alg': 'HS256'})}.{token.split('.')[1]}"
    return f"{text}.{encoded(hmac.new(published, text.encode(), sha256).digest())}"


def other_signature(token: str, _published: bytes) -> str:
    """Turn one bit of the signature."""
    head, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[7] ^= 1
    return f"{head}.{encoded(bytes(raw))}"


FORGERIES: dict[str, Forge] = {
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg NONE": unsigned("NONE"),
    "no alg": lambda token, _published: f"{encoded({'typ': header_of(token)['typ']})}.{token.split('.')[1]}.",
    "signature left out": lambda token, _published: token.rpartition(".")[0] + ".",
    "two parts": lambda token, _published: token.rpartition(".")[0],
    "five parts": lambda token, _published: token + ".x.y",
    "signature altered": other_signature,
    "another subject": with_claims(sub="00000000-0000-7000-8000-000000000000"),
    "another session": with_claims(sid="00000000-0000-7000-8000-000000000000"),
    "a later end": with_claims(exp=9_999_999_999),
    "another issuer": with_claims(iss="https://evil.example"),
    "key of a stranger": signed_by_a_stranger,
    "key inside": with_own_key_inside,
    "key by address": with_header(jku="https://evil.example/jwks"),
    "public key as secret": mac_with_the_public_key,
    "another algorithm": with_header(alg="RS256"),
    "unknown key": with_header(kid="nobody"),
    "key id is a number": with_header(kid=7),
    "key id is a list": with_header(kid=["x"]),
    "key id is a path": with_header(kid="../../dev/null"),
    "key id is SQL": with_header(kid="' OR 1=1 --"),
    "type is a number": with_header(typ=7),
    "type is null": with_header(typ=None),
    "type is a list": with_header(typ=[]),
    "critical extension": with_header(crit=["exp"]),
    "header is no object": lambda token, _published: f"{encoded(b'[]')}.{token.partition('.')[2]}",
    "header is nested": lambda token, _published: f"{encoded(b'[' * 3000)}.{token.partition('.')[2]}",
    "header is no JSON": lambda token, _published: f"{encoded(b'{')}.{token.partition('.')[2]}",
    "claims are no object": lambda token, _published: f"{token.split('.')[0]}.{encoded(b'[]')}.{token.split('.')[2]}",
    "endless": lambda token, _published: token + "x" * 5000,
}


@pytest.fixture
def tokens(party: Party, wang: SignedIn) -> dict[str, str]:
    """Return the true tokens of a sign-in."""
    return party.tokens()


@pytest.fixture
def published(services: Services) -> bytes:
    """Return the key that the platform publishes."""
    return json.dumps(services.keys.jwks()["keys"][0]).encode()


def userinfo(party: Party, token: str) -> TestResponse:
    return party.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"})


def test_the_tokens_themselves_are_taken(party: Party, tokens: dict[str, str]) -> None:
    """What the tables below alter is right, so each refusal is that of the alteration."""
    assert userinfo(party, tokens["access_token"]).status_code == 200
    assert "code" in party.answer(party.authorize(id_token_hint=tokens["id_token"]))
    assert header_of(tokens["access_token"])["alg"] == "ES256"


def test_a_forged_access_token_opens_nothing(party: Party, tokens: dict[str, str], published: bytes) -> None:
    for name, forge in FORGERIES.items():
        forged = forge(tokens["access_token"], published)
        answer = userinfo(party, forged)
        assert answer.status_code == 401, name
        assert answer.get_json()["error"] == "invalid_token", name
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], name
        assert "王芳" not in answer.text, name
        assert forged not in answer.text, name
        posted = party.browser.post("/oidc/userinfo", data={"access_token": forged})
        assert posted.status_code == 401, name


def test_a_forged_hint_ends_no_session_and_names_nobody(
    party: Party, tokens: dict[str, str], published: bytes, services: Services, wang: SignedIn
) -> None:
    for name, forge in FORGERIES.items():
        forged = forge(tokens["id_token"], published)
        answer = party.browser.get(f"/oidc/logout?{urlencode({'id_token_hint': forged})}")
        assert answer.status_code == 400, name
        assert answer.mimetype == "text/html"
        assert "Set-Cookie" not in answer.headers or "govcloud_session" not in answer.headers["Set-Cookie"]
        assert "王芳" not in answer.text
    assert services.signon.sessions_of(wang.official_id)


def test_a_forged_hint_is_an_error_for_the_client(party: Party, tokens: dict[str, str], published: bytes) -> None:
    for name, forge in FORGERIES.items():
        response = party.authorize(id_token_hint=forge(tokens["id_token"], published))
        if response.status_code == 400:
            assert name in {"endless", "header is nested"}  # longer than a parameter may be
            continue
        assert party.answer(response)["error"] == "invalid_request", name


def test_one_kind_of_token_does_not_pass_for_another(party: Party, tokens: dict[str, str], world: World) -> None:
    assert userinfo(party, tokens["id_token"]).status_code == 401
    assert party.browser.get(f"/oidc/logout?id_token_hint={tokens['access_token']}").status_code == 400
    assert claims_of(tokens["access_token"])["aud"] == ISSUER
    assert claims_of(tokens["id_token"])["aud"] == party.client_id
