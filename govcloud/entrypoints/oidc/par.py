"""The endpoint for pushed authorization requests (RFC 9126): checked as if a browser had brought them, and kept for a minute."""

from __future__ import annotations

from flask import Response, jsonify, request

from govcloud.entrypoints.oidc.authorize import REQUEST
from govcloud.entrypoints.oidc.binding import bind_to_proof
from govcloud.entrypoints.oidc.blueprint import wire
from govcloud.entrypoints.oidc.bodies import read_form
from govcloud.entrypoints.oidc.checks.client_authentication import authenticate_client
from govcloud.entrypoints.oidc.checks.redirect_uri import check_redirect_uri
from govcloud.entrypoints.oidc.errors import AuthorizationError, WireError, invalid_request
from govcloud.entrypoints.oidc.marks import OURS
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.signon.oauth.pushing import LIFE
from govcloud.subsystems.protocols import AUTHORIZATION_CODE
from govcloud.web.errors import PageError
from govcloud.web.gate import client_actor, public, services

PATH = "/oidc/par"
_OF_THE_CLIENT = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
_CREATED = 201
#: A public client may push in its name alone, and what it pushes is stored.
_MOST = 16_384


@wire.post(PATH)
@public("RFC 9126 section 2: authenticates the client itself, in every way that clients may choose")
def par() -> Response:
    """Take in an authorization request and return the reference that stands for it."""
    form = read_form()
    client = authenticate_client(request.headers.get("Authorization"), form, PATH)
    if AUTHORIZATION_CODE not in client.oidc.grant_types:
        raise WireError("unauthorized_client", "this client signs nobody in")
    if "request_uri" in form:
        raise invalid_request("a pushed request cannot stand for another one")
    left_out = _OF_THE_CLIENT | OURS
    asked = AuthorizationRequest({name: value for name, value in form.items() if name not in left_out} | {"client_id": client.client_id})
    asked.client = client
    bind_to_proof(asked.parameters)
    try:
        check_redirect_uri(asked)
        for check in REQUEST:
            check(asked)
    except PageError as error:
        raise invalid_request("redirect_uri is missing or not registered") from error
    except AuthorizationError as error:
        raise WireError(error.error, error.description) from error
    if len(asked.fingerprint) > _MOST:
        raise invalid_request(f"the request is longer than {_MOST} characters")
    actor = client_actor(client)
    reference = services().oauth.push(actor, client, asked.parameters)
    response = jsonify(request_uri=reference, expires_in=int(LIFE.total_seconds()))
    response.status_code = _CREATED
    response.headers["Cache-Control"] = "no-store"
    return response
