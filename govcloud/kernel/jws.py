"""JSON Web Signatures (RFC 7515) with the signature apart: made with keys of the platform's ring, checked with public JWKs.

Only what receipts need: ES256 (RFC 7518 section 3.4) to sign, ES256 and EdDSA with Ed25519 (RFC 8037) to check. A check takes the key
from whoever asks and never from the document, and the algorithm from the key: a header that names another is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from govcloud.kernel.signing import ES256, PrivateKey, base64url

EDDSA = "EdDSA"
#: The members of a protected header that are understood; a ``crit`` (RFC 7515 section 4.1.11) is none of them, so it is refused.
_UNDERSTOOD = frozenset({"alg", "kid", "typ", "cty", "x5t#S256", "x5c"})
_HALF = 32


class BadSignature(ValueError):
    """The signature does not hold, or cannot be read; the sentence says why."""


def encoded(value: Mapping[str, Any]) -> str:
    """Return a JSON object in canonical form (RFC 8785), base64url."""
    return base64url(rfc8785.dumps(dict(value)))


def decoded(text: str) -> bytes:
    """Return what stands in base64url without padding (RFC 7515 section 2).

    Raises:
        BadSignature: it is not the one way to write it.
    """
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignature("not base64url") from error
    if base64url(data) != text:
        raise BadSignature("not the canonical base64url")
    return data


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object that stands in base64url.

    Raises:
        BadSignature: there is none, or a name stands in it twice (RFC 7515 section 4).
    """
    try:
        value = json.loads(decoded(text), object_pairs_hook=_once)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadSignature("not a JSON object") from error
    if not isinstance(value, dict):
        raise BadSignature("not a JSON object")
    return value


def sign(private_key: PrivateKey, protected: str, payload: str) -> str:
    """Return the ES256 signature over a protected header and a payload, both in base64url."""
    if not isinstance(private_key, EllipticCurvePrivateKey):
        raise TypeError(f"a {type(private_key).__name__} does not sign with {ES256}")
    r, s = decode_dss_signature(private_key.sign(_input(protected, payload), ECDSA(SHA256())))
    return base64url(r.to_bytes(_HALF) + s.to_bytes(_HALF))


def verify(protected: str, payload: str, signature: str, jwk: Mapping[str, Any]) -> None:
    """Go on if ``signature`` over the protected header and the payload was made with the private half of ``jwk``.

    Raises:
        BadSignature: it was not, or the header names another algorithm than the key has, or something that is not understood.
    """
    header = json_object(protected)
    unknown = header.keys() - _UNDERSTOOD
    if unknown:
        raise BadSignature(f"the header has {', '.join(sorted(unknown))}, which is not understood")
    algorithm = algorithm_of(jwk)
    if header.get("alg") != algorithm:
        raise BadSignature(f"the header says {header.get('alg')!r}, the key is for {algorithm}")
    verify_bytes(_input(protected, payload), decoded(signature), jwk)


def verify_bytes(data: bytes, given: bytes, jwk: Mapping[str, Any]) -> None:
    """Go on if ``given``, in the form of a JWS's signature, was made over ``data`` with the private half of ``jwk``.

    Raises:
        BadSignature: it was not, or the key is of no kind that is known here.
    """
    algorithm = algorithm_of(jwk)
    try:
        if algorithm == EDDSA:
            Ed25519PublicKey.from_public_bytes(_member(jwk, "x")).verify(given, data)
            return
        if len(given) != 2 * _HALF:
            raise BadSignature("the signature has not the length of its algorithm")
        numbers = EllipticCurvePublicNumbers(int.from_bytes(_member(jwk, "x")), int.from_bytes(_member(jwk, "y")), SECP256R1())
        dss = encode_dss_signature(int.from_bytes(given[:_HALF]), int.from_bytes(given[_HALF:]))
        numbers.public_key().verify(dss, data, ECDSA(SHA256()))
    except InvalidSignature as error:
        raise BadSignature("the signature does not hold") from error
    except ValueError as error:
        raise error if isinstance(error, BadSignature) else BadSignature("the key cannot be read") from error


def from_der(signature: bytes) -> bytes:
    """Return an ECDSA signature on P-256 in the form of a JWS (RFC 7518 section 3.4), which other standards write in DER.

    Raises:
        BadSignature: it is none.
    """
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(_HALF) + s.to_bytes(_HALF)
    except (ValueError, OverflowError) as error:
        raise BadSignature("the signature is not in DER") from error


def algorithm_of(jwk: Mapping[str, Any]) -> str:
    """Return the one algorithm that a public JWK is for.

    Raises:
        BadSignature: it is of a kind that is not known here.
    """
    kinds = {("EC", "P-256"): ES256, ("OKP", "Ed25519"): EDDSA}
    found = kinds.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if found is None or jwk.get("alg", found) != found:
        raise BadSignature("the key is of no kind that is known here")
    return found


def _input(protected: str, payload: str) -> bytes:
    """Return what is signed (RFC 7515 section 5.1, step 5)."""
    return f"{protected}.{payload}".encode("ascii", errors="replace")


def _member(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    return decoded(value) if isinstance(value, str) else b""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadSignature("a name stands twice in one object")
    return found
