"""The AuthZEN routes: metadata and evaluation; only what exists is published."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from govcloud.authorization.snapshot import subsystem_of
from govcloud.entrypoints.authzen.answers import answer
from govcloud.entrypoints.authzen.asking import resolve
from govcloud.entrypoints.authzen.errors import foreign_function, init_errors
from govcloud.entrypoints.authzen.wire import read_evaluation
from govcloud.web.gate import client_authenticated, current_client, public, services
from govcloud.web.setup import csrf

EVALUATION = "/access/v1/evaluation"

authzen = Blueprint("authzen", __name__)
# Programs authenticate with their credentials on every request; no cookie of a browser counts here.
csrf.exempt(authzen)
init_errors(authzen)


@authzen.get("/.well-known/authzen-configuration")
@public("metadata of the decision point, section 9 of the standard; the same for everybody")
def metadata() -> Response:
    """Return where the endpoints are, from the configured address: the Host header is the caller's own claim."""
    base = services().settings.public_url
    return jsonify(policy_decision_point=base, access_evaluation_endpoint=base + EVALUATION)


@authzen.post(EVALUATION)
@client_authenticated
def evaluation() -> Response:
    """Answer one question (section 6); a denial is an answer, so it is 200 as well."""
    asked = read_evaluation(request)
    client = current_client()
    if subsystem_of(asked.function) != client.subsystem_code:
        raise foreign_function(asked.function, client.subsystem_code)
    return answer(resolve(asked, client))
