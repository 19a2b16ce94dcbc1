"""Tokens as JSON Web Tokens: the one place of the platform that signs and verifies them (RFC 7519, RFC 8725, RFC 9068).

Signing algorithm and key are ours to choose, never the token's: a token names its key by ``kid``, and only the algorithm that
belongs to that key is accepted. Times are compared with the platform's clock.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import jwt

from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.recent import Remembered
from govcloud.settings import Settings
from govcloud.signon.errors import TokenRefused
from govcloud.signon.views import CurrentSession, Hint

ACCESS_TYPE = "at+jwt"
ID_TYPE = "JWT"
ASSERTION_TYPE = "govcloud-identity+jwt"
LOGOUT_TYPE = "logout+jwt"
#: OIDC Back-Channel Logout 1.0 section 2.4.
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: A logout token is made when it is sent; two minutes cover a slow receiver and a clock that is off (section 4 recommends no more).
_LOGOUT_LIVES = timedelta(minutes=2)
#: Published keys are read again after this long, so that a key that was retired is soon refused.
_KEYS_LIVE = timedelta(seconds=60)
#: An unknown ``kid`` reads them at once, but a stranger's tokens must not make every check a read.
_KEYS_REST = timedelta(seconds=5)
#: That a signature is right stays true for ever, so it is worked out once for a token that is shown again and again; whether its key is
#: still published, the token still alive and the audience right is looked at each time. Known by the digest of the whole token.
_SOUND_LIVES, _MOST_SOUND = timedelta(minutes=5), 5_000


@dataclass(frozen=True)
class AccessClaims:
    """What a verified access token says; without ``sid`` its client acts for itself."""

    jti: UUID
    sid: UUID | None
    client_id: str


@dataclass(frozen=True)
class Issued:
    """What both tokens of one answer share; without ``session`` and ``sid`` the client acts for itself.

    ``audience`` is who takes the access token, ``confirmation`` its claim ``cnf`` (RFC 7800), ``actors`` its claim ``act`` (RFC 8693).
    """

    jti: UUID
    sid: UUID | None
    client_id: str
    scope: str
    session: CurrentSession | None
    issued_at: datetime
    expires_at: datetime
    audience: tuple[str, ...]
    confirmation: Mapping[str, Any] | None = None
    actors: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class _Sound:
    """What a token says whose signature holds under the published key ``kid``, which is the thumbprint of that very key."""

    kid: str | None
    claims: Mapping[str, Any]


class Tokens:
    """Signs and verifies tokens under the platform's keys."""

    def __init__(self, keys: KeyRing, clock: Clock, settings: Settings) -> None:
        """Take the key ring; the issuer is the platform's public address."""
        self._keys = keys
        self._clock = clock
        self.issuer = settings.public_url
        self._published: dict[str, jwt.PyJWK] = {}
        self._read_at: datetime | None = None
        self._lock = threading.Lock()
        self._sound: Remembered[bytes, _Sound] = Remembered(clock, _SOUND_LIVES, _MOST_SOUND)

    # Signing

    def access_token(self, issued: Issued) -> str:
        """Return an access token (RFC 9068); without an official its subject is the client itself (section 2.2)."""
        claims = self._common(issued) | {
            "aud": issued.audience[0] if len(issued.audience) == 1 else list(issued.audience),
            "jti": str(issued.jti),
            "client_id": issued.client_id,
            "scope": issued.scope,
        }
        if issued.confirmation is not None:
            claims["cnf"] = dict(issued.confirmation)
        if issued.actors is not None:
            claims["act"] = dict(issued.actors)
        return self._sign(claims, ACCESS_TYPE)

    def id_token(self, issued: Issued, access_token: str, nonce: str | None, identity: Mapping[str, str], algorithm: str) -> str:
        """Return an ID token (OIDC Core 2) with the claims about the official that the scope opens, signed with ``algorithm``."""
        claims = self._common(issued) | {"aud": issued.client_id, "at_hash": _half_hash(access_token)} | dict(identity)
        if nonce is not None:
            claims["nonce"] = nonce
        return self._sign(claims, ID_TYPE, algorithm)

    def assertion(self, issued: Issued, identity: Mapping[str, str]) -> str:
        """Return what the platform says about an official to an application behind a proxy; it opens nothing of the platform's."""
        return self._sign(self._common(issued) | {"aud": issued.client_id, "jti": str(issued.jti)} | dict(identity), ASSERTION_TYPE)

    def logout_token(self, client_id: str, official_id: UUID, sid: UUID, now: datetime, *, algorithm: str = "ES256") -> str:
        """Return the token that tells a client of the end of a stay (OIDC Back-Channel Logout 1.0 section 2.4).

        It has no ``nonce``, and is signed as the client's ID tokens are.
        """
        claims = {
            "iss": self.issuer,
            "aud": client_id,
            "iat": int(now.timestamp()),
            "exp": int((now + _LOGOUT_LIVES).timestamp()),
            "jti": str(new_id()),
            "events": {LOGOUT_EVENT: {}},
            "sub": str(official_id),
            "sid": str(sid),
        }
        return self._sign(claims, LOGOUT_TYPE, algorithm)

    def _common(self, issued: Issued) -> dict[str, Any]:
        session = issued.session
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": issued.client_id if session is None else str(session.official_id),
            "iat": int(issued.issued_at.timestamp()),
            "exp": int(issued.expires_at.timestamp()),
        }
        if session is not None:
            claims |= {
                "sid": str(issued.sid),
                "auth_time": int(session.auth_time.timestamp()),
                "acr": session.acr,
                "amr": list(session.amr),
            }
        return claims

    def _sign(self, claims: dict[str, Any], typ: str, algorithm: str = "ES256") -> str:
        key = self._keys.signing_key(algorithm=algorithm)
        return jwt.encode(claims, key.private_key, algorithm=key.algorithm, headers={"kid": key.kid, "typ": typ})

    # Verifying

    def verify_access_token(self, token: str) -> AccessClaims:
        """Return what an access token of ours says.

        Raises:
            TokenRefused: it is not one, was altered, has expired, or is meant for another audience.
        """
        claims = self.read_access_token(token)
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if self.issuer not in audience:
            raise TokenRefused("the token is meant for another audience")
        sid = _uuid(claims, "sid") if "sid" in claims else None
        return AccessClaims(_uuid(claims, "jti"), sid, str(claims["client_id"]))

    def read_access_token(self, token: str) -> Mapping[str, Any]:
        """Return the claims of an access token of ours that has not expired, whoever it is meant for.

        Raises:
            TokenRefused: it is not one, was altered, or has expired.
        """
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        sound = self._sound.get(digest)
        if sound is None:
            sound = self._sound.put(digest, self._verify(token, ACCESS_TYPE, required=["exp", "iat", "sub", "aud", "jti", "client_id"]))
        else:
            self._key(sound.kid)
        claims = sound.claims
        if int(claims["exp"]) <= self._clock.now().timestamp():
            raise TokenRefused("the token has expired")
        return claims

    def read_hint(self, id_token: str) -> Hint:
        """Return whom an ID token of ours was about; it may have expired (OIDC RP-Initiated Logout section 2).

        Raises:
            TokenRefused: it is not one of ours.
        """
        claims = self._verify(id_token, ID_TYPE, required=["sub", "sid", "aud"]).claims
        return Hint(_uuid(claims, "sub"), str(claims["aud"]), _uuid(claims, "sid"))

    def _verify(self, token: str, typ: str, *, required: list[str]) -> _Sound:
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(header.get("kid"))
            # RFC 8725 sections 3.1 and 3.11: the key decides the algorithm, and one kind of token never passes for another.
            if str(header.get("typ")).lower() != typ.lower():
                raise TokenRefused(f"the token is of type {header.get('typ')!r}, not {typ!r}")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self.issuer,
                # Times are compared with the platform's own clock.
                options={"require": required, "verify_aud": False, "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, UnicodeEncodeError, RecursionError) as error:
            raise TokenRefused(f"the token does not verify: {error}") from error
        return _Sound(key.key_id, claims)

    def _key(self, kid: object) -> jwt.PyJWK:
        """Return the published key of that id, reading the keys again when that may help."""
        now = self._clock.now()
        with self._lock:
            age = None if self._read_at is None else now - self._read_at
            if age is None or age >= _KEYS_LIVE or (kid not in self._published and age >= _KEYS_REST):
                self._published = {jwk["kid"]: jwt.PyJWK.from_dict(jwk) for jwk in self._keys.jwks()["keys"]}
                self._read_at = now
            key = self._published.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenRefused(f"no published key has the id {kid!r}")
        return key


def _uuid(claims: Mapping[str, Any], name: str) -> UUID:
    try:
        return UUID(str(claims[name]))
    except ValueError:
        raise TokenRefused(f"the claim {name} is no UUID") from None


def _half_hash(token: str) -> str:
    """Return the left half of the token's SHA-256 in base64url (OIDC Core 3.1.3.6, ``at_hash``)."""
    digest = sha256(token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")
