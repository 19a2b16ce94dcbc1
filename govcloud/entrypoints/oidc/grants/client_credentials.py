"""The grant ``client_credentials`` (RFC 6749 section 4.4): a subsystem acts for itself, and no official stands behind it."""

from __future__ import annotations

from typing import Any

from govcloud.entrypoints.oidc.errors import WireError
from govcloud.entrypoints.oidc.grants.answer import answer
from govcloud.entrypoints.oidc.grants.asked import Asked
from govcloud.signon.claims import CLIENT_SCOPES
from govcloud.web.gate import services


def grant(asked: Asked) -> dict[str, Any]:
    """Return an access token for the client itself; without ``scope`` it opens all that clients may ask for.

    What the client may do there is decided there, as if it had come with its secret.

    Raises:
        WireError: ``unauthorized_client`` for a public client, as anybody could come in its name (RFC 6749 section 4.4.2);
            ``invalid_scope`` when nothing of the scope is for clients.
    """
    if asked.client.public:
        raise WireError("unauthorized_client", "a public client cannot act for itself")
    wanted = asked.form.get("scope")
    scope = [item for item in CLIENT_SCOPES if wanted is None or item in wanted.split()]
    if not scope:
        raise WireError("invalid_scope", f"a client may ask for itself: {' '.join(CLIENT_SCOPES)}")
    return answer(services().oauth.client_credentials(asked.actor, asked.client, " ".join(scope), confirmation=asked.confirmation))
