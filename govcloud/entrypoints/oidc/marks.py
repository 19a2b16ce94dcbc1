"""Marks: what the way back from one of the portal's pages carries, sealed, so that nobody can say it who did not get it from us.

A mark names the moment at which it was made and is bound to one request: an address from the browser's history opens no other.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from govcloud.kernel import crypto
from govcloud.web.gate import services

LIVES = timedelta(minutes=10)
#: Parameters that are ours and not the client's.
DEMANDED, ARRIVED = "sign_in_demanded", "arrived"
OURS = frozenset({DEMANDED, ARRIVED})
_SEPARATOR = "."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = len(str((datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)))


def mark(name: str, bound: str) -> str:
    """Return a mark of this moment for the parameter ``name``, bound to the text ``bound``."""
    return _mark(name, bound, (services().clock.now() - _EPOCH) // timedelta(microseconds=1))


def marked_at(name: str, bound: str, given: str | None) -> datetime | None:
    """Return when the mark ``given`` was made; ``None`` when it is no mark, bound to something else, or too old."""
    text = given or ""
    moment = text.partition(_SEPARATOR)[0]
    if not (moment.isascii() and moment.isdigit() and len(moment) <= _LONGEST):
        return None
    if not crypto.same(_mark(name, bound, int(moment)).encode(), text.encode()):
        return None
    made = _EPOCH + timedelta(microseconds=int(moment))
    return made if services().clock.now() - made < LIVES else None


def _mark(name: str, bound: str, moment: int) -> str:
    digest = services().keys.digest(f"oidc-mark/{name}", f"{moment}\n{bound}".encode("utf-8", "surrogatepass"))
    return f"{moment}{_SEPARATOR}{base64.urlsafe_b64encode(digest).rstrip(b'=').decode('ascii')}"
