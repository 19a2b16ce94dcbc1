"""Proof Key for Code Exchange, with S256 alone (RFC 7636; RFC 9700 section 2.1.1).

It is demanded of every client but those that can keep a secret and are registered as unable to do it: such a client proves at the token
endpoint that the code is its own, and should send a ``nonce``.
"""

from __future__ import annotations

import re

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.subsystems.queries import ClientView

METHODS = ("S256",)
#: A SHA-256 in base64url without padding (RFC 7636 section 4.2).
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
#: RFC 7636 section 4.1.
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def check_pkce(request: AuthorizationRequest) -> None:
    """Fill in the challenge; ``None`` when the client may come without one and does.

    Raises:
        AuthorizationError: it is missing or malformed, or the method is not S256 (no method means ``plain``: RFC 7636 section 4.3).
    """
    challenge = request.get("code_challenge")
    if challenge is None and needs_pkce(request.client):
        raise AuthorizationError("invalid_request", "code_challenge is missing: PKCE is required of this client")
    if challenge is None and request.get("code_challenge_method") is None:
        return
    if request.get("code_challenge_method") not in METHODS:
        raise AuthorizationError("invalid_request", "code_challenge_method must be S256")
    if not _CHALLENGE.fullmatch(challenge or ""):
        raise AuthorizationError("invalid_request", "code_challenge is not a SHA-256 in base64url")
    request.code_challenge = challenge


def needs_pkce(client: ClientView) -> bool:
    """Say whether a client may not come without a challenge."""
    return client.public or client.oidc.require_pkce


def is_verifier(text: str) -> bool:
    """Return whether ``text`` has the form of a code verifier."""
    return _VERIFIER.fullmatch(text) is not None
