"""The scope must ask for a sign-in; what is not understood, or not for this client, is left out (OIDC Core 3.1.2.1, RFC 6749 3.3)."""

from __future__ import annotations

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.signon.claims import OPENID, granted


def check_scope(request: AuthorizationRequest) -> None:
    """Fill in the scope that will be granted, in the order of the catalogue.

    Raises:
        AuthorizationError: ``openid`` is not in it.
    """
    asked = (request.get("scope") or "").split(" ")
    if OPENID not in asked:
        raise AuthorizationError("invalid_scope", "the scope must contain openid")
    request.scope = granted(request.client, asked)
