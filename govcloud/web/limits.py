"""Programs that keep failing to prove who they are wait: one limit for every wire, counted across processes.

Only failures are counted, so whoever brings the right secret pays nothing and is never held back by it: a client's secret is 256
random bits, and what this saves is the work and the log that guessing costs. The answer keeps the form of its wire.
"""

from __future__ import annotations

from flask import Flask, Response, g, request

from govcloud.web.gate import services, source_address

_UNAUTHORIZED, _TOO_MANY = 401, 429
_LONGEST = 100


def init_limits(app: Flask) -> None:
    """Count answers that say that a client did not prove itself."""

    @app.after_request
    def limit(response: Response) -> Response:
        unproven = "client_unproven" in g or (response.status_code == _UNAUTHORIZED and "client_proven" not in g)
        client_id = _claimed_client() if unproven else None
        seconds = services().failure_limits.failed("client", client_id, source_address()) if client_id else None
        if seconds is not None:
            response.status_code = _TOO_MANY
            response.headers["Retry-After"] = str(seconds)
        return response


def note_unproven() -> None:
    """Say that the client of this request did not prove who it is, on a wire that does not say so by 401."""
    g.client_unproven = True


def note_proven() -> None:
    """Say that the client of this request proved who it is: a 401 that follows is about somebody else, and is no failure of its own."""
    g.client_proven = True


def _claimed_client() -> str | None:
    """Return the client that the request claims to come from, by HTTP Basic or in the form (RFC 6749 section 2.3.1)."""
    given = request.authorization
    claimed = given.username if given is not None and given.type == "basic" else request.form.get("client_id")
    return claimed[:_LONGEST] if claimed else None
