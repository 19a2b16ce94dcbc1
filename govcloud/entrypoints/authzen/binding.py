"""Binding a later access request to the denial that it would mend (Access Request & Approval Profile, Binding Token Integrity).

Nothing is stored at a denial. What the request must be checked against travels through the enforcement point in a compact JWS
(RFC 7515, HS256 under a key of our own: who verifies it is this platform alone), good for ten minutes and for one subsystem.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from govcloud.kernel.crypto import same
from govcloud.kernel.keys import KeyRing

LIFE = timedelta(minutes=10)
#: One encoder for all: making one takes longer than using it.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_PURPOSE, _TASK = "authzen/denial", "authzen/task"
#: Lengths of the parts of a handle in bytes: an id, a moment, and the mark that says that it is ours.
_ID, _SECONDS, _MARK = 16, 8, 16


class BindingError(Exception):
    """What was handed in was not issued here, or not for this."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A denial that a request could mend: who was denied which item of the catalogue, and what was asked (``bound``: its digest)."""

    id: UUID
    official_id: UUID
    item_id: UUID
    subsystem_code: str
    bound: str
    at: datetime
    expires_at: datetime


def digest_of(subject: Mapping[str, Any], action: Mapping[str, Any], resource: Mapping[str, Any]) -> str:
    """Return what stands for the three entities: equal for equal members and values, whatever their order.

    The context is not in it: what a decision reads of it may change from one minute to the next (``context.min_epoch`` does), so the
    authorization-relevant context of the profile is empty here. Who acts for the subject (``act``) may move elsewhere in the request.
    """
    properties = subject.get("properties")
    if isinstance(properties, Mapping) and "act" in properties:
        subject = {**subject, "properties": {name: value for name, value in properties.items() if name != "act"}}
    return _encoded(sha256(_CANONICAL([subject, action, resource]).encode()).digest())


def seal(denial: Denial, issuer: str, keys: KeyRing) -> str:
    """Return the denial as the token that the enforcement point hands on unread."""
    claims = {
        "iss": issuer,
        "aud": issuer,
        "iat": int(denial.at.timestamp()),
        "exp": int(denial.expires_at.timestamp()),
        "jti": str(denial.id),
        "official": str(denial.official_id),
        "item": str(denial.item_id),
        "subsystem": denial.subsystem_code,
        "bound": denial.bound,
    }
    signed = f"{_HEADER}.{_encoded(_CANONICAL(claims).encode())}"
    return f"{signed}.{_encoded(keys.digest(_PURPOSE, signed.encode()))}"


def unseal(token: str, issuer: str, keys: KeyRing) -> Denial:
    """Return the denial in a token; whether it is still fresh is for the caller to compare.

    Raises:
        BindingError: it was not issued here, or was altered.
    """
    signed, _, signature = token.rpartition(".")
    header, _, payload = signed.partition(".")
    if header != _HEADER or not same(_decoded(signature), keys.digest(_PURPOSE, signed.encode("utf-8", "surrogatepass"))):
        raise BindingError("the binding token was not issued here")
    claims = json.loads(_decoded(payload))
    if claims["iss"] != issuer or claims["aud"] != issuer:
        raise BindingError("the binding token was issued for another decision point")
    return Denial(
        id=UUID(claims["jti"]),
        official_id=UUID(claims["official"]),
        item_id=UUID(claims["item"]),
        subsystem_code=claims["subsystem"],
        bound=claims["bound"],
        at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BindingError("the binding token is no token") from None


#: RFC 7515 section 7.1; ``typ`` keeps it apart from every other token that this platform signs.
_HEADER = _encoded(b'{"alg":"HS256","typ":"govcloud-denial+jwt"}')


def handle_of(denial: Denial, keys: KeyRing) -> str:
    """Return the handle of the task that a denial opens: always the same, and of no use to guess at."""
    ids = (denial.official_id, denial.item_id, denial.id)
    said = b"".join(each.bytes for each in ids) + int(denial.at.timestamp()).to_bytes(_SECONDS, "big") + denial.subsystem_code.encode()
    return _encoded(keys.digest(_TASK, said)[:_MARK] + said)


def open_handle(handle: str, keys: KeyRing) -> Denial:
    """Return the denial behind a task; what it was about in detail is not in the handle.

    Raises:
        BindingError: it was not issued here, or was altered.
    """
    data = _decoded(handle)
    mark, said = data[:_MARK], data[_MARK:]
    if not same(mark, keys.digest(_TASK, said)[:_MARK]):
        raise BindingError("the handle was not issued here")
    official, item, own = (UUID(bytes=said[start : start + _ID]) for start in range(0, 3 * _ID, _ID))
    rest = said[3 * _ID :]
    at = datetime.fromtimestamp(int.from_bytes(rest[:_SECONDS], "big"), UTC)
    return Denial(own, official, item, rest[_SECONDS:].decode(), "", at, at + LIFE)
