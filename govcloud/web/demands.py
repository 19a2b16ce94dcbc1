"""A demand that somebody sign in (again) before going on: a signed mark of the moment, carried by the address that leads back.

It is bound to the very request that it was made for, and holds for ten minutes; whoever reads it compares it with the moment of the
sign-in, so the mark itself opens nothing.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from govcloud.kernel import crypto
from govcloud.web.gate import services

LIVES = timedelta(minutes=10)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_SEPARATOR = "."
_MOST_DIGITS = 18


def demand(bound: str) -> str:
    """Return the mark that sign-in is demanded now, for the request that ``bound`` describes."""
    return _mark(bound, (services().clock.now() - _START) // timedelta(microseconds=1))


def demanded_at(bound: str, given: str | None) -> datetime | None:
    """Return when sign-in was demanded for that request, if ``given`` is a mark of it that still holds."""
    moment = (given or "").partition(_SEPARATOR)[0]
    if not (moment.isascii() and moment.isdigit() and len(moment) <= _MOST_DIGITS):
        return None
    if not crypto.same(_mark(bound, int(moment)).encode(), (given or "").encode()):
        return None
    at = _START + timedelta(microseconds=int(moment))
    return at if services().clock.now() - at < LIVES else None


def _mark(bound: str, moment: int) -> str:
    seal = services().keys.digest("sign-in-demanded", f"{moment}\n{bound}".encode())
    return f"{moment}{_SEPARATOR}{base64.urlsafe_b64encode(seal).rstrip(b'=').decode('ascii')}"
