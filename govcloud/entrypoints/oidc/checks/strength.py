"""How strongly the person must have proven who they are (``acr_values``, and ``acr`` in ``claims``: OIDC Core 3.1.2.1, 5.5.1.1).

What is merely wished for is met when there is a page for it; what is essential is met or refused. A stronger proof than was asked for
does as well.
"""

from __future__ import annotations

from flask import current_app

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.signon.views import ACRS

#: The portal's page on which a second factor is proven; where there is none yet, nobody is sent there.
STEP_UP = "portal.step_up"


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
    reachable = bool(known) and STEP_UP in current_app.view_functions
    if request.acr_essential and not reachable:
        raise AuthorizationError("unmet_authentication_requirements", "the demanded acr cannot be provided")
    if reachable and (request.acr_essential or not request.silent):
        raise request.interact("login_required", "a further factor is needed", STEP_UP)
