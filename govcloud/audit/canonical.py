"""The canonical form of an event: RFC 8785 JSON whose personal values are replaced by salted commitments.

The form is final: what was hashed once must hash the same for as long as the record is kept. A change of the form is a new
``v``, and readers keep the old ones.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785

from govcloud.kernel.actor import Actor, ActorKind
from govcloud.kernel.crypto import fresh
from govcloud.kernel.events import Event

VERSION = 1
SALT_BYTES = 32
#: RFC 8785 section 3.2.2.3: integers that every reader of JSON keeps whole.
_SAFE_INTEGER = 2**53 - 1
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True)
class ChainLink:
    """The place of an event in its chain: counted from 1, with the leaf hash of the event before it."""

    chain: str
    position: int
    prev_leaf: bytes | None


@dataclass(frozen=True)
class PersonalValue:
    """A personal value kept beside the hash: ``field`` as in the canonical form, salt, RFC 8785 text of the value."""

    field: str
    salt: bytes
    value: str

    def commitment(self) -> str:
        """Return ``SHA-256(salt || value)`` in hexadecimal: what the canonical form shows instead of the value."""
        return sha256(self.salt + self.value.encode()).hexdigest()


@dataclass(frozen=True)
class CanonicalEvent:
    """The bytes that are hashed, and the personal values that they only commit to."""

    canonical: bytes
    personal: tuple[PersonalValue, ...]


def fresh_salt() -> bytes:
    """Return a salt."""
    return secrets.token_bytes(SALT_BYTES)


def fresh_salts() -> Callable[[], bytes]:
    """Return what gives one fresh salt after another, for a large set of events."""
    return fresh(SALT_BYTES)


def canonical_event(
    event: Event,
    *,
    event_id: UUID,
    at: datetime,
    actor: Actor,
    command: str,
    link: ChainLink | None,
    salt: Callable[[], bytes] = fresh_salt,
) -> CanonicalEvent:
    """Return the canonical form of ``event``, recorded at ``at`` (aware) under ``command`` by ``actor``; ``salt`` gives fresh salts.

    Raises:
        rfc8785.CanonicalizationError: a value has no canonical form (an integer beyond 2^53, a lone surrogate).
    """
    payload = event.payload()
    personal = [_personal(f"data.{field}", payload.pop(field), salt()) for field in sorted(event.personal)]
    who: dict[str, Any] = {
        "kind": actor.kind.value,
        "id": actor.id,
        "appointment_id": _text(actor.appointment_id),
        "session_id": _text(actor.session_id),
        "trace_id": actor.trace_id,
    }
    if actor.kind is ActorKind.OFFICIAL:
        personal.append(_personal("actor.name", actor.name, salt()))
    else:
        who["name"] = actor.name
    if actor.source_address is not None:
        personal.append(_personal("actor.source_address", actor.source_address, salt()))
    document: dict[str, Any] = {
        "v": VERSION,
        "id": str(event_id),
        "at": moment(at),
        "name": event.name,
        "command": command,
        "actor": who,
        "subject": event.subject,
        "chain": _chain(link),
        "data": payload,
        "personal": {value.field: value.commitment() for value in personal},
    }
    return CanonicalEvent(_dumps(document), tuple(personal))


def moment(at: datetime) -> str:
    """Return ``at`` in UTC with microseconds, always of one length (RFC 3339)."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_canonical(canonical: bytes) -> dict[str, Any]:
    """Return the document of canonical bytes.

    Raises:
        ValueError: they are not the JSON object that this module writes.
    """
    document = json.loads(canonical)
    if not isinstance(document, dict) or document.get("v") != VERSION:
        raise ValueError(f"not an event of version {VERSION}")
    return document


@dataclass(frozen=True)
class Restored:
    """What of an event is personal, put back where it is still kept: the actor's name and address, the event's own data."""

    actor_name: str | None
    source_address: str | None
    data: dict[str, Any]


def restored(document: Mapping[str, Any], kept: Mapping[str, str]) -> Restored:
    """Return the event's readable parts with the ``kept`` personal values (``field`` → RFC 8785 text); erased ones are absent."""
    values = {field: json.loads(value) for field, value in kept.items()}
    data = dict(document["data"]) | {field.removeprefix("data."): value for field, value in values.items() if field.startswith("data.")}
    return Restored(document["actor"].get("name", values.get("actor.name")), values.get("actor.source_address"), data)


def _dumps(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Return the RFC 8785 form of ``value``.

    The standard library writes the same bytes ten times as fast where nothing is in it that the two treat differently: numbers
    beyond 2^53 or with a fraction, and keys outside ASCII (RFC 8785 orders them by UTF-16).
    """
    if _plain(value):
        try:
            return _ENCODE(value).encode()
        except UnicodeEncodeError:  # a lone surrogate: the slow way names it
            pass
    canonical: bytes = rfc8785.dumps(value)
    return canonical


def _plain(value: Any) -> bool:  # noqa: ANN401 - any JSON
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is dict:
        for key, item in value.items():  # noqa: SIM110 - a loop is twice as fast as a generator, and this runs for every event
            if not (type(key) is str and key.isascii() and (type(item) is str or _plain(item))):
                return False
        return True
    if kind is int:
        return bool(-_SAFE_INTEGER <= value <= _SAFE_INTEGER)
    return kind is list and all(map(_plain, value))


def _personal(field: str, value: object, salt: bytes) -> PersonalValue:
    return PersonalValue(field, salt, _dumps(value).decode())


def _chain(link: ChainLink | None) -> dict[str, Any] | None:
    if link is None:
        return None
    return {"id": link.chain, "position": link.position, "prev_leaf": link.prev_leaf.hex() if link.prev_leaf else None}


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
