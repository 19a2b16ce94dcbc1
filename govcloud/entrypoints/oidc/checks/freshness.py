"""When the client demands it, the person must have proven who they are recently, or just now (``max_age``, ``prompt=login``).

``prompt=select_account`` is answered the same way: who signs in chooses the account. The way back from sign-in carries a mark of the
moment when it was demanded, bound to this very request.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from govcloud.entrypoints.oidc.marks import DEMANDED
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.web.gate import services
from govcloud.web.marks import mark, marked_at

_ANEW = frozenset({"login", "select_account"})


def check_freshness(request: AuthorizationRequest) -> None:
    """Let a proof of identity pass that is as recent as the client demands.

    Raises:
        Interaction: the person has to sign in again; the session stays, with a new ``auth_time``.
        AuthorizationError: the same, when no page may show.
    """
    now, auth_time = services().clock.now(), request.session.auth_time
    too_old = request.max_age is not None and now - auth_time > timedelta(seconds=request.max_age)
    if not too_old and not _ANEW & request.prompt:
        return
    if answered(request, auth_time):
        return
    raise request.interact("login_required", "the sign-in is older than demanded", "portal.sign_in", **demanding(request))


def demanding(request: AuthorizationRequest) -> dict[str, str]:
    """Return what the way back from a proof carries: the mark that this very request demanded one now."""
    return {DEMANDED: mark(DEMANDED, request.fingerprint)}


def answered(request: AuthorizationRequest, proven_at: datetime) -> bool:
    """Return whether a proof was given after this very request had demanded one; no age is too small for it then."""
    demanded = marked_at(DEMANDED, request.fingerprint, request.marks.get(DEMANDED))
    return demanded is not None and demanded < proven_at
