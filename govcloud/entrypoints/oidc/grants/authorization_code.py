"""The grant ``authorization_code`` (RFC 6749 section 4.1.3, OIDC Core 3.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from govcloud.entrypoints.oidc.checks.pkce import is_verifier
from govcloud.entrypoints.oidc.errors import WireError, invalid_request
from govcloud.kernel.actor import Actor
from govcloud.signon.errors import TicketRefused
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services, source_address
from govcloud.web.trace import trace_id

_REQUIRED = ("code", "redirect_uri", "code_verifier")


def grant(client: ClientView, form: Mapping[str, str]) -> dict[str, Any]:
    """Return the tokens for a code.

    Raises:
        WireError: ``invalid_request`` when a parameter is missing; ``invalid_grant`` for whatever else is wrong with the code. Which
            of its bonds did not hold is in the log and on record, not in the answer.
    """
    for name in _REQUIRED:
        if name not in form:
            raise invalid_request(f"{name} is missing")
    if not is_verifier(form["code_verifier"]):
        raise _invalid_grant("malformed_verifier")
    actor = Actor.subsystem(client.client_id, client.name, source_address=source_address(), trace_id=trace_id())
    try:
        tokens = services().signon.redeem(
            actor, client, form["code"], redirect_uri=form["redirect_uri"], code_verifier=form["code_verifier"]
        )
    except TicketRefused as error:
        raise _invalid_grant(error.reason) from error
    return {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "id_token": tokens.id_token,
        "scope": tokens.scope,
    }


def _invalid_grant(detail: str) -> WireError:
    return WireError("invalid_grant", "the code is invalid, expired, used, or not bound to this request", detail=detail)
