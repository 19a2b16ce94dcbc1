"""The one route of the SCIM way in: it asks whether the client may, opens the transaction, and lets the protocol answer."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app, request
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from govcloud.entrypoints.scim.errors import init_errors
from govcloud.entrypoints.scim.provider import PREFIX, provider
from govcloud.entrypoints.scim.service import DirectoryService
from govcloud.entrypoints.scim.storage import READ, WRITE, DirectoryStorage
from govcloud.kernel.actor import Actor
from govcloud.web.gate import client_authenticated, current_actor, services
from govcloud.web.locale import html_lang
from govcloud.web.setup import csrf

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_EXTENSION = "govcloud.scim"
_CURSORS = "scim/cursors"

scim = Blueprint("scim", __name__, url_prefix=PREFIX)
# Programs authenticate with their credentials on every request; no cookie of a browser counts here.
csrf.exempt(scim)
init_errors(scim)


@scim.route("/", defaults={"rest": ""}, methods=_METHODS)
@scim.route("/<path:rest>", methods=_METHODS)
@client_authenticated
def endpoint(rest: str) -> Response:
    """Answer a request; all of it is one transaction, but for a bulk request, whose operations stand or fall on their own."""
    method = "GET" if request.method == "HEAD" else request.method
    asked = ScimRequest(
        method=method,
        # The address is the configured one: the Host header is the caller's own claim.
        base_url=services().settings.public_url + PREFIX,
        path=f"/{rest}",
        query=request.args.to_dict(),
        headers=list(request.headers.items()),
        body=request.get_data(cache=False),
    )
    reading = method == "GET" or rest.rstrip("/").endswith(".search")
    answer = _bulk(asked) if rest.strip("/") == "Bulk" else _single(asked, READ if reading else WRITE)
    return _response(answer)


def _single(asked: ScimRequest, command: str) -> ScimResponse:
    actor = current_actor()
    with services().uow.begin(actor, command):
        return _handler(actor, one_by_one=False).handle(asked)


def _bulk(asked: ScimRequest) -> ScimResponse:
    actor = current_actor()
    with services().uow.begin(actor, WRITE):
        pass
    return _handler(actor, one_by_one=True).handle(asked)


def _handler(actor: Actor, *, one_by_one: bool) -> ScimHandler:
    service = _service()
    return ScimHandler(service, DirectoryStorage(services(), service, actor, one_by_one=one_by_one))


def _service() -> DirectoryService:
    """Return the protocol of this application, made once: building the models of a service takes a while."""
    known = current_app.extensions.get(_EXTENSION)
    if known is None:
        settings = services().settings
        described = provider(settings.request_max_bytes, f"{settings.public_url}/scim/v2/Schemas")
        known = DirectoryService(described, secret=services().keys.derived(_CURSORS))
        current_app.extensions[_EXTENSION] = known
    return cast("DirectoryService", known)


def _response(answer: ScimResponse) -> Response:
    """Return an answer of the protocol as Flask's."""
    body = "" if answer.body is None else current_app.json.dumps(answer.body)
    response = Response(body, int(answer.status), headers=answer.headers)
    response.headers["Content-Language"] = html_lang()
    return response
