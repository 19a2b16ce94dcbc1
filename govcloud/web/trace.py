"""The trace number of a request: taken from ``X-Request-ID`` when it is well formed, else made here, and always echoed."""

from __future__ import annotations

import re

from flask import Flask, Response, g, request

from govcloud.kernel.ids import new_id

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def trace_id() -> str:
    """Return the trace number of the current request."""
    number = g.get("trace_id")
    if number is None:
        given = request.headers.get(HEADER, "")
        number = given if _WELL_FORMED.fullmatch(given) else new_id().hex
        g.trace_id = number
    return str(number)


def init_trace(app: Flask) -> None:
    """Echo the number on every answer, so that a user can quote it and the record can be searched for it."""

    @app.after_request
    def echo(response: Response) -> Response:
        # A wire may have given a number back that is no trace number.
        response.headers.setdefault(HEADER, trace_id())
        return response
