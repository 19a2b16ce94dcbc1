"""The OpenAPI 3.1 document of the API, made from the table of routes and the models that really parse and answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from govcloud import __version__
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input
from govcloud.entrypoints.api.wire.results import Problem
from govcloud.entrypoints.api.wire.table import Route

_PARAMETER = re.compile(r"<(uuid:)?(\w+)>")
_REFERENCE = "#/components/schemas/{model}"
_PROBLEMS = {
    "400": "the body is not JSON, or the path or query cannot be read",
    "401": "not signed in",
    "403": "the actor may not do this; `refusals` lists every reason",
    "404": "there is no such thing, or the actor may not know of it",
    "409": "the thing is in another state than the caller believes",
    "413": "the body is too large",
    "415": "the body is not `application/json`",
    "422": "fields are wrong; `fields` names each",
    "503": "try again later",
}
_ONCE: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "names the call: within 24 hours the same call with the same key is answered again (`Idempotent-Replayed: true`) and "
    "not done again; with another body it is refused (422, `idempotency_key_reused`); a refused call is not kept",
}
References: TypeAlias = Mapping[type[BaseModel], dict[str, Any]]
_READING = ("401", "403", "404", "422", "503")
_WRITING = tuple(_PROBLEMS)


def document(table: Iterable[Route], public_url: str, prefix: str) -> dict[str, Any]:
    """Return the document.

    Args:
        table: the routes.
        public_url: the address at which browsers reach the platform.
        prefix: the path before every route's own.
    """
    rows = list(table)
    names, definitions = _schemas(rows)
    paths: dict[str, dict[str, Any]] = {}
    for route in rows:
        paths.setdefault(_PARAMETER.sub(r"{\2}", route.path), {})[route.method.lower()] = _operation(route, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "govcloud",
            "version": __version__,
            "description": "Temporary cross-department access: ask, decide, use, end; the department tree; the power list and the "
            "implementation list. Writing calls send `csrf_token` of `/me` as `X-CSRFToken`. Errors are problem details (RFC 9457) in "
            "the language of `Accept-Language` (zh-CN or en).",
        },
        "servers": [{"url": public_url + prefix}],
        "security": [{"session": []}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-govcloud" if public_url.startswith("https://") else "govcloud_session",
                    "description": "the cookie of the platform's own sign-in",
                },
                "client": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "client_id and secret of a client that is entrusted with `provisioning`",
                },
                "client_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "an access token of such a client for itself (`client_credentials`), with the scope `api`",
                },
            },
        },
    }


def _schemas(rows: list[Route]) -> tuple[References, dict[str, Any]]:
    """Return the reference of every model and the definitions behind them; a model is either taken in or given out."""
    models: dict[type[BaseModel], Literal["validation", "serialization"]] = {Problem: "serialization"}
    for route in rows:
        models[route.answer] = "serialization"
        if route.body is not None:
            models[route.body] = "validation"
    references, schema = models_json_schema(list(models.items()), ref_template=_REFERENCE)
    return {model: references[model, mode] for model, mode in models.items()}, schema["$defs"]


def _operation(route: Route, references: References) -> dict[str, Any]:
    """Return one operation."""
    operation: dict[str, Any] = {
        "operationId": route.name.rstrip("_"),
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route.query)],
        "responses": _responses(route, references),
    }
    if route.by_client:
        operation["security"] = [{"client": []}, {"client_token": []}]
    elif route.method == "POST":
        token = {"name": "X-CSRFToken", "in": "header", "required": True, "schema": {"type": "string"}}
        operation["parameters"].append(token)
    if route.once:
        operation["parameters"].append(_ONCE)
    if route.body is not None:
        schema = references[route.body]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", **({"format": "uuid"} if kind else {})}}
        for kind, name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(query: type[Input] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = query.model_json_schema()
    required = schema.get("required", [])
    return [{"name": name, "in": "query", "required": name in required, "schema": part} for name, part in schema["properties"].items()]


def _responses(route: Route, references: References) -> dict[str, Any]:
    """Return the answer of success and every problem that the route may answer with."""
    problem = {"application/problem+json": {"schema": references[Problem]}}
    success: dict[str, Any] = {
        "description": _description(route.answer),
        "content": {"application/json": {"schema": references[route.answer]}},
    }
    if route.location is not None:
        success["headers"] = {"Location": {"description": "the address of what was made", "schema": {"type": "string"}}}
    statuses = _READING if route.method == "GET" else _WRITING
    return {str(route.status): success, **{status: {"description": _PROBLEMS[status], "content": problem} for status in statuses}}


def _description(answer: type[Answer]) -> str:
    return (answer.__doc__ or "").strip()
