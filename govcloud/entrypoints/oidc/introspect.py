"""The introspection endpoint (RFC 7662): what a token is worth now, for the client that it belongs to or is meant for."""

from __future__ import annotations

from flask import Response, jsonify, request

from govcloud.entrypoints.oidc.blueprint import wire
from govcloud.entrypoints.oidc.bodies import read_form
from govcloud.entrypoints.oidc.checks.client_authentication import authenticate_client
from govcloud.entrypoints.oidc.errors import invalid_client, invalid_request
from govcloud.web.gate import public, services

PATH = "/oidc/introspect"


@wire.post(PATH)
@public("RFC 7662 section 2.1: authenticates the client itself, and answers none that can keep no secret")
def introspect() -> Response:
    """Say what a token is worth; ``token_type_hint`` is not needed, and so not looked at."""
    form = read_form()
    client = authenticate_client(request.headers.get("Authorization"), form, PATH)
    if client.public:
        raise invalid_client(f"{client.client_id!r} is a public client")
    if "token" not in form:
        raise invalid_request("token is missing")
    response = jsonify(services().oauth.introspect(client, form["token"]))
    response.headers["Cache-Control"] = "no-store"
    return response
