"""Keys of clients for tests: real pairs, and their public halves as key sets (RFC 7517)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


def _encoded(number: int, length: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(length, "big")).rstrip(b"=").decode()


def elliptic_key(kid: str = "k1", *, private: bool = False, certificate: bool = False) -> dict[str, Any]:
    """Return a P-256 key; with its private half when asked for, or with a self-signed certificate."""
    pair = ec.generate_private_key(ec.SECP256R1())
    numbers = pair.public_key().public_numbers()
    key: dict[str, Any] = {"kty": "EC", "crv": "P-256", "kid": kid, "x": _encoded(numbers.x, 32), "y": _encoded(numbers.y, 32)}
    if private:
        key["d"] = _encoded(pair.private_numbers().private_value, 32)
    if certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "housing")])
        unsigned = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(pair.public_key())
        unsigned = (
            unsigned.serial_number(1).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        )
        der = unsigned.sign(pair, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        key["x5c"] = [base64.b64encode(der).decode()]
    return key


def rsa_key(bits: int = 2048, kid: str = "r1") -> dict[str, Any]:
    """Return the public half of an RSA key of ``bits``."""
    numbers = rsa.generate_private_key(65537, bits).public_key().public_numbers()
    return {"kty": "RSA", "kid": kid, "n": _encoded(numbers.n, bits // 8), "e": _encoded(numbers.e, 3)}


def key_set(*keys: dict[str, Any]) -> dict[str, Any]:
    """Return keys as a set."""
    return {"keys": list(keys)}
