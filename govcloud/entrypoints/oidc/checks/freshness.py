"""When the client demands it, the person must have proven who they are recently, or just now (``max_age``, ``prompt=login``).

The way back from sign-in carries a signed mark of the moment when it was demanded. It is bound to this very request, so an address
from the browser's history opens nothing: the client has forgotten the challenge that it was made for.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.kernel import crypto
from govcloud.web.gate import services

MARK = "sign_in_demanded"
_MARK_LIVES = timedelta(minutes=10)
_SEPARATOR = "."


def check_freshness(request: AuthorizationRequest) -> None:
    """Let a proof of identity pass that is as recent as the client demands.

    Raises:
        Interaction: the person has to sign in again; the session stays, with a new ``auth_time``.
        AuthorizationError: the same, when no page may show.
    """
    now, auth_time = services().clock.now(), request.session.auth_time
    too_old = request.max_age is not None and now - auth_time > timedelta(seconds=request.max_age)
    if not too_old and "login" not in request.prompt:
        return
    demanded = _demanded_at(request)
    if demanded is not None and demanded < auth_time and now - demanded < _MARK_LIVES:
        return
    mark = _mark(request, _microseconds(now))
    raise request.interact("login_required", "the sign-in is older than demanded", "portal.sign_in", **{MARK: mark})


def _mark(request: AuthorizationRequest, moment: int) -> str:
    bound = f"{moment}\n{request.client.client_id}\n{request.code_challenge}".encode()
    seal = base64.urlsafe_b64encode(services().keys.digest("oidc-sign-in-demanded", bound)).rstrip(b"=").decode("ascii")
    return f"{moment}{_SEPARATOR}{seal}"


def _demanded_at(request: AuthorizationRequest) -> datetime | None:
    """Return when sign-in was demanded for this very request, if it was."""
    given = request.get(MARK) or ""
    moment = given.partition(_SEPARATOR)[0]
    if not (moment.isascii() and moment.isdigit() and len(moment) <= len(str(_microseconds(datetime.max.replace(tzinfo=UTC))))):
        return None
    if not crypto.same(_mark(request, int(moment)).encode(), given.encode()):
        return None
    return datetime.fromtimestamp(int(moment) // 1_000_000, UTC) + timedelta(microseconds=int(moment) % 1_000_000)


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
