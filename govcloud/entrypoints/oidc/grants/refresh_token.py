"""The grant ``refresh_token`` (RFC 6749 section 6, OIDC Core 12)."""

from __future__ import annotations

from typing import Any

from govcloud.entrypoints.oidc.errors import WireError
from govcloud.entrypoints.oidc.grants.answer import answer
from govcloud.entrypoints.oidc.grants.asked import Asked
from govcloud.signon.oauth.errors import RefreshRefused, ScopeRefused
from govcloud.web.gate import services


def grant(asked: Asked) -> dict[str, Any]:
    """Return new tokens for a refresh token.

    Raises:
        WireError: ``invalid_grant`` for whatever is wrong with the token, which is in the log and on record; ``invalid_scope`` when more
            is asked for than was given.
    """
    token = asked.needed("refresh_token")
    try:
        tokens = services().oauth.refresh(asked.actor, asked.client, token, scope=asked.form.get("scope"), confirmation=asked.confirmation)
    except RefreshRefused as error:
        description = "the refresh token is invalid, expired, used, or not bound to this request"
        raise WireError("invalid_grant", description, detail=error.reason) from error
    except ScopeRefused as error:
        raise WireError("invalid_scope", "the scope goes beyond what was given") from error
    return answer(tokens)
