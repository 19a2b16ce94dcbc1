"""Certificates of clients: which one proves who a client is, and what tokens are bound to (RFC 8705)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest

from govcloud.signon.oauth.certificates import CertificateError, ClientCertificate, proves, read_certificate
from govcloud.subsystems.protocols import PUBLIC, SECRET, SELF_SIGNED_TLS, TLS, OidcSettings
from govcloud.subsystems.views import ClientView
from tests.factories.proving import Certificate

DN = "CN=assistance.example.gov.cn,O=浙江省民政厅,C=CN"
OWN, OTHER = Certificate(DN), Certificate(DN)


def shown(certificate: Certificate, *, trusted: bool = True) -> ClientCertificate:
    return read_certificate(unquote(certificate.escaped), trusted=trusted)


def client(auth_method: str, **settings: Any) -> ClientView:  # noqa: ANN401 - fields of the settings
    some = UUID(int=1)
    return ClientView(
        some, "assistance-web", "", some, "assistance", "", auth_method, OidcSettings(**settings), (), (), (), (), disabled=False
    )


def x5c(certificate: Certificate) -> dict[str, Any]:
    return {"keys": ({"kty": "EC", "x5c": (base64.b64encode(certificate.der).decode(),)},)}


def test_the_thumbprint_is_that_of_the_certificate() -> None:
    assert shown(OWN).thumbprint == OWN.thumbprint
    assert shown(OTHER).thumbprint != OWN.thumbprint


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "证书", "\ud800"])
def test_what_is_no_certificate_is_named_so(pem: str) -> None:
    with pytest.raises(CertificateError):
        read_certificate(pem, trusted=True)


def test_by_subject_only_when_an_authority_vouches_for_it() -> None:
    known = client(TLS, tls_subject_dn=DN)
    assert proves(known, shown(OWN))
    assert not proves(known, shown(OWN, trusted=False))


@pytest.mark.parametrize(
    "registered",
    [
        None,
        "",
        "CN=assistance.example.gov.cn",
        "CN=assistance.example.gov.cn,O=浙江省民政厅",
        "C=CN,O=浙江省民政厅,CN=assistance.example.gov.cn",
        "CN=housing.example.gov.cn,O=浙江省民政厅,C=CN",
        "CN=assistance.example.gov.cn,O=浙江省民政厅,C=CN,",
        "no name",
    ],
)
def test_another_subject_proves_nothing(registered: str | None) -> None:
    assert not proves(client(TLS, tls_subject_dn=registered), shown(OWN))


def test_how_a_name_is_written_does_not_matter() -> None:
    assert proves(client(TLS, tls_subject_dn="CN=assistance.example.gov.cn, O=浙江省民政厅, C=CN".replace(", ", ",")), shown(OWN))
    assert proves(client(TLS, tls_subject_dn="2.5.4.3=assistance.example.gov.cn,2.5.4.10=浙江省民政厅,2.5.4.6=CN"), shown(OWN))


def test_a_certificate_without_a_subject_is_nobodys() -> None:
    assert not proves(client(TLS, tls_subject_dn=""), shown(Certificate("")))


def test_self_signed_by_the_certificate_or_its_thumbprint() -> None:
    by_thumbprint = {"keys": ({"kty": "EC", "x5t#S256": OWN.thumbprint},)}
    for jwks in (x5c(OWN), by_thumbprint):
        assert proves(client(SELF_SIGNED_TLS, jwks=jwks), shown(OWN, trusted=False))
        assert not proves(client(SELF_SIGNED_TLS, jwks=jwks), shown(OTHER))


@pytest.mark.parametrize(
    "jwks",
    [None, {}, {"keys": "x"}, {"keys": ()}, {"keys": ("x",)}, {"keys": ({"x5c": ()},)}, {"keys": ({"x5c": ("%",)}, {"x5t#S256": ""})}],
)
def test_keys_without_a_certificate_prove_nothing(jwks: Any) -> None:  # noqa: ANN401 - what a table may hold
    assert not proves(client(SELF_SIGNED_TLS, jwks=jwks), shown(OWN))


def test_a_client_that_proves_itself_otherwise_is_not_proven_by_a_certificate() -> None:
    right = client(TLS, tls_subject_dn=DN, jwks=x5c(OWN))
    for method in (PUBLIC, SECRET, "private_key_jwt"):
        assert not proves(replace(right, auth_method=method), shown(OWN))
