"""The AuthZEN routes: metadata, evaluations, searches, access requests; and an answer for every other address below them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from govcloud.entrypoints.authzen import access_requests, paths
from govcloud.entrypoints.authzen.batches import Batch, read_evaluations
from govcloud.entrypoints.authzen.errors import init_errors
from govcloud.entrypoints.authzen.evaluating import evaluate, evaluate_all
from govcloud.entrypoints.authzen.limits import SEARCH_COST, searching, take_share
from govcloud.entrypoints.authzen.metadata import described
from govcloud.entrypoints.authzen.paths import EVALUATION
from govcloud.entrypoints.authzen.responses import respond
from govcloud.entrypoints.authzen.searching import search_actions, search_resources, search_subjects
from govcloud.entrypoints.authzen.wire import read_body, read_evaluation
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import client_authenticated, current_client, public
from govcloud.web.setup import csrf
from govcloud.web.trace import HEADER

__all__ = ["EVALUATION", "authzen"]

authzen = Blueprint("authzen", __name__)
# Programs authenticate with their credentials on every request; no cookie of a browser counts here.
csrf.exempt(authzen)
init_errors(authzen)

_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
#: The addresses that are known, and how they are called.
_METHODS = {
    paths.EVALUATION: "POST",
    paths.EVALUATIONS: "POST",
    paths.SEARCH_SUBJECT: "POST",
    paths.SEARCH_RESOURCE: "POST",
    paths.SEARCH_ACTION: "POST",
    paths.REQUESTS: "POST",
    paths.REQUEST_SCHEMA: "GET",
}
_LONGEST_REQUEST_ID = 256


@authzen.get(paths.METADATA)
@public("metadata of the decision point, section 9 of the standard; the same for everybody")
def metadata() -> Response:
    """Return where the endpoints are, from the configured address: the Host header is the caller's own claim."""
    response = respond(described())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@authzen.post(paths.EVALUATION)
@client_authenticated
def evaluation() -> Response:
    """Answer one question (section 6); a denial is an answer, so it is 200 as well."""
    take_share(1)
    asked = read_evaluation(read_body(request))
    return respond(evaluate(asked, current_client()))


@authzen.post(paths.EVALUATIONS)
@client_authenticated
def evaluations() -> Response:
    """Answer several questions (section 7); without any in ``evaluations`` it is the endpoint above."""
    take_share(1)
    asked = read_evaluations(read_body(request))
    if not isinstance(asked, Batch):
        return respond(evaluate(asked, current_client()))
    take_share(len(asked.items) - 1)
    return respond(evaluate_all(asked, current_client()))


@authzen.post(paths.SEARCH_SUBJECT)
@client_authenticated
def subjects() -> Response:
    """Answer who may do something (section 8.4)."""
    return _searched(search_subjects)


@authzen.post(paths.SEARCH_RESOURCE)
@client_authenticated
def resources() -> Response:
    """Answer what somebody may do something to (section 8.5)."""
    return _searched(search_resources)


@authzen.post(paths.SEARCH_ACTION)
@client_authenticated
def actions() -> Response:
    """Answer what somebody may do (section 8.6)."""
    return _searched(search_actions)


def _searched(search: Callable[[Mapping[str, Any], ClientView], dict[str, Any]]) -> Response:
    take_share(SEARCH_COST)
    body = read_body(request)
    with searching():
        return respond(search(body, current_client()))


@authzen.post(paths.REQUESTS)
@client_authenticated
def request_access() -> Response:
    """Take an access request after a denial (Access Request & Approval Profile, Access Request Endpoint)."""
    take_share(1)
    body = read_body(request)
    answer, decided = access_requests.submit(body, current_client())
    response = respond(answer, 201 if decided else 202)
    response.headers["Location"] = answer["task"]["status_endpoint"]
    return response


@authzen.get(f"{paths.REQUESTS}/<handle>")
@client_authenticated
def request_status(handle: str) -> Response:
    """Answer how far an access request is (Access Request & Approval Profile, Task Status Endpoint)."""
    take_share(1)
    answer, retry_after = access_requests.status(handle, current_client())
    response = respond(answer)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


@authzen.get(paths.REQUEST_SCHEMA)
@public("what an access request may be filled in with, the same for everybody")
def request_schema() -> Response:
    """Return the JSON Schema of what an enforcement point may add to an access request."""
    response = respond(access_requests.SCHEMA)
    response.mimetype = "application/schema+json"
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@authzen.route("/access/v1/", defaults={"rest": ""}, methods=_ALL_METHODS)
@authzen.route("/access/v1/<path:rest>", methods=_ALL_METHODS)
@public("says only that there is no such address, or no such method")
def unknown(rest: str) -> Response:
    """Answer on this wire, not with a page, what no other route takes.

    Raises:
        MethodNotAllowed: the address is known under another method.
        NotFound: the address is not known.
    """
    known = _METHODS.get(f"/access/v1/{rest}")
    if known is not None:
        raise MethodNotAllowed(valid_methods=[known])
    raise NotFound


@authzen.after_request
def echo_request_id(response: Response) -> Response:
    """Give the caller's own number back (section 10.1.3): any visible ASCII, which the platform's record need not take for its own."""
    given = request.headers.get(HEADER, "")
    if 0 < len(given) <= _LONGEST_REQUEST_ID and given.isascii() and given.isprintable():
        response.headers[HEADER] = given
    return response
