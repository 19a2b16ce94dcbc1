"""Proofs of possession: one that is right is believed once; whatever is bent about it is refused (RFC 9449 section 4.3)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.crypto import read_master_key
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.oauth.dpop import LIFE, SKEW, ProofRefused, ProofRequest, _address
from govcloud.wiring import wire
from tests.factories.proving import HolderKey
from tests.factories.racing import together
from tests.factories.world import World

URL = "http://localhost/oidc/token"
JOBS = Actor.system("jobs")
REQUEST = ProofRequest("POST", (URL,))


@pytest.fixture
def holder(clock: ManualClock) -> HolderKey:
    return HolderKey(clock)


def refused(services: Services, proof: str, request: ProofRequest = REQUEST) -> str:
    with pytest.raises(ProofRefused) as error:
        services.dpop.check(proof, request)
    return error.value.reason


def test_a_right_proof_names_its_key_and_is_believed_once(services: Services, world: World, holder: HolderKey) -> None:
    proof = holder.proof("POST", URL)
    assert services.dpop.check(proof, REQUEST) == holder.jkt
    assert "shown before" in refused(services, proof)
    assert services.dpop.check(holder.proof("POST", URL), REQUEST) == holder.jkt


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "PS256", "RS256", "EdDSA"])
def test_every_algorithm_of_the_list(services: Services, world: World, clock: ManualClock, algorithm: str) -> None:
    holder = HolderKey(clock, algorithm)
    assert services.dpop.check(holder.proof("POST", URL), REQUEST) == holder.jkt


@pytest.mark.parametrize(
    ("htu", "taken"),
    [
        ("http://localhost/oidc/token?a=b#c", True),
        ("HTTP://LOCALHOST:80/oidc/token", True),
        ("https://localhost/oidc/token", False),
        ("http://localhost:8080/oidc/token", False),
        ("http://localhost/oidc/token/", False),
        ("http://localhost/oidc/userinfo", False),
        ("http://localhost.evil.example/oidc/token", False),
        ("http://localhost@evil.example/oidc/token", False),
        ("http://user@localhost/oidc/token", False),
        ("http://[::1/oidc/token", False),
        ("http://localhost:99999/oidc/token", False),
        ("/oidc/token", False),
        ("", False),
        (7, False),
        (None, False),
        ([URL], False),
    ],
)
def test_a_proof_is_for_one_address(services: Services, world: World, holder: HolderKey, htu: Any, taken: bool) -> None:  # noqa: ANN401, FBT001
    proof = holder.proof("POST", URL, htu=htu)
    if taken:
        assert services.dpop.check(proof, REQUEST)
    else:
        assert "htu" in refused(services, proof)


@pytest.mark.parametrize("seconds", [-61, -60, 31, 10**6])
def test_a_proof_is_for_now(services: Services, world: World, holder: HolderKey, clock: ManualClock, seconds: int) -> None:
    proof = holder.proof("POST", URL, iat=int((clock.now() + timedelta(seconds=seconds)).timestamp()))
    assert "iat" in refused(services, proof)


def test_a_proof_is_remembered_for_as_long_as_it_would_be_believed(
    services: Services, world: World, holder: HolderKey, clock: ManualClock
) -> None:
    ahead = holder.proof("POST", URL, iat=int((clock.now() + SKEW).timestamp()))
    assert services.dpop.check(ahead, REQUEST)
    clock.advance(LIFE + SKEW - timedelta(seconds=1))
    services.signon.purge(JOBS)
    assert "shown before" in refused(services, ahead)


BENT: dict[str, Callable[[HolderKey], str]] = {
    "no proof": lambda _holder: "",
    "no JWT": lambda _holder: "x.y.z",
    "other type": lambda holder: holder.proof("POST", URL, header={"typ": "JWT"}),
    "no type": lambda holder: holder.proof("POST", URL, header={"typ": None}),
    "other method": lambda holder: holder.proof("GET", URL),
    "method in small letters": lambda holder: holder.proof("post", URL),
    "no jti": lambda holder: holder.proof("POST", URL, jti=None),
    "empty jti": lambda holder: holder.proof("POST", URL, jti=""),
    "endless jti": lambda holder: holder.proof("POST", URL, jti="x" * 257),
    "jti is a number": lambda holder: holder.proof("POST", URL, jti=7),
    "iat is text": lambda holder: holder.proof("POST", URL, iat="now"),
    "iat is true": lambda holder: holder.proof("POST", URL, iat=True),
    "iat is huge": lambda holder: holder.proof("POST", URL, iat=1e300),
    "no iat": lambda holder: holder.proof("POST", URL, iat=None),
    "no key": lambda holder: holder.proof("POST", URL, header={"jwk": None}),
    "key is text": lambda holder: holder.proof("POST", URL, header={"jwk": "x"}),
    "another's key": lambda holder: holder.proof("POST", URL, header={"jwk": HolderKey(holder.clock).jwk}),
    "private key inside": lambda holder: holder.proof("POST", URL, header={"jwk": holder.jwk | {"d": "AQAB"}}),
    "shared secret": lambda holder: jwt.encode(
        holder.claims("POST", URL), b"x" * 32, algorithm="HS256", headers={"typ": "dpop+jwt", "jwk": {"kty": "oct", "k": "eA"}}
    ),
    "unsigned": lambda holder: jwt.encode(holder.claims("POST", URL), "", algorithm="none", headers={"typ": "dpop+jwt", "jwk": holder.jwk}),
    "other curve": lambda holder: holder.proof("POST", URL, header={"jwk": HolderKey(holder.clock, "ES384").jwk}),
    "short RSA key": lambda holder: HolderKey(holder.clock, "RS256", rsa.generate_private_key(65537, 1024)).proof("POST", URL),  # noqa: S505
    "key off the curve": lambda holder: holder.proof("POST", URL, header={"jwk": holder.jwk | {"x": holder.jwk["y"]}}),
    "signature altered": lambda holder: _altered(holder.proof("POST", URL)),
    "too long": lambda holder: holder.proof("POST", URL, filler="x" * 4096),
    "two proofs": lambda holder: f"{holder.proof('POST', URL)},{holder.proof('POST', URL)}",
}


def _altered(proof: str) -> str:
    head, _, signature = proof.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[7] ^= 1
    return f"{head}.{base64.urlsafe_b64encode(bytes(raw)).rstrip(b'=').decode()}"


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("bent", BENT)
def test_what_is_bent_is_refused(services: Services, world: World, holder: HolderKey, bent: str) -> None:
    assert refused(services, BENT[bent](holder))


def test_a_proof_beside_a_token_is_for_that_token(services: Services, world: World, holder: HolderKey) -> None:
    request = ProofRequest("GET", ("http://localhost/oidc/userinfo",), "the-token")
    address = "http://localhost/oidc/userinfo"
    right = base64.urlsafe_b64encode(sha256(b"the-token").digest()).rstrip(b"=").decode()
    assert services.dpop.check(holder.proof("GET", address, ath=right), request) == holder.jkt
    for wrong in (None, "", "the-token", right[:-1], [right]):
        assert "ath" in refused(services, holder.proof("GET", address, ath=wrong), request)


def test_of_two_at_once_one_is_believed(app: Flask, services: Services, world: World, settings: Settings, clock: ManualClock) -> None:
    proof = HolderKey(clock).proof("POST", URL)
    others = [wire(settings, clock, read_master_key(settings.master_key_file)) for _ in range(2)]
    came = together(
        app,
        settings,
        "LOCK TABLE shown_proof IN SHARE ROW EXCLUSIVE MODE",
        *(lambda process=process: process.dpop.check(proof, REQUEST) for process in others),
    )
    assert sorted(isinstance(result, ProofRefused) for result in came) == [False, True]


@given(st.text(max_size=60))
def test_an_address_is_compared_or_refused_and_never_raises(text: str) -> None:
    assert _address(text) == _address(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda leaf: st.lists(leaf, max_size=3), max_leaves=5))
def test_any_header_is_refused_with_a_reason(value: Any) -> None:  # noqa: ANN401
    from govcloud.signon.oauth.dpop import _verified  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    assert key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for name in ("alg", "typ", "jwk", "kid"):
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": {}} | {name: value}
        parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, {}))
        with pytest.raises(ProofRefused):
            _verified(f"{'.'.join(parts)}.AAAA")
