"""The algorithms that the platform signs with: how a key of each is made, and how its public half is published (RFC 7517, RFC 7518)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

import rfc8785
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

ES256, RS256 = "ES256", "RS256"
_P256_BYTES = 32
#: RFC 7518 section 3.3 demands no less; a key signs for a season, not for ever.
_RSA_BITS = 2048
_RSA_EXPONENT = 65537
_BYTE = 8


@dataclass(frozen=True)
class Algorithm:
    """What belongs to one JWA algorithm: what makes a key, and the members of its public JWK that RFC 7638 hashes."""

    generate: Callable[[], PrivateKey]
    members: Callable[[PrivateKey], dict[str, str]]


def _of_p256(key: PrivateKey) -> dict[str, str]:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"a {type(key).__name__} does not sign with {ES256}")
    numbers = key.public_key().public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": base64url(numbers.x.to_bytes(_P256_BYTES)), "y": base64url(numbers.y.to_bytes(_P256_BYTES))}


def _of_rsa(key: PrivateKey) -> dict[str, str]:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"a {type(key).__name__} does not sign with {RS256}")
    numbers = key.public_key().public_numbers()
    return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}


ALGORITHMS: Mapping[str, Algorithm] = {
    ES256: Algorithm(lambda: ec.generate_private_key(ec.SECP256R1()), _of_p256),
    RS256: Algorithm(lambda: rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS), _of_rsa),
}
"""In the order in which they are offered; the first is the default."""


def public_jwk(algorithm: str, key: PrivateKey) -> dict[str, Any]:
    """Return the public JWK of a key, with its RFC 7638 thumbprint as ``kid``."""
    members = ALGORITHMS[algorithm].members(key)
    return members | {"kid": thumbprint(members), "use": "sig", "alg": algorithm}


def thumbprint(members: Mapping[str, str]) -> str:
    """Return the RFC 7638 thumbprint (SHA-256, base64url) of the required members of a JWK."""
    # Section 3.3: in lexicographic order without white space, which RFC 8785 gives.
    return base64url(sha256(rfc8785.dumps(dict(members))).digest())


def to_der(key: PrivateKey) -> bytes:
    """Return the private key as it is sealed (PKCS #8, DER)."""
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def from_der(der: bytes) -> PrivateKey:
    """Return the private key that ``to_der`` wrote; of RSA this takes some 60 ms."""
    key = serialization.load_der_private_key(der, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError(f"a signing key is a {type(key).__name__}, which the platform does not sign with")
    return key


def base64url(data: bytes) -> str:
    """Return ``data`` in base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _number(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + _BYTE - 1) // _BYTE))
