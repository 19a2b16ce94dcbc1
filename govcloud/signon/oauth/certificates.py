"""Certificates of clients: what a client shows in the TLS handshake proves who it is, and tokens may be bound to it (RFC 8705).

The handshake happens at the proxy. That a certificate was really shown there is for the way in to make sure
(``web/client_certificate.py``); here stands what a certificate is worth.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from govcloud.kernel import crypto
from govcloud.kernel.signing import base64url
from govcloud.subsystems.protocols import SELF_SIGNED_TLS, TLS
from govcloud.subsystems.queries import ClientView

THUMBPRINT = "x5t#S256"
"""The member of the claim ``cnf`` that a certificate is bound by (RFC 8705 section 3.1)."""
LONGEST = 16_384


class CertificateError(Exception):
    """What was handed on as a certificate is none; the text is for the operator's log."""


@dataclass(frozen=True)
class ClientCertificate:
    """A certificate whose private key the client holds; ``trusted``: its chain ends at an authority that the proxy was told of."""

    der: bytes
    subject: x509.Name
    trusted: bool

    @property
    def thumbprint(self) -> str:
        """Return the SHA-256 of the certificate in base64url (``x5t#S256``)."""
        return base64url(sha256(self.der).digest())


def read_certificate(pem: str, *, trusted: bool) -> ClientCertificate:
    """Return a certificate as PEM has it.

    Raises:
        CertificateError: it is none.
    """
    if len(pem) > LONGEST:
        raise CertificateError(f"the certificate is longer than {LONGEST} characters")
    try:
        found = x509.load_pem_x509_certificate(pem.encode("ascii"))
        return ClientCertificate(found.public_bytes(Encoding.DER), found.subject, trusted)
    except ValueError as error:
        raise CertificateError(f"the certificate cannot be read: {error}") from error


def proves(client: ClientView, certificate: ClientCertificate) -> bool:
    """Say whether a certificate proves that its holder is ``client``, in the way that the client is registered for."""
    if client.auth_method == TLS:
        return certificate.trusted and _same_subject(client.oidc.tls_subject_dn, certificate.subject)
    return client.auth_method == SELF_SIGNED_TLS and any(
        crypto.same(known, sha256(certificate.der).digest()) for known in _registered(client.oidc.jwks)
    )


def _same_subject(registered: str | None, subject: x509.Name) -> bool:
    """Compare distinguished names part by part: RFC 4514 leaves open how one is written."""
    try:
        # A name without any part would be that of every certificate that leaves its subject out.
        return bool(registered) and x509.Name.from_rfc4514_string(registered or "") == subject
    except ValueError:
        return False


def _registered(jwks: Mapping[str, object] | None) -> Iterator[bytes]:
    """Give the SHA-256 of every certificate in a client's JWK Set: as ``x5c`` or ``x5t#S256`` (RFC 7517 sections 4.7 and 4.9)."""
    keys = (jwks or {}).get("keys")
    for key in keys if isinstance(keys, list | tuple) else ():
        chain = key.get("x5c") if isinstance(key, Mapping) else None
        try:
            if isinstance(chain, list | tuple) and chain:
                yield sha256(base64.b64decode(chain[0], validate=True)).digest()
            elif isinstance(key, Mapping) and isinstance(key.get(THUMBPRINT), str):
                text = key[THUMBPRINT]
                yield base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError, TypeError):
            continue
