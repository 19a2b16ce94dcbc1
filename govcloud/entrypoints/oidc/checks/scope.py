"""The scope must ask for a sign-in; what is not understood is left out (OIDC Core 3.1.2.1)."""

from __future__ import annotations

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.signon.claims import OPENID, SCOPES


def check_scope(request: AuthorizationRequest) -> None:
    """Fill in the scope that will be granted, in the order of the catalogue.

    Raises:
        AuthorizationError: ``openid`` is not in it.
    """
    asked = (request.get("scope") or "").split(" ")
    if OPENID not in asked:
        raise AuthorizationError("invalid_scope", "the scope must contain openid")
    request.scope = tuple(scope for scope in SCOPES if scope in asked)
