"""The revocation endpoint (RFC 7009): a client gives a token back that it needs no more."""

from __future__ import annotations

from flask import Response, request

from govcloud.entrypoints.oidc.blueprint import wire
from govcloud.entrypoints.oidc.bodies import read_form
from govcloud.entrypoints.oidc.checks.client_authentication import authenticate_client
from govcloud.entrypoints.oidc.errors import invalid_request
from govcloud.web.gate import client_actor, public, services

PATH = "/oidc/revoke"


@wire.post(PATH)
@public("RFC 7009 section 2.1: authenticates the client itself, in every way that clients may choose")
def revoke() -> Response:
    """End a token; the answer is the same for one that was none (section 2.2)."""
    form = read_form()
    client = authenticate_client(request.headers.get("Authorization"), form, PATH)
    if "token" not in form:
        raise invalid_request("token is missing")
    actor = client_actor(client)
    services().oauth.revoke(actor, client, form["token"])
    return Response(status=200, headers={"Cache-Control": "no-store"})
