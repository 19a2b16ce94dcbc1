"""Request objects are not offered, and must be refused rather than overlooked (OIDC Core 6.1, 7.2.1)."""

from __future__ import annotations

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest

_REFUSALS = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}


def check_request_object(request: AuthorizationRequest) -> None:
    """Let a request pass that says all in its own parameters.

    Raises:
        AuthorizationError: names the parameter that is not supported.
    """
    for name, error in _REFUSALS.items():
        if name in request.parameters:
            raise AuthorizationError(error, f"the parameter {name} is not supported")
