"""How strongly the person must have proven who they are (``acr_values``, and ``acr`` in ``claims``: OIDC Core 3.1.2.1, 5.5.1.1).

What is merely wished for is met by whoever has a second factor and may be shown a page; it stops nobody else. What is essential is met,
if need be by setting a factor up first, or refused. A stronger proof than was asked for does as well. Where ``max_age`` is asked for as
well, it is the proof of that strength that has to be so recent (RFC 9470 section 4): a password typed just now does not renew a factor.
"""

from __future__ import annotations

from datetime import timedelta

from govcloud.entrypoints.oidc.checks.freshness import answered, demanding
from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.signon.views import ACR_MFA, ACRS
from govcloud.web.gate import services


def check_strength(request: AuthorizationRequest) -> None:
    """Let a session pass that is as strong as the client asks.

    Raises:
        Interaction: a further factor has to be proven first.
        AuthorizationError: ``unmet_authentication_requirements`` when an essential strength cannot be had, ``login_required`` when it
            could, but no page may show.
    """
    known = [value for value in request.acr_values if value in ACRS]
    if any(ACRS.index(request.session.acr) >= ACRS.index(value) and _recent(request, value) for value in known):
        return
    if request.acr_essential and not known:
        raise AuthorizationError("unmet_authentication_requirements", "the demanded acr cannot be provided")
    wished = bool(known) and not request.silent and services().step_up.holds_factor(request.session)
    if request.acr_essential or wished:
        again = {} if request.max_age is None else demanding(request)
        raise request.interact("login_required", "a further factor is needed", "portal.step_up", **again)


def _recent(request: AuthorizationRequest, acr: str) -> bool:
    """Return whether the proof that makes the session as strong as ``acr`` is as recent as is asked for."""
    proven_at = request.session.second_factor_at if acr == ACR_MFA else request.session.auth_time
    if request.max_age is None or proven_at is None:
        return True
    return services().clock.now() - proven_at <= timedelta(seconds=request.max_age) or answered(request, proven_at)
