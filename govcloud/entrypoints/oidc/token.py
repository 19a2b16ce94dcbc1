"""The token endpoint (RFC 6749 section 3.2): the client proves who it is, then its grant decides."""

from __future__ import annotations

from flask import Response, jsonify, request

from govcloud.entrypoints.oidc.binding import confirmation_of
from govcloud.entrypoints.oidc.blueprint import wire
from govcloud.entrypoints.oidc.bodies import read_form
from govcloud.entrypoints.oidc.checks.client_authentication import authenticate_client
from govcloud.entrypoints.oidc.errors import WireError, invalid_request
from govcloud.entrypoints.oidc.grants import GRANTS
from govcloud.entrypoints.oidc.grants.asked import Asked
from govcloud.web.gate import public


@wire.post("/oidc/token")
@public("RFC 6749 section 3.2.1: authenticates the client itself, in every way that clients may choose")
def token() -> Response:
    """Exchange a grant for tokens."""
    form = read_form()
    client = authenticate_client(request.headers.get("Authorization"), form)
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise invalid_request("grant_type is missing")
    if grant_type not in GRANTS:
        raise WireError("unsupported_grant_type", f"supported: {', '.join(GRANTS)}")
    if grant_type not in client.oidc.grant_types:
        raise WireError("unauthorized_client", "this grant_type is not registered for the client")
    response = jsonify(GRANTS[grant_type](Asked(client, form, confirmation_of(client))))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
