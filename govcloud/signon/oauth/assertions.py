"""Assertions: a client proves who it is with its own private key (``private_key_jwt``, RFC 7523; OIDC Core 9).

An assertion is believed once, from the client that it names and under a key of that client, and only when it was made for this platform
and for the next few minutes. Algorithm and key type are fixed by a list; shared secrets and ``none`` are not on it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon.oauth.client_keys import ClientKeys, Jwk, KeysUnavailableError
from govcloud.signon.oauth.errors import AssertionRefused
from govcloud.signon.oauth.proofs import show_once
from govcloud.subsystems.protocols import PRIVATE_KEY_JWT, OidcSettings
from govcloud.subsystems.queries import ClientView, SubsystemQueries

#: Algorithm → key type (RFC 7518 section 3.1).
ALGORITHMS: Mapping[str, str] = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA"}
LONGEST = timedelta(minutes=10)
"""An assertion for longer than this would have to be remembered for longer, too."""
SKEW = timedelta(seconds=60)
"""So far the clocks of two machines may be apart."""
_MOST_JTI = 256
_LEAST_RSA_BITS = 2048
#: Some thousand years ahead, which the arithmetic of times still bears.
_LATEST = 10**11
_REQUIRED = ["iss", "sub", "aud", "exp", "jti"]


class Assertions:
    """Believes clients by what they signed."""

    def __init__(self, uow: UnitOfWork, subsystems: SubsystemQueries, client_keys: ClientKeys, keys: KeyRing, clock: Clock) -> None:
        """Take who clients are, their keys, and what remembers which proofs were shown."""
        self._uow = uow
        self._subsystems = subsystems
        self._client_keys = client_keys
        self._keys = keys
        self._clock = clock

    def authenticate(
        self, assertion: str, audiences: Collection[str], client_id: str | None, *, address: str | None, trace: str | None
    ) -> ClientView:
        """Return the client that an assertion proves; see ``OAuth.authenticate``."""
        header, named = _unverified(assertion)
        if client_id is not None and client_id != named:
            raise AssertionRefused("client_id differs from the one that the assertion names")
        client = self._subsystems.client_by_client_id(named)
        if client is None or not isinstance(client.settings, OidcSettings) or client.auth_method != PRIVATE_KEY_JWT:
            raise AssertionRefused(f"{named!r} is no enabled client that signs assertions")
        # The client's address may take seconds to answer, and nobody holds a database connection meanwhile.
        self._uow.rest()
        claims = _verified(assertion, self._key(client, header))
        until = self._valid_until(claims, client.client_id, audiences)
        actor = Actor.subsystem(client.client_id, client.name, source_address=address, trace_id=trace)
        with self._uow.begin(actor, "govcloud:client:prove", Target("client", client.client_id)) as tx:
            digest = self._keys.digest("client_assertion", f"{client.client_id}\0{claims['jti']}".encode("utf-8", "surrogatepass"))
            if not show_once(tx, digest, until):
                raise AssertionRefused("the assertion was shown before")
        return client

    def _key(self, client: ClientView, header: Mapping[str, Any]) -> jwt.PyJWK:
        """Return the client's key that the header names, for the algorithm that it names."""
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise AssertionRefused(f"the algorithm {str(algorithm)[:20]!r} is not accepted; use one of {', '.join(ALGORITHMS)}")
        wanted = kid if isinstance(kid, str) else None
        try:
            known = self._client_keys.of(client, wanted)
        except KeysUnavailableError as error:
            raise AssertionRefused(f"the client's keys cannot be had: {error}") from error
        fitting = [key for key in known if _fits(key, algorithm, wanted)]
        if len(fitting) != 1:
            raise AssertionRefused(f"{len(fitting)} of the client's keys fit {algorithm}, key id {str(kid)[:60]!r}; one must")
        return _loaded(fitting[0], algorithm)

    def _valid_until(self, claims: Mapping[str, Any], client_id: str, audiences: Collection[str]) -> datetime:
        """Hold the claims against RFC 7523 section 3; return until when the assertion would be believed."""
        if claims["iss"] != client_id or claims["sub"] != client_id:
            raise AssertionRefused("iss and sub must both be the client_id")
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        # Each of them must be ours: an assertion for others, too, could be shown by one of them.
        if not audience or any(not isinstance(item, str) or item not in audiences for item in audience):
            raise AssertionRefused("aud must be the issuer or this endpoint, and nobody else")
        if not isinstance(claims["jti"], str) or not 0 < len(claims["jti"]) <= _MOST_JTI:
            raise AssertionRefused(f"jti must be text of at most {_MOST_JTI} characters")
        now = self._clock.now()
        expires_at = _moment(claims, "exp")
        if expires_at + SKEW <= now:
            raise AssertionRefused("the assertion has expired")
        if expires_at > now + LONGEST + SKEW:
            raise AssertionRefused(f"exp may lie {LONGEST.total_seconds():.0f} s ahead at the most")
        if any(name in claims and _moment(claims, name) > now + SKEW for name in ("iat", "nbf")):
            raise AssertionRefused("the assertion is not valid yet")
        return expires_at + SKEW


def _unverified(assertion: str) -> tuple[Mapping[str, Any], str]:
    """Return the header, and whom the assertion claims to come from; nothing of it is believed yet."""
    try:
        whole = jwt.decode_complete(assertion, options={"verify_signature": False})
    except (jwt.PyJWTError, UnicodeEncodeError, RecursionError) as error:
        raise AssertionRefused(f"the assertion cannot be read: {error}") from error
    named = whole["payload"].get("sub")
    if not isinstance(named, str):
        raise AssertionRefused("the assertion names no client")
    return whole["header"], named


def _verified(assertion: str, key: jwt.PyJWK) -> Mapping[str, Any]:
    try:
        claims: Mapping[str, Any] = jwt.decode(
            assertion,
            key,
            algorithms=[key.algorithm_name],
            # Who it is for and how long it holds is compared by ourselves, with the platform's clock.
            options={"require": _REQUIRED, "verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except (jwt.PyJWTError, UnicodeEncodeError) as error:
        raise AssertionRefused(f"the assertion does not verify: {error}") from error
    return claims


def _fits(key: Jwk, algorithm: str, kid: str | None) -> bool:
    """Say whether a key may be the one: its type, what it is for, and its name (RFC 7517 section 4)."""
    return (
        key.get("kty") == ALGORITHMS[algorithm]
        and key.get("alg") in {None, algorithm}
        and key.get("use") in {None, "sig"}
        and (kid is None or key.get("kid") == kid)
    )


def _loaded(key: Jwk, algorithm: str) -> jwt.PyJWK:
    try:
        loaded = jwt.PyJWK.from_dict(dict(key), algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise AssertionRefused(f"the client's key cannot be read: {error}") from error
    if algorithm != "ES256" and loaded.key.key_size < _LEAST_RSA_BITS:
        raise AssertionRefused(f"the client's key is shorter than {_LEAST_RSA_BITS} bits")
    return loaded


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _LATEST:
        raise AssertionRefused(f"{name} is no time")
    return datetime.fromtimestamp(value, UTC)
