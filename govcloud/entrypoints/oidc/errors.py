"""Errors of OpenID Connect on their wires: a page, a redirect back to the client, or OAuth JSON.

===========================  ============================================================================================
``PageError``                of ``web/errors.py``: the client or its address is uncertain: nobody is redirected (RFC 6749 section 4.1.2.1)
``AuthorizationError``       goes back to the client's registered address with ``error``, ``state`` and ``iss`` (RFC 9207)
``Interaction``              the person has to do something on the platform first, and then comes back
``EntryDenied``              the person may not enter the subsystem: the platform's own refusal page, which names the remedy
``WireError``                JSON of RFC 6749 section 5.2, or a challenge of RFC 6750 section 3.1
===========================  ============================================================================================

``description`` is for the client's developers: English, ASCII, and nothing that helps an attacker. ``detail`` goes to the log alone.
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify
from werkzeug.exceptions import HTTPException

from govcloud.authorization.deciding.decisions import Decision
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound, Unavailable
from govcloud.web.errors import answer_errors, with_headers
from govcloud.web.trace import trace_id

_UNAUTHORIZED = 401


class AuthorizationError(Exception):
    """An authorization request that is answered with an error (OIDC Core 3.1.2.6)."""

    def __init__(self, error: str, description: str) -> None:
        """Keep the registered code and the description."""
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


class Interaction(Exception):
    """The person has to go to a page of the portal first; ``parameters`` are added to the address that leads back."""

    def __init__(self, endpoint: str, **parameters: str) -> None:
        """Name the page by its endpoint."""
        super().__init__(endpoint)
        self.endpoint = endpoint
        self.parameters = parameters


class EntryDenied(Exception):
    """The engine does not let the person into the client's subsystem."""

    def __init__(self, decision: Decision) -> None:
        """Keep the decision, which names the reason."""
        super().__init__(str(decision.code))
        self.decision = decision


class WireError(Exception):
    """An error for a program: code, description, status and, where the scheme wants one, a challenge."""

    def __init__(self, error: str, description: str, *, status: int = 400, challenge: str | None = None, detail: str = "") -> None:
        """Keep the parts; ``challenge`` is the whole value of ``WWW-Authenticate``."""
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status
        self.challenge = challenge
        self.detail = detail


def invalid_request(description: str) -> WireError:
    """Return the error for a request that is malformed (RFC 6749 section 5.2)."""
    return WireError("invalid_request", description)


def invalid_client(detail: str) -> WireError:
    """Return the error for a client that did not prove who it is (RFC 6749 section 5.2); why stays in the log."""
    challenge = 'Basic realm="govcloud", charset="UTF-8"'
    return WireError("invalid_client", "client authentication failed", status=_UNAUTHORIZED, challenge=challenge, detail=detail)


def wire_answer(error: str, description: str, status: int) -> Response:
    """Return the JSON of RFC 6749 section 5.2, never to be cached."""
    response = jsonify(error=error, error_description=description)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def _on_wire_error(error: WireError) -> Response:
    current_app.logger.info("oauth error %s (%s), trace %s", error, error.detail or "no detail", trace_id())
    response = wire_answer(error.error, error.description, error.status)
    if error.challenge is not None:
        response.headers["WWW-Authenticate"] = error.challenge
    return response


#: The kernel's kinds on this wire; what the platform cannot do right now is said as such, everything else is the request's fault.
_KINDS: dict[type[GovcloudError], tuple[str, str, int]] = {
    Invalid: ("invalid_request", "the request is not valid", 400),
    NotFound: ("invalid_request", "the request names something that does not exist", 400),
    Conflict: ("invalid_request", "the request does not fit the present state", 400),
    Denied: ("unauthorized_client", "the client may not do this", 403),
    Unavailable: ("temporarily_unavailable", "the platform cannot answer right now", 503),
}


def _on_domain_error(error: GovcloudError) -> Response:
    known = (answer for kind, answer in _KINDS.items() if isinstance(error, kind))
    response = wire_answer(*next(known, ("server_error", "the platform failed", 500)))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _on_http_error(error: HTTPException) -> Response:
    return with_headers(wire_answer("invalid_request", error.name.lower(), error.code or 500), error)


def init_wire_errors(blueprint: Blueprint) -> None:
    """Answer every error of a blueprint for programs in their own form."""
    blueprint.register_error_handler(WireError, _on_wire_error)
    answer_errors(
        blueprint,
        domain=_on_domain_error,
        http=_on_http_error,
        defect=lambda: wire_answer("server_error", "the platform failed", 500),
    )
