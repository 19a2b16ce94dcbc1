"""Clients that sign: what is believed, and every way in which a signature, a key or a claim can be wrong."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpcore
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Flask

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.oauth.client_keys import ClientKeys, KeysUnavailableError
from govcloud.signon.oauth.errors import AssertionRefused
from govcloud.subsystems.protocols import PRIVATE_KEY_JWT, OidcSettings
from govcloud.subsystems.queries import ClientView
from tests.commands.signon.oauth.conftest import refresher
from tests.factories.clients import put_unchecked
from tests.factories.racing import together
from tests.factories.world import World

AUDIENCES = {"http://localhost", "http://localhost/oidc/token"}
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
EC_JWK = {**jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec"}
RSA_JWK = {**jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa"}
WEAK_JWK = {**jwt.algorithms.RSAAlgorithm.to_jwk(WEAK_KEY.public_key(), as_dict=True), "kid": "weak"}
OCT_JWK = {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "oct"}
CLIENT = "assistance-batch"


def stored(services: Services, client_id: str) -> ClientView:
    found = services.subsystem_queries.client_by_client_id(client_id)
    assert found is not None
    return found


@pytest.fixture
def signer(services: Services, world: World) -> ClientView:
    refresher(services, CLIENT, OidcSettings(jwks={"keys": [EC_JWK, RSA_JWK]}), PRIVATE_KEY_JWT)
    # Weak keys and shared ones are refused at registration; here they must be of no use even so.
    put_unchecked(services, CLIENT, OidcSettings(jwks={"keys": [EC_JWK, RSA_JWK, WEAK_JWK, OCT_JWK]}))
    return stored(services, CLIENT)


def claims(clock: ManualClock, **changes: object) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    right: dict[str, Any] = {"iss": CLIENT, "sub": CLIENT, "aud": "http://localhost", "jti": "1", "iat": now, "exp": now + 60}
    return {name: value for name, value in (right | changes).items() if value is not None}


def signed(payload: dict[str, Any], key: Any = EC_KEY, algorithm: str = "ES256", kid: str | None = "ec") -> str:  # noqa: ANN401
    """Sign what the library of a careful client would not: it checks the claims, and warns of weak keys."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body = json.dumps(payload).encode()
        return jwt.api_jws.encode(body, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


def refused(services: Services, assertion: str, client_id: str | None = None) -> str:
    with pytest.raises(AssertionRefused) as raised:
        services.oauth.authenticate(assertion, AUDIENCES, client_id)
    return raised.value.reason


@pytest.mark.parametrize("how", [("ES256", EC_KEY, "ec"), ("RS256", RSA_KEY, "rsa"), ("PS256", RSA_KEY, "rsa")])
def test_a_signature_proves_the_client(services: Services, signer: ClientView, clock: ManualClock, how: tuple[str, object, str]) -> None:
    algorithm, key, kid = how
    for audience in ("http://localhost", "http://localhost/oidc/token", ["http://localhost", "http://localhost/oidc/token"]):
        assertion = signed(claims(clock, jti=str(audience), aud=audience), key, algorithm, kid)
        assert services.oauth.authenticate(assertion, AUDIENCES).client_id == CLIENT


def test_it_is_believed_once(services: Services, signer: ClientView, clock: ManualClock) -> None:
    assertion = signed(claims(clock))
    assert services.oauth.authenticate(assertion, AUDIENCES, CLIENT)
    assert "before" in refused(services, assertion)
    assert "before" in refused(services, signed(claims(clock)))  # another signature, the same jti


def test_of_two_at_once_one_is_believed(app: Flask, settings: Settings, services: Services, signer: ClientView, clock: ManualClock) -> None:
    assertion = signed(claims(clock))
    shown = [lambda: services.oauth.authenticate(assertion, AUDIENCES)] * 3
    outcomes = together(app, settings, "LOCK TABLE shown_proof IN ACCESS EXCLUSIVE MODE", *shown)
    assert sum(isinstance(outcome, ClientView) for outcome in outcomes) == 1


WRONG: list[dict[str, object]] = [
    {"iss": "housing-web"},
    {"iss": None},
    {"sub": "housing-web"},
    {"sub": None},
    {"sub": 7},
    {"aud": None},
    {"aud": []},
    {"aud": "http://elsewhere"},
    {"aud": "http://localhost/"},
    {"aud": ["http://localhost", "http://elsewhere"]},
    {"aud": {"http://localhost": 1}},
    {"jti": None},
    {"jti": ""},
    {"jti": 7},
    {"jti": "x" * 257},
    {"exp": None},
    {"exp": "soon"},
    {"exp": True},
    {"exp": -1},
    {"exp": 10**12},
    {"exp": float("inf")},
]


def test_each_wrong_claim_is_refused(services: Services, signer: ClientView, clock: ManualClock) -> None:
    for wrong in WRONG:
        assert refused(services, signed(claims(clock, **wrong))), wrong
    # Nothing of this has used the name up.
    assert services.oauth.authenticate(signed(claims(clock)), AUDIENCES)


def test_it_holds_for_a_few_minutes(services: Services, signer: ClientView, clock: ManualClock) -> None:
    now = int(clock.now().timestamp())
    assert "expired" in refused(services, signed(claims(clock, exp=now - 60)))
    assert services.oauth.authenticate(signed(claims(clock, exp=now - 59)), AUDIENCES)  # clocks are not quite the same
    assert "ahead" in refused(services, signed(claims(clock, exp=now + 661, jti="2")))
    assert services.oauth.authenticate(signed(claims(clock, exp=now + 660, jti="2")), AUDIENCES)
    assert "not valid yet" in refused(services, signed(claims(clock, iat=now + 61, jti="3")))
    assert "not valid yet" in refused(services, signed(claims(clock, nbf=now + 61, jti="3")))


def test_it_cannot_come_again_when_it_was_forgotten(services: Services, signer: ClientView, clock: ManualClock) -> None:
    assertion = signed(claims(clock, exp=int(clock.now().timestamp()) + 600))
    services.oauth.authenticate(assertion, AUDIENCES)
    clock.advance(timedelta(seconds=659))
    assert "before" in refused(services, assertion)
    clock.advance(timedelta(seconds=1))
    assert "expired" in refused(services, assertion)


def _part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def _hs256(payload: dict[str, Any], secret: bytes, **header: object) -> str:
    text = f"{_part({'alg': 'HS256', **header})}.{_part(payload)}"
    return f"{text}.{base64.urlsafe_b64encode(hmac.new(secret, text.encode(), sha256).digest()).rstrip(b'=').decode()}"


FORGERIES: list[Callable[[dict[str, Any]], str]] = [
    lambda payload: signed(payload, ec.generate_private_key(ec.SECP256R1())),
    lambda payload: signed(payload, WEAK_KEY, "RS256", "weak"),
    lambda payload: signed(payload, RSA_KEY, "RS256", "ec"),
    lambda payload: signed(payload, EC_KEY, "ES256", "rsa"),
    lambda payload: signed(payload, EC_KEY, "ES256", "nobody"),
    lambda payload: signed(payload, RSA_KEY, "RS512", "rsa"),
    lambda payload: signed(payload, RSA_KEY, "RS256", None),  # two keys would do
    lambda payload: signed(payload)[:-4],
    lambda payload: f"{_part({'alg': 'none', 'kid': 'ec'})}.{_part(payload)}.",
    lambda payload: f"{_part({'alg': ['ES256'], 'kid': 'ec'})}.{_part(payload)}.x",
    lambda payload: _hs256(payload, b"secretsecretsecretsecret", kid="oct"),
    lambda payload: _hs256(payload, json.dumps(EC_JWK).encode(), kid="ec"),
    lambda payload: jwt.encode(
        payload,
        (own := ec.generate_private_key(ec.SECP256R1())),
        "ES256",
        {"jwk": jwt.algorithms.ECAlgorithm.to_jwk(own.public_key(), as_dict=True)},
    ),
]


def test_forgeries_are_refused(services: Services, signer: ClientView, clock: ManualClock) -> None:
    for forge in FORGERIES:
        assert refused(services, forge(claims(clock))), forge
    for text in ("", ".", "a.b.c", "王芳", "\ud800", "\0", "." * 9000, "e30.e30.e30", f"{_part({'alg': 'ES256'})}.W10.x"):
        assert refused(services, text)


def test_only_for_clients_that_are_registered_so(services: Services, signer: ClientView, world: World, clock: ManualClock) -> None:
    for other in ("assistance-web", "nobody", "' OR 1=1 --", "\0"):
        assert refused(services, signed(claims(clock, iss=other, sub=other)))
    assert refused(services, signed(claims(clock)), "assistance-web")
    services.subsystems.disable_client(world.system_admin.actor(), CLIENT)
    assert refused(services, signed(claims(clock)))


def test_its_secret_is_nobodys(services: Services, signer: ClientView) -> None:
    assert services.subsystem_queries.authenticate_client(CLIENT, "") is None


# Keys at an address


class _Site(HTTPServer):
    """A client's site: what it answers, and how often it was asked."""

    answer: bytes = b""
    status = 200
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Site

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@contextmanager
def _serving() -> Iterator[_Site]:
    with _Site(("127.0.0.1", 0), _Handler) as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()


@pytest.fixture
def site() -> Iterator[_Site]:
    with _serving() as serving:
        serving.answer = json.dumps({"keys": [EC_JWK]}).encode()
        yield serving


@pytest.fixture
def publisher(services: Services, world: World, site: _Site) -> ClientView:
    address = f"http://127.0.0.1:{site.server_port}/jwks"
    return refresher(services, CLIENT, OidcSettings(jwks_uri=address), PRIVATE_KEY_JWT).client


def test_keys_are_fetched_once_and_kept(services: Services, publisher: ClientView, site: _Site, clock: ManualClock) -> None:
    for number in range(3):
        assert services.oauth.authenticate(signed(claims(clock, jti=str(number))), AUDIENCES)
    assert site.asked == 1
    clock.advance(timedelta(minutes=10))
    assert services.oauth.authenticate(signed(claims(clock, jti="later")), AUDIENCES)
    assert site.asked == 2


def test_a_new_key_is_fetched_soon_but_nobody_makes_us_knock(
    services: Services, publisher: ClientView, site: _Site, clock: ManualClock
) -> None:
    services.oauth.authenticate(signed(claims(clock)), AUDIENCES)
    site.answer = json.dumps({"keys": [EC_JWK | {"kid": "new"}]}).encode()
    for _ in range(5):
        assert refused(services, signed(claims(clock, jti="2"), kid="new"))
    assert site.asked == 1
    clock.advance(timedelta(seconds=30))
    assert services.oauth.authenticate(signed(claims(clock, jti="2"), kid="new"), AUDIENCES)
    assert site.asked == 2


ANSWERS = [
    (500, b"{}"),
    (302, b""),
    (200, b""),
    (200, b"<html>"),
    (200, b"[]"),
    (200, b'{"keys": 7}'),
    (200, json.dumps({"keys": [EC_JWK] * 21}).encode()),
    (200, b" " * 70_000 + b'{"keys": []}'),
    (200, b"[" * 60_000),
]


def test_what_is_no_set_of_keys_is_not_believed(services: Services, publisher: ClientView, site: _Site, clock: ManualClock) -> None:
    for status, answer in ANSWERS:
        site.status, site.answer = status, answer
        assert "cannot be had" in refused(services, signed(claims(clock))), answer[:40]
        clock.advance(timedelta(seconds=30))
    assert site.asked == len(ANSWERS)  # nobody was followed
    site.status, site.answer = 200, json.dumps({"keys": ["x", EC_JWK]}).encode()
    assert services.oauth.authenticate(signed(claims(clock)), AUDIENCES)


INSIDE = [
    "http://127.0.0.1:1/jwks",
    "https://127.0.0.1:1/jwks",
    "https://localhost:1/jwks",
    "https://169.254.169.254/latest",
    "https://0.0.0.0/jwks",
    "https://[::1]/jwks",
    "https://[::ffff:127.0.0.1]/jwks",
    "https://224.0.0.1/jwks",
    "http://example.org/jwks",
    "file:///etc/passwd",
    "https:///jwks",
    "https://[",
]


@pytest.mark.parametrize("address", INSIDE)
def test_in_service_nothing_leads_inside(services: Services, publisher: ClientView, clock: ManualClock, address: str) -> None:
    keys = ClientKeys(clock, loopback_allowed=False)
    refresher(services, "assistance-inside", OidcSettings(jwks_uri="https://keys.example.gov.cn/jwks"), PRIVATE_KEY_JWT)
    put_unchecked(services, "assistance-inside", OidcSettings(jwks_uri=address))
    client = stored(services, "assistance-inside")
    with pytest.raises(KeysUnavailableError):
        keys.of(client, None)


def test_a_name_that_leads_elsewhere_a_moment_later_leads_nowhere(
    services: Services, world: World, clock: ManualClock, site: _Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what was looked at is where the platform connects, so the second answer of the name is never asked for."""
    asked: list[str] = []
    reached: list[tuple[str, int]] = []

    def rebinding(host: str, port: int, *_: object, **__: object) -> list[object]:
        asked.append(host)
        there = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (there, port))]

    async def connecting(_: object, host: str, port: int, *__: object, **___: object) -> object:
        reached.append((host, port))
        raise httpcore.ConnectError("nobody is there")

    address = f"https://keys.zj.example:{site.server_port}/jwks"
    client = refresher(services, "assistance-rebound", OidcSettings(jwks_uri=address), PRIVATE_KEY_JWT).client
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connecting)
    with pytest.raises(KeysUnavailableError):
        ClientKeys(clock, loopback_allowed=False).of(client, None)
    assert asked == ["keys.zj.example"]
    assert reached == [("192.0.2.1", site.server_port)]
    assert site.asked == 0
