"""Proofs of possession: a client shows with each request that it holds the key that its tokens are bound to (DPoP, RFC 9449).

A proof is made for one request (method, address, token) and believed once, within a minute. That it was shown is remembered in the
database for as long as it would be believed, so it cannot be shown to another process either; nonces of the server (section 8) would
add a round trip and no more, and are not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import jwt

from govcloud.kernel import crypto
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import Invalid
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.signing import base64url, thumbprint
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon.oauth.proofs import show_once

PROOF_TYPE = "dpop+jwt"
LIFE = timedelta(seconds=60)
"""A proof that is older is not believed."""
SKEW = timedelta(seconds=30)
"""So far ahead the clock of a client may be."""
LONGEST = 4096
_MOST_JTI = 256
_RSA_BITS = (2048, 4096)
_LATEST = 10**11
_PORTS = {"http": 80, "https": 443}
#: Members that only a private or a shared key has (RFC 7518 section 6); RFC 9449 section 4.3 has the proof refused with them.
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True)
class _Kind:
    """The key that an algorithm wants: its type and curve, and the members that name it (RFC 7638 section 3.2)."""

    kty: str
    crv: str | None
    members: tuple[str, ...]


_EC, _RSA, _OKP = ("crv", "kty", "x", "y"), ("e", "kty", "n"), ("crv", "kty", "x")
ALGORITHMS: Mapping[str, _Kind] = {
    "ES256": _Kind("EC", "P-256", _EC),
    "ES384": _Kind("EC", "P-384", _EC),
    "EdDSA": _Kind("OKP", "Ed25519", _OKP),
    "PS256": _Kind("RSA", None, _RSA),
    "RS256": _Kind("RSA", None, _RSA),
}
"""Asymmetric ones alone: what is not here is refused (RFC 8725 section 3.1)."""


class ProofRefused(Invalid):
    """A proof does not hold; ``reason`` is in English, for the client's developers and the operator's log."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__("proof_refused", Message("密钥证明无效。"))
        self.reason = reason


@dataclass(frozen=True)
class ProofRequest:
    """The request that a proof must have been made for: its method, the addresses that lead to it, and the token shown with it."""

    method: str
    urls: tuple[str, ...]
    access_token: str | None = None


class Dpop:
    """Believes proofs, each once."""

    def __init__(self, uow: UnitOfWork, keys: KeyRing, clock: Clock) -> None:
        """Take what remembers which proofs were shown."""
        self._uow = uow
        self._keys = keys
        self._clock = clock

    def check(self, proof: str, request: ProofRequest, trace: str | None = None) -> str:
        """Return the thumbprint (``jkt``, RFC 7638) of the key that a proof was made with; the proof is then used up.

        Raises:
            ProofRefused: it does not hold (RFC 9449 section 4.3), was made for another request, is too old, or was shown before.
        """
        jkt, claims = _verified(proof)
        until = self._held_against(claims, request)
        actor = Actor.system("signon", trace_id=trace)
        with self._uow.begin(actor, "govcloud:proof:show", Target("proof", jkt)) as tx:
            digest = self._keys.digest("dpop", f"{jkt}\0{claims['jti']}".encode("utf-8", "surrogatepass"))
            if not show_once(tx, digest, until):
                raise ProofRefused("the proof was shown before: make one for each request")
        return jkt

    def _held_against(self, claims: Mapping[str, Any], request: ProofRequest) -> datetime:
        """Hold the claims against the request; return until when the proof would be believed."""
        if not isinstance(claims["jti"], str) or not 0 < len(claims["jti"]) <= _MOST_JTI:
            raise ProofRefused(f"jti must be text of at most {_MOST_JTI} characters")
        if claims["htm"] != request.method:
            raise ProofRefused("htm is not the method of this request")
        if _address(claims["htu"]) not in {_address(url) for url in request.urls}:
            raise ProofRefused("htu is not the address of this request")
        made_at, now = _moment(claims["iat"]), self._clock.now()
        if not now - LIFE < made_at <= now + SKEW:
            raise ProofRefused(f"iat must lie within the last {LIFE.total_seconds():.0f} seconds")
        if request.access_token is not None:
            # Section 4.2: the proof is made for this very token.
            wanted = base64url(sha256(request.access_token.encode("utf-8", "surrogatepass")).digest())
            if not crypto.same(wanted.encode(), str(claims.get("ath", "")).encode("utf-8", "surrogatepass")):
                raise ProofRefused("ath is not the hash of the access token")
        return made_at + LIFE


def _verified(proof: str) -> tuple[str, Mapping[str, Any]]:
    """Return the thumbprint of the key inside a proof, and what it signed."""
    if len(proof) > LONGEST:
        raise ProofRefused(f"the proof is longer than {LONGEST} characters")
    try:
        header = jwt.get_unverified_header(proof)
        algorithm, jwk = header.get("alg"), header.get("jwk")
        if str(header.get("typ")).lower() != PROOF_TYPE:
            raise ProofRefused(f"typ must be {PROOF_TYPE}")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise ProofRefused(f"alg must be one of {', '.join(ALGORITHMS)}")
        key, jkt = _key(jwk, algorithm)
        claims: Mapping[str, Any] = jwt.decode(
            proof,
            key,
            algorithms=[algorithm],
            # Times are compared with the platform's own clock.
            options={
                "require": ["jti", "htm", "htu", "iat"],
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, UnicodeEncodeError, RecursionError) as error:
        raise ProofRefused(f"the proof does not verify: {error}") from error
    return jkt, claims


def _key(jwk: object, algorithm: str) -> tuple[jwt.PyJWK, str]:
    """Return the key that a proof brings along, and its thumbprint."""
    kind = ALGORITHMS[algorithm]
    if not isinstance(jwk, Mapping) or jwk.get("kty") != kind.kty or (kind.crv is not None and jwk.get("crv") != kind.crv):
        raise ProofRefused(f"jwk must be a key for {algorithm}")
    if _PRIVATE & set(jwk):
        raise ProofRefused("jwk holds a private key: that key is known to others now, make another one")
    members = {name: jwk.get(name) for name in kind.members}
    if not all(isinstance(value, str) and value for value in members.values()):
        raise ProofRefused("jwk lacks a member")
    try:
        # Only what names the key: nothing else in the header says how it is used.
        key = jwt.PyJWK.from_dict(members, algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ProofRefused("jwk cannot be read") from error
    if kind.kty == "RSA" and not _RSA_BITS[0] <= key.key.key_size <= _RSA_BITS[1]:
        raise ProofRefused(f"an RSA key must have {_RSA_BITS[0]} to {_RSA_BITS[1]} bits")
    return key, thumbprint({name: str(value) for name, value in members.items()})


def _address(value: object) -> tuple[str, str, int | None, str] | None:
    """Return what counts of an address: without query and fragment, after normalisation (RFC 9449 section 4.3, RFC 3986 section 6.2)."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        port = parts.port if parts else None
    except ValueError:
        return None
    if parts is None or not parts.hostname or parts.username is not None:
        return None
    return (parts.scheme, parts.hostname, port or _PORTS.get(parts.scheme), parts.path or "/")


def _moment(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise ProofRefused("iat is no time")
    return datetime.fromtimestamp(value, UTC)
