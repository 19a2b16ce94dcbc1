"""Only the code flow is offered, and its answer goes in the query (RFC 9700 section 2.1.2: no tokens through the browser)."""

from __future__ import annotations

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest

RESPONSE_TYPES = ("code",)
RESPONSE_MODES = ("query",)


def check_response_type(request: AuthorizationRequest) -> None:
    """Let ``response_type=code`` with the default ``response_mode`` pass.

    Raises:
        AuthorizationError: anything else.
    """
    response_type = request.get("response_type")
    if response_type is None:
        raise AuthorizationError("invalid_request", "response_type is missing")
    if response_type not in RESPONSE_TYPES:
        raise AuthorizationError("unsupported_response_type", "only response_type=code is supported")
    if request.parameters.get("response_mode", RESPONSE_MODES[0]) not in RESPONSE_MODES:
        raise AuthorizationError("invalid_request", "only response_mode=query is supported")
