"""The answer of the token endpoint (RFC 6749 section 5.1), the same for every grant."""

from __future__ import annotations

from typing import Any

from govcloud.signon.views import TokenSet


def answer(tokens: TokenSet) -> dict[str, Any]:
    """Return the members; what was not issued is left out."""
    members = {
        "access_token": tokens.access_token,
        "token_type": tokens.token_type,
        "expires_in": tokens.expires_in,
        "id_token": tokens.id_token,
        "refresh_token": tokens.refresh_token,
        "scope": tokens.scope,
    }
    return {name: value for name, value in members.items() if value is not None}
