"""How strongly the person must have proven who they are (``acr_values``, and ``acr`` in ``claims``: OIDC Core 3.1.2.1, 5.5.1.1).

What is merely wished for is met by whoever has a second factor and may be shown a page; it stops nobody else. What is essential is met,
if need be by setting a factor up first, or refused. A stronger proof than was asked for does as well.
"""

from __future__ import annotations

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.signon.views import ACRS
from govcloud.web.gate import services


def check_strength(request: AuthorizationRequest) -> None:
    """Let a session pass that is as strong as the client asks.

    Raises:
        Interaction: a further factor has to be proven first.
        AuthorizationError: ``unmet_authentication_requirements`` when an essential strength cannot be had, ``login_required`` when it
            could, but no page may show.
    """
    known = [value for value in request.acr_values if value in ACRS]
    if any(ACRS.index(request.session.acr) >= ACRS.index(value) for value in known):
        return
    if request.acr_essential and not known:
        raise AuthorizationError("unmet_authentication_requirements", "the demanded acr cannot be provided")
    wished = bool(known) and not request.silent and services().step_up.holds_factor(request.session)
    if request.acr_essential or wished:
        raise request.interact("login_required", "a further factor is needed", "portal.step_up")
