"""Clients that prove themselves by certificate, through a proxy that proves itself: nobody else can write the header (RFC 8705)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.services import Services
from govcloud.settings import Settings, SettingsError, load_settings
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import SELF_SIGNED_TLS, TLS, OidcSettings
from tests.entrypoints.oidc.conftest import Party
from tests.factories.clients import register_unchecked
from tests.factories.proving import Certificate
from tests.factories.world import World

HEADER, SECRET = "X-Client-Certificate", "the-proxy-and-the-platform-share-this"
DN = "CN=assistance.example.gov.cn,O=浙江省民政厅,C=CN"
OWN, OTHER, STRANGER = Certificate(DN), Certificate(DN), Certificate("CN=stranger.example")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return the settings of a platform behind a proxy that asks for certificates at an address of its own."""
    return load_settings(
        **settings.model_dump(exclude={"database_url", "database_owner_url"})
        | {
            "DATABASE_URL": settings.database_url,
            "trusted_proxies": 1,
            "client_certificate_header": HEADER,
            "client_certificate_secret": SECRET,
            "client_certificate_url": "https://mtls.cloud.example.gov.cn",
        }
    )


def proxied(certificate: Certificate | None, *, verify: str = "SUCCESS", secret: str | None = SECRET) -> dict[str, str]:
    """Return what the proxy adds to a request."""
    headers = {f"{HEADER}-Verify": verify}
    if certificate is not None:
        headers[HEADER] = certificate.escaped
    if secret is not None:
        headers[f"{HEADER}-Secret"] = secret
    return headers


def registered(services: Services, browser: FlaskClient, client_id: str, auth_method: str, **settings: Any) -> Party:  # noqa: ANN401
    address = f"http://127.0.0.1:8002/{client_id}"
    row = NewClient("assistance", client_id, "测试", (address,), auth_method=auth_method, settings=OidcSettings(**settings))
    register_unchecked(services, row)
    return Party(browser, client_id, None, address)


@pytest.fixture
def by_subject(services: Services, world: World, browser: FlaskClient, wang: SignedIn) -> Party:
    return registered(services, browser, "assistance-tls", TLS, tls_subject_dn=DN, tls_bound=True)


@pytest.fixture
def by_own(services: Services, world: World, browser: FlaskClient, wang: SignedIn) -> Party:
    jwks = {"keys": [{"kty": "EC", "x5c": [base64.b64encode(OWN.der).decode()]}]}
    return registered(services, browser, "assistance-self", SELF_SIGNED_TLS, jwks=jwks, tls_bound=True)


def redeem(party: Party, headers: Mapping[str, str], code: str | None = None) -> TestResponse:
    return party.browser.post("/oidc/token", data=party.form(code or party.code(), client_id=party.client_id), headers=dict(headers))


def show(party: Party, token: str, headers: Mapping[str, str]) -> int:
    return party.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}", **headers}).status_code


def test_by_subject(by_subject: Party) -> None:
    tokens = redeem(by_subject, proxied(OWN)).get_json()
    assert tokens["token_type"] == "Bearer"
    assert jwt.decode(tokens["access_token"], options={"verify_signature": False})["cnf"] == {"x5t#S256": OWN.thumbprint}
    # Another certificate of the same name is the same client, and its tokens are bound to that one.
    assert redeem(by_subject, proxied(OTHER)).status_code == 200


def test_by_its_own_certificate(by_own: Party) -> None:
    assert redeem(by_own, proxied(OWN, verify="FAILED:self-signed certificate")).status_code == 200
    for wrong in (OTHER, STRANGER, None):
        assert redeem(by_own, proxied(wrong)).status_code == 401


def test_what_proves_nothing(by_subject: Party) -> None:
    code = by_subject.code()
    attempts: dict[str, Mapping[str, str]] = {
        "no certificate": proxied(None),
        "another name": proxied(STRANGER),
        "no authority vouches for it": proxied(OWN, verify="FAILED:self-signed certificate"),
        "nothing said about an authority": proxied(OWN, verify=""),
        "without the proxy's secret": proxied(OWN, secret=None),
        "with another secret": proxied(OWN, secret="guessed-guessed-guessed-guessed-guessed"),
        "with an empty secret": proxied(OWN, secret=""),
        "secret with a tail": proxied(OWN, secret=f"{SECRET} "[:-1] + "x"),
        "no PEM": proxied(OWN) | {HEADER: "x"},
        "endless": proxied(OWN) | {HEADER: OWN.escaped + "x" * 20_000},
        "two certificates in one header": proxied(OWN) | {HEADER: f"{STRANGER.escaped},{OWN.escaped}"},
        "header of another proxy": {"X-SSL-Client-Cert": OWN.escaped, f"{HEADER}-Secret": SECRET},
    }
    for name, headers in attempts.items():
        answer = redeem(by_subject, headers, code)
        # After some of them the client is told to wait; what it brings proves nothing all the same.
        assert answer.status_code in {401, 429}, name
        assert answer.get_json()["error"] == "invalid_client", name
    assert redeem(by_subject, proxied(OWN), code).status_code == 200


def test_a_stolen_token_is_worth_nothing_without_the_certificate(by_subject: Party) -> None:
    token = redeem(by_subject, proxied(OWN)).get_json()["access_token"]
    assert show(by_subject, token, proxied(OWN)) == 200
    assert show(by_subject, token, {}) == 401
    assert show(by_subject, token, proxied(OTHER)) == 401
    assert show(by_subject, token, proxied(OWN, secret=None)) == 401
    assert by_subject.browser.get("/oidc/userinfo", headers={"Authorization": f"DPoP {token}", **proxied(OWN)}).status_code == 401


def test_a_secret_proves_no_client_by_certificate_nor_the_other_way_round(by_subject: Party, party: Party) -> None:
    form = by_subject.form(by_subject.code(), client_id=by_subject.client_id, client_secret="x")
    assert by_subject.browser.post("/oidc/token", data=form, headers=proxied(OWN)).status_code == 401
    form = party.form(party.code(), client_id=party.client_id)
    assert party.browser.post("/oidc/token", data=form, headers=proxied(OWN)).status_code == 401


def test_introspection_and_revocation_take_certificates_as_well(by_subject: Party) -> None:
    token = redeem(by_subject, proxied(OWN)).get_json()["access_token"]
    form = {"token": token, "client_id": by_subject.client_id}
    said = by_subject.browser.post("/oidc/introspect", data=form, headers=proxied(OWN)).get_json()
    assert said["cnf"] == {"x5t#S256": OWN.thumbprint}
    assert by_subject.browser.post("/oidc/introspect", data=form, headers=proxied(STRANGER)).status_code == 401
    assert by_subject.browser.post("/oidc/revoke", data=form, headers=proxied(OWN)).status_code == 200
    assert show(by_subject, token, proxied(OWN)) == 401


def test_discovery_says_where(browser: FlaskClient) -> None:
    document = browser.get("/.well-known/openid-configuration").get_json()
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(document["token_endpoint_auth_methods_supported"])
    assert document["tls_client_certificate_bound_access_tokens"] is True
    assert document["mtls_endpoint_aliases"]["token_endpoint"] == "https://mtls.cloud.example.gov.cn/oidc/token"


@pytest.mark.parametrize(
    "wrong",
    [
        {"trusted_proxies": 0},
        {"client_certificate_secret": None},
        {"client_certificate_secret": "short"},
        {"client_certificate_header": "X Client"},
        {"client_certificate_header": "X_Client_Cert"},
        {"client_certificate_url": "http://mtls.cloud.example.gov.cn"},
    ],
)
def test_a_platform_that_could_be_lied_to_does_not_start(settings: Settings, wrong: dict[str, Any]) -> None:
    given = settings.model_dump(exclude={"database_url", "database_owner_url"}) | {"DATABASE_URL": settings.database_url}
    with pytest.raises(SettingsError):
        load_settings(**given | wrong)


def test_the_secret_is_not_in_what_is_printed(settings: Settings) -> None:
    assert SECRET not in repr(settings)
