"""The grant ``authorization_code`` (RFC 6749 section 4.1.3, OIDC Core 3.1.3)."""

from __future__ import annotations

from typing import Any

from govcloud.entrypoints.oidc.checks.pkce import is_verifier, needs_pkce
from govcloud.entrypoints.oidc.errors import WireError
from govcloud.entrypoints.oidc.grants.answer import answer
from govcloud.entrypoints.oidc.grants.asked import Asked
from govcloud.signon.errors import TicketRefused
from govcloud.web.gate import services


def grant(asked: Asked) -> dict[str, Any]:
    """Return the tokens for a code.

    Raises:
        WireError: ``invalid_request`` when a parameter is missing; ``invalid_grant`` for whatever else is wrong with the code. Which
            of its bonds did not hold is in the log and on record, not in the answer.
    """
    code, redirect_uri = asked.needed("code"), asked.needed("redirect_uri")
    verifier = asked.needed("code_verifier") if needs_pkce(asked.client) else asked.form.get("code_verifier")
    if verifier is not None and not is_verifier(verifier):
        raise _invalid_grant("malformed_verifier")
    try:
        tokens = services().signon.redeem(
            asked.actor, asked.client, code, redirect_uri=redirect_uri, code_verifier=verifier, confirmation=asked.confirmation
        )
    except TicketRefused as error:
        raise _invalid_grant(error.reason) from error
    return answer(tokens)


def _invalid_grant(detail: str) -> WireError:
    return WireError("invalid_grant", "the code is invalid, expired, used, or not bound to this request", detail=detail)
