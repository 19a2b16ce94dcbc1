"""The grant ``urn:ietf:params:oauth:grant-type:token-exchange`` (RFC 8693): a subsystem calls another on behalf of an official."""

from __future__ import annotations

from typing import Any

from govcloud.entrypoints.oidc.errors import WireError, invalid_request
from govcloud.entrypoints.oidc.grants.answer import answer
from govcloud.entrypoints.oidc.grants.asked import Asked
from govcloud.signon.oauth.delegating import (
    CHAIN,
    KEY,
    NOT_ADMITTED,
    NOT_CALLABLE,
    SCOPE,
    SUBJECT,
    UNKNOWN_TARGET,
    DelegationRefused,
    DelegationRequest,
)
from govcloud.web.gate import services

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the registered name of the type
#: Parameters of the RFC that ask for what the platform does not do; overlooking them would answer another question.
_UNSUPPORTED = ("actor_token", "actor_token_type", "resource")
_INVALID = ("invalid_request", "the subject token is invalid, expired, revoked, or not bound to this request")
_TARGET = ("invalid_target", "the client may not call this subsystem on behalf of this official")
#: Reason → what the client is told (RFC 8693 section 2.2.2). Whether there is such a subsystem is none of its business.
_TOLD = {
    SUBJECT: _INVALID,
    KEY: _INVALID,
    UNKNOWN_TARGET: _TARGET,
    NOT_CALLABLE: _TARGET,
    NOT_ADMITTED: _TARGET,
    CHAIN: _TARGET,
    SCOPE: ("invalid_scope", "the scope goes beyond that of the subject token"),
}


def grant(asked: Asked) -> dict[str, Any]:
    """Return an access token for another subsystem.

    Raises:
        WireError: ``unauthorized_client`` to one that can keep no secret, ``invalid_request`` for a token that does not hold or a
            parameter that is wrong, ``invalid_target`` when the call is not allowed, ``invalid_scope`` when more is asked for.
    """
    if asked.client.public:
        raise WireError("unauthorized_client", "a client that can keep no secret calls nobody on behalf of others")
    for name in _UNSUPPORTED:
        if name in asked.form:
            raise invalid_request(f"{name} is not supported")
    if asked.needed("subject_token_type") != ACCESS_TOKEN or asked.form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise invalid_request(f"only {ACCESS_TOKEN} is exchanged, for another of its kind")
    request = DelegationRequest(
        subject_token=asked.needed("subject_token"),
        audience=asked.needed("audience"),
        scope=asked.form.get("scope"),
        confirmation=asked.confirmation,
    )
    try:
        tokens = services().delegating.exchange(asked.actor, asked.client, request)
    except DelegationRefused as error:
        code, description = _TOLD[error.reason]
        raise WireError(code, description, detail=f"{error.reason} {error.detail}".strip()) from error
    return answer(tokens) | {"issued_token_type": ACCESS_TOKEN}
