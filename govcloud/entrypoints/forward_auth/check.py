"""The question that a proxy asks before it hands a request to an application: 200 with who it is, 401 sign in, 403 may not."""

from __future__ import annotations

from flask import Response

from govcloud.entrypoints.forward_auth.asking import LOCATION, asking
from govcloud.entrypoints.forward_auth.blueprint import wire
from govcloud.entrypoints.forward_auth.errors import bare
from govcloud.signon.forwarding.headers import as_headers
from govcloud.signon.forwarding.service import Refused
from govcloud.web.gate import public, services

_OK, _SIGN_IN, _FORBIDDEN = 200, 401, 403


@wire.get("/forward-auth/check")
@public("the proxy proves itself with the application's secret, which the view checks and remembers for half a minute")
def check() -> Response:
    """Decide by the cookie of the application's own origin; where the browser should go instead stands in a header."""
    asked = asking()
    address = asked.client_address
    outcome = services().forwarding.check(asked.client, asked.origin, asked.uri, asked.cookie, client_address=address)
    if outcome is None:
        response = bare(_SIGN_IN)
        if asked.navigates:
            state = asked.hold(response)
            response.headers[LOCATION] = asked.platform("/forward-auth/start", to=asked.way_back, state=state)
        return response
    if isinstance(outcome, Refused):
        response = bare(_FORBIDDEN)
        if asked.navigates:
            told = dict(services().forwarding.seen_from(asked.client, address))
            if outcome.wants_proof:
                # The browser may have a stronger session at the platform than the one of this stay: then it comes in anew.
                told["state"] = asked.hold(response)
            response.headers[LOCATION] = asked.platform("/forward-auth/refused", to=asked.address, **told)
        return response
    response = bare(_OK)
    response.headers.update(as_headers(outcome.identity, outcome.assertion))
    return response
