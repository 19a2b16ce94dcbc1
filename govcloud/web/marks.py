"""Marks: what the way back from one of the portal's pages carries, sealed: the moment at which it was made, bound to one request.

It holds for ten minutes. Whoever reads it compares it with the moment of the sign-in, so the mark itself opens nothing.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from govcloud.kernel import crypto
from govcloud.kernel.validation import whole_number
from govcloud.web.gate import services

LIVES = timedelta(minutes=10)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_SEPARATOR = "."
_MOST_DIGITS = 18


def mark(name: str, bound: str) -> str:
    """Return a mark of this moment for the parameter ``name``, bound to the request that ``bound`` describes."""
    return _mark(name, bound, (services().clock.now() - _START) // timedelta(microseconds=1))


def marked_at(name: str, bound: str, given: str | None) -> datetime | None:
    """Return when the mark ``given`` was made; ``None`` when it is no mark, bound to something else, or too old."""
    moment = whole_number((given or "").partition(_SEPARATOR)[0], _MOST_DIGITS)
    if moment is None or not crypto.same(_mark(name, bound, moment).encode(), (given or "").encode()):
        return None
    at = _START + timedelta(microseconds=moment)
    return at if services().clock.now() - at < LIVES else None


def _mark(name: str, bound: str, moment: int) -> str:
    seal = services().keys.digest(f"mark/{name}", f"{moment}\n{bound}".encode("utf-8", "surrogatepass"))
    return f"{moment}{_SEPARATOR}{base64.urlsafe_b64encode(seal).rstrip(b'=').decode('ascii')}"
