"""The token endpoint (RFC 6749 section 3.2): the client proves who it is, then its grant decides."""

from __future__ import annotations

from flask import Response, jsonify, request

from govcloud.entrypoints.oidc.blueprint import wire
from govcloud.entrypoints.oidc.checks.client_authentication import authenticate_client
from govcloud.entrypoints.oidc.errors import WireError, invalid_request
from govcloud.entrypoints.oidc.grants import GRANTS
from govcloud.web.gate import public
from govcloud.web.parameters import BadParameterError, read_parameters

_FORM = "application/x-www-form-urlencoded"


@wire.post("/oidc/token")
@public("RFC 6749 section 3.2.1: authenticates the client itself, in every way that clients may choose")
def token() -> Response:
    """Exchange a grant for tokens."""
    form = _form()
    client = authenticate_client(request.headers.get("Authorization"), form)
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise invalid_request("grant_type is missing")
    if grant_type not in GRANTS:
        raise WireError("unsupported_grant_type", f"supported: {', '.join(GRANTS)}")
    response = jsonify(GRANTS[grant_type](client, form))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def _form() -> dict[str, str]:
    """Return the body's parameters; an address must carry none of them (RFC 6749 section 2.3.1: secrets would end up in logs)."""
    if request.mimetype != _FORM:
        raise invalid_request(f"the body must be {_FORM}")
    if request.args:
        raise invalid_request("parameters belong in the body")
    try:
        return read_parameters(request.form)
    except BadParameterError as error:
        raise invalid_request(str(error)) from error
