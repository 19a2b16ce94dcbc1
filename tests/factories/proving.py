"""Keys of clients, and what they prove with them: DPoP proofs (RFC 9449) and certificates (RFC 8705), right ones or bent."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from govcloud.kernel.signing import base64url, thumbprint

if TYPE_CHECKING:
    from govcloud.kernel.clock import ManualClock

Private: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def _made(algorithm: str) -> Private:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm.startswith("ES"):
        return ec.generate_private_key(ec.SECP256R1() if algorithm == "ES256" else ec.SECP384R1())
    return rsa.generate_private_key(65537, 2048)


class HolderKey:
    """A client's key, and the proofs that it makes with it."""

    def __init__(self, clock: ManualClock, algorithm: str = "ES256", private: Private | None = None) -> None:
        """Make a key; proofs are of the clock's time."""
        self.clock = clock
        self._algorithm = algorithm
        self._private = private or _made(algorithm)
        worked = jwt.get_algorithm_by_name(algorithm)
        made = worked.to_jwk(self._private.public_key())
        self.jwk: dict[str, str] = {name: value for name, value in json.loads(made).items() if name in {"kty", "crv", "x", "y", "n", "e"}}

    @property
    def jkt(self) -> str:
        """Return the thumbprint of the key."""
        return thumbprint(self.jwk)

    def claims(self, method: str, url: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Return the claims of a right proof, with ``changes`` (``None`` leaves one out)."""
        right = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": int(self.clock.now().timestamp())}
        return {name: value for name, value in (right | changes).items() if value is not None}

    def proof(self, method: str, url: str, *, header: dict[str, Any] | None = None, **changes: Any) -> str:  # noqa: ANN401
        """Return a proof for a request."""
        headers = {name: value for name, value in ({"typ": "dpop+jwt", "jwk": self.jwk} | (header or {})).items() if value is not None}
        headers.setdefault("typ", None)
        return jwt.encode(self.claims(method, url, **changes), self._private, algorithm=self._algorithm, headers=headers)


class Certificate:
    """A certificate with its key, as a client shows it and as the proxy hands it on."""

    def __init__(
        self, subject: str = "CN=assistance.example.gov.cn,O=浙江省民政厅,C=CN", *, by: Certificate | None = None, authority: bool = False
    ) -> None:
        """Make a certificate that is signed by an authority, or by itself."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name.from_rfc4514_string(subject)
        day = datetime(2026, 1, 1, tzinfo=UTC)
        self._made: x509.Certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(by._made.subject if by else name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(day)
            .not_valid_after(day + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(by._key if by else self._key, hashes.SHA256())
        )

    def written(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write certificate and key as PEM and return where."""
        pem, key = folder / f"{name}.pem", folder / f"{name}.key"
        pem.write_bytes(self._made.public_bytes(Encoding.PEM))
        key.write_bytes(self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return pem, key

    @property
    def escaped(self) -> str:
        """Return it as nginx writes it (``$ssl_client_escaped_cert``)."""
        return quote(self._made.public_bytes(Encoding.PEM).decode("ascii"), safe="")

    @property
    def der(self) -> bytes:
        """Return it in DER."""
        return self._made.public_bytes(Encoding.DER)

    @property
    def thumbprint(self) -> str:
        """Return its SHA-256 in base64url."""
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.der)
        return base64url(digest.finalize())
