"""Calls that carry an ``Idempotency-Key``: done once, and answered again with what they were answered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

from flask import Response, request

from govcloud.kernel.actor import Actor
from govcloud.kernel.answered_calls import CallAnswer
from govcloud.web.gate import current_actor

KEY = "Idempotency-Key"


class Keeping(Protocol):
    """Does a call that its caller named, once."""

    def __call__(self, actor: Actor, key: str, fingerprint: bytes, work: Callable[[], CallAnswer], /) -> CallAnswer:
        """Return the answer of the first call under this key."""
        ...


def answered(keeping: Keeping | None, work: Callable[[], CallAnswer]) -> Response:
    """Return the answer to the call at hand, which is ``work``; with a key that the row takes, of the first call that had it."""
    given = request.headers.get(KEY) if keeping is not None else None
    answer = keeping(current_actor(), _key(given), _digest(), work) if keeping is not None and given is not None else work()
    response = Response(answer.body, answer.status, content_type="application/json")
    if answer.location is not None:
        response.headers["Location"] = answer.location
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _key(given: str) -> str:
    """Return the key, which the draft writes as a string of structured fields (RFC 9651) and most callers without quotes."""
    clean = given.strip()
    quoted = len(clean) > 1 and clean.startswith('"') and clean.endswith('"')
    return clean[1:-1] if quoted else clean


def _digest() -> bytes:
    """Return the digest of what is asked: where, in which duty, and every byte of the body."""
    duty = current_actor().appointment_id
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n{duty}\n".encode())
    digest.update(request.get_data())
    return digest.digest()
