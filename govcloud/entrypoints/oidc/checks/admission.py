"""The engine must let the person into the subsystem.

A person who may not enter stays on the platform, on its refusal page: the client could only say "access denied", while the platform
knows what would mend it and opens the request. A client that allows no page (``prompt=none``) gets the error.
"""

from __future__ import annotations

from govcloud.authorization.decisions import Decision
from govcloud.entrypoints.oidc.errors import AuthorizationError, EntryDenied
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.web.gate import current_actor, services


def check_admission(request: AuthorizationRequest) -> None:
    """Ask whether the subsystem's door is open under the present appointment; a refusal is on record.

    Raises:
        EntryDenied: it is not.
        AuthorizationError: the same, when no page may show.
    """
    decision = services().signon.admit(current_actor(), request.session, request.client)
    if not decision.allowed:
        raise denied_entry(request, decision)


def denied_entry(request: AuthorizationRequest, decision: Decision) -> EntryDenied | AuthorizationError:
    """Return what to raise at a closed door: the way to the refusal page, or the error if no page may show."""
    if request.silent:
        return AuthorizationError("access_denied", "the official may not enter this subsystem")
    return EntryDenied(decision)
