"""The device authorization endpoint (RFC 8628 section 3.1): a device without a browser gets the code that it shows."""

from __future__ import annotations

from flask import Response, jsonify, request

from govcloud.entrypoints.oidc.binding import confirmation_of
from govcloud.entrypoints.oidc.blueprint import wire
from govcloud.entrypoints.oidc.bodies import read_form
from govcloud.entrypoints.oidc.checks.client_authentication import authenticate_client
from govcloud.entrypoints.oidc.errors import WireError
from govcloud.entrypoints.oidc.grants.asked import Asked
from govcloud.signon.claims import OPENID, granted
from govcloud.subsystems.protocols import DEVICE_CODE
from govcloud.web.gate import public, services

PATH = "/oidc/device_authorization"
PAGE = "/device"
"""Where people type the code; short, as it is typed as well."""


@wire.post(PATH)
@public("RFC 8628 section 3.1: authenticates the client itself, in every way that clients may choose")
def device_authorization() -> Response:
    """Return the two codes of a device."""
    form = read_form()
    client = authenticate_client(request.headers.get("Authorization"), form, PATH)
    if DEVICE_CODE not in client.oidc.grant_types:
        raise WireError("unauthorized_client", "this client is not registered for devices")
    asked = form.get("scope", OPENID).split(" ")
    if OPENID not in asked:
        raise WireError("invalid_scope", "the scope must contain openid")
    scope = " ".join(granted(client, asked))
    # RFC 9449 asks for proofs where tokens are given, so clients send none here; one that does is held to that key.
    confirmation = confirmation_of(client, demanded=False)
    codes = services().devices.begin(Asked(client, form).actor, client, scope, confirmation)
    page = f"{services().settings.public_url}{PAGE}"
    response = jsonify(
        device_code=codes.device_code,
        user_code=codes.user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?user_code={codes.user_code}",
        expires_in=codes.expires_in,
        interval=codes.interval,
    )
    response.headers["Cache-Control"] = "no-store"
    return response
