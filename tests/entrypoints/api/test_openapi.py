"""The OpenAPI document describes what is really there: every route, every model, no dangling reference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient


def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json or {}
    return found


def operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


@pytest.fixture
def found(client: FlaskClient) -> dict[str, Any]:
    return document(client)


def test_every_route_stands_in_the_document(app: Flask, found: dict[str, Any]) -> None:
    routed = {
        (re.sub(r"<(?:uuid:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint not in {"api.unknown", "api.openapi"}
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routed == {(path, method) for path, method, _operation in operations(found)}
    assert len(routed) > 10


def test_the_document_is_well_formed(found: dict[str, Any]) -> None:
    assert found["openapi"] == "3.1.0"
    assert found["servers"] == [{"url": "http://localhost/api/v1"}]
    ids = [operation["operationId"] for _path, _method, operation in operations(found)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(found):
        named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert operation["summary"]
        assert any(status.startswith("2") for status in operation["responses"])
        token = any(parameter["name"] == "X-CSRFToken" for parameter in operation["parameters"])
        by_client = operation.get("security") == [{"client": []}, {"client_token": []}]
        assert token == (method == "post" and not by_client)


def test_every_reference_resolves_and_every_schema_is_used(found: dict[str, Any]) -> None:
    schemas = found["components"]["schemas"]
    used = {reference.removeprefix("#/components/schemas/") for reference in references(found)}
    assert used == set(schemas)
    for name in ("NewRequestBody", "ApproveBody", "RejectBody"):
        assert schemas[name]["additionalProperties"] is False
