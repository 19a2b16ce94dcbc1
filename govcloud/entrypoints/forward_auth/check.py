"""The question that a proxy asks before it hands a request to an application: 200 with who it is, 401 sign in, 403 may not."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from govcloud.entrypoints.forward_auth.asking import LOCATION, asking
from govcloud.entrypoints.forward_auth.blueprint import wire
from govcloud.entrypoints.forward_auth.errors import bare
from govcloud.signon.forwarding.service import Refused
from govcloud.web.gate import public, services

#: What is said about the official, and the header that says it; docs/reference/forward-auth.md and deploy/nginx name them all.
HEADERS = {
    "name": "X-Govcloud-Name",
    "employee_code": "X-Govcloud-Employee-Code",
    "appointment_id": "X-Govcloud-Appointment",
    "department": "X-Govcloud-Department",
    "division": "X-Govcloud-Division",
}
ASSERTION = "X-Govcloud-Identity"
_OK, _SIGN_IN, _FORBIDDEN = 200, 401, 403


@wire.get("/forward-auth/check")
@public("the proxy proves itself with the application's secret, which the view checks and remembers for half a minute")
def check() -> Response:
    """Decide by the cookie of the application's own origin; where the browser should go instead stands in a header."""
    asked = asking()
    outcome = services().forwarding.check(asked.client, asked.origin, asked.uri, asked.cookie)
    if outcome is None:
        response = bare(_SIGN_IN)
        if asked.navigates:
            state = asked.hold(response)
            response.headers[LOCATION] = asked.platform("/forward-auth/start", to=asked.way_back, state=state)
        return response
    if isinstance(outcome, Refused):
        response = bare(_FORBIDDEN)
        if asked.navigates:
            response.headers[LOCATION] = asked.platform("/forward-auth/refused", to=asked.address)
        return response
    response = bare(_OK)
    for name, value in outcome.identity.items():
        # RFC 9110 section 5.5: headers are ASCII, so UTF-8 is written as in addresses.
        response.headers[HEADERS[name]] = quote(value, safe="")
    response.headers[ASSERTION] = outcome.assertion
    return response
