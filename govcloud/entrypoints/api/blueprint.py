"""The blueprint of the API: every row of the table, the document, and a problem for every address that is none."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from govcloud.entrypoints.api.routes import PREFIX, TABLE
from govcloud.entrypoints.api.wire.errors import init_errors
from govcloud.entrypoints.api.wire.openapi import document
from govcloud.entrypoints.api.wire.table import view_of
from govcloud.web.gate import public, services
from govcloud.web.locale import html_lang
from govcloud.web.setup import csrf

_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_DOCUMENT = "/openapi.json"

api = Blueprint("api", __name__, url_prefix=PREFIX)
init_errors(api)

for _route in TABLE:
    _view = view_of(_route)
    if _route.by_client:
        csrf.exempt(_view)
    api.add_url_rule(_route.path, _route.name, _view, methods=[_route.method])

_KNOWN = Map([Rule(route.path, methods=[route.method], endpoint=route.name) for route in TABLE] + [Rule(_DOCUMENT, methods=["GET"])])


@lru_cache(maxsize=1)
def _document(public_url: str) -> dict[str, Any]:
    return document(TABLE, public_url, PREFIX)


@api.get(_DOCUMENT)
@public("describes the API; holds no data")
def openapi() -> Response:
    """Return the OpenAPI document."""
    return jsonify(_document(services().settings.public_url))


@api.route("/", defaults={"rest": ""}, methods=_ALL_METHODS)
@api.route("/<path:rest>", methods=_ALL_METHODS)
@public("says only that there is no such address, or no such method")
def unknown(rest: str) -> Response:
    """Answer below the API's prefix with a problem, not with a page.

    Raises:
        MethodNotAllowed: the address is known under other methods.
        NotFound: the address is not known.
    """
    allowed = _KNOWN.bind("").allowed_methods(f"/{rest}")
    if allowed:
        raise MethodNotAllowed(valid_methods=allowed)
    raise NotFound


@api.after_request
def say_language(response: Response) -> Response:
    """Name the language of the texts in an answer."""
    response.headers.setdefault("Content-Language", html_lang())
    response.vary.update(("Accept-Language", "Cookie"))
    return response
