"""The client may say beforehand which key its tokens will be bound to: the code is worth nothing without it (RFC 9449 section 10)."""

from __future__ import annotations

import re

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest

#: A SHA-256 in base64url without padding (RFC 7638).
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


def check_dpop_jkt(request: AuthorizationRequest) -> None:
    """Fill in the thumbprint of the key, if the client names one.

    Raises:
        AuthorizationError: it is no thumbprint.
    """
    given = request.get("dpop_jkt")
    if given is not None and not _THUMBPRINT.fullmatch(given):
        raise AuthorizationError("invalid_request", "dpop_jkt is not a SHA-256 in base64url")
    request.dpop_jkt = given
