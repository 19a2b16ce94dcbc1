"""Programs that keep failing to prove who they are wait: one limit for every wire, counted across processes.

Only failures are counted, so whoever brings the right secret pays nothing and is never held back by it: a client's secret is 256
random bits, and what this saves is the work and the log that guessing costs. The answer keeps the form of its wire.
"""

from __future__ import annotations

from flask import Flask, Response, request

from govcloud.web.gate import services, source_address

_UNAUTHORIZED, _TOO_MANY = 401, 429
_LONGEST = 100
#: Where 401 says that the browser behind a proxy is not signed in; the proxy itself, when it proves nothing, gets 400.
_ABOUT_OTHERS = frozenset({"forward_auth.forward_auth_wire"})


def init_limits(app: Flask) -> None:
    """Count answers that say that a client did not prove itself."""

    @app.after_request
    def limit(response: Response) -> Response:
        client_id = _claimed_client() if response.status_code == _UNAUTHORIZED and request.blueprint not in _ABOUT_OTHERS else None
        seconds = services().failure_limits.failed("client", client_id, source_address()) if client_id else None
        if seconds is not None:
            response.status_code = _TOO_MANY
            response.headers["Retry-After"] = str(seconds)
        return response


def _claimed_client() -> str | None:
    """Return the client that the request claims to come from, by HTTP Basic or in the form (RFC 6749 section 2.3.1)."""
    given = request.authorization
    claimed = given.username if given is not None and given.type == "basic" else request.form.get("client_id")
    return claimed[:_LONGEST] if claimed else None
