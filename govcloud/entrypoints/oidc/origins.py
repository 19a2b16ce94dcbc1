"""Browsers of other origins (CORS): a client that runs in the browser may read what it is answered, when its origin is registered.

No cookie counts at these endpoints, so nothing can be read that the caller could not ask for elsewhere; what the rule keeps apart is one
client's page from another client's tokens.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from govcloud.web.gate import services

_PATHS = frozenset({"/oidc/token", "/oidc/userinfo", "/oidc/revoke", "/oidc/par"})
_HEADERS = "Authorization, Content-Type, DPoP"
_SHOWN = "WWW-Authenticate, DPoP-Nonce"
_MINUTES = "600"


def known_client(client_id: str) -> None:
    """Note which client is being answered: from here on only its own origins may read the answer."""
    g.oidc_client_id = client_id


def init_origins(blueprint: Blueprint) -> None:
    """Say on each answer of a blueprint who else may read it."""

    @blueprint.after_request
    def allow(response: Response) -> Response:
        origin = request.headers.get("Origin")
        if request.path not in _PATHS or origin is None:
            return response
        response.vary.add("Origin")
        if _registered(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _SHOWN
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = "GET, POST"
                response.headers["Access-Control-Allow-Headers"] = _HEADERS
                response.headers["Access-Control-Max-Age"] = _MINUTES
        return response


def _registered(origin: str) -> bool:
    return services().subsystem_queries.is_web_origin(origin, g.get("oidc_client_id"))
