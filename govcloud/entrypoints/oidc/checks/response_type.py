"""Only the code flow is offered, and its answer goes in the query or in a form (RFC 9700 section 2.1.2: no tokens through the browser)."""

from __future__ import annotations

from govcloud.entrypoints.oidc.answering import QUERY, RESPONSE_MODES
from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.subsystems.protocols import AUTHORIZATION_CODE

RESPONSE_TYPES = ("code",)


def check_response_type(request: AuthorizationRequest) -> None:
    """Let ``response_type=code`` with a ``response_mode`` that is offered pass, for a client that signs people in.

    Raises:
        AuthorizationError: anything else.
    """
    response_type = request.get("response_type")
    if response_type is None:
        raise AuthorizationError("invalid_request", "response_type is missing")
    if response_type not in RESPONSE_TYPES:
        raise AuthorizationError("unsupported_response_type", "only response_type=code is supported")
    if request.parameters.get("response_mode", QUERY) not in RESPONSE_MODES:
        raise AuthorizationError("invalid_request", f"supported response modes: {', '.join(RESPONSE_MODES)}")
    if AUTHORIZATION_CODE not in request.client.oidc.grant_types:
        raise AuthorizationError("unauthorized_client", "this client signs nobody in")
