"""Callers of the API: each with a session of their own, who send JSON and the token for writing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from govcloud.services import Services
from tests.factories.requests import REGISTER
from tests.factories.world import PASSWORD, XIHU, World


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status_code: int
    headers: Headers
    content_type: str
    text: str
    json: Any

    @classmethod
    def of(cls, answer: TestResponse) -> Reply:
        """Take an answer of the test client over; ``json`` is ``None`` when it is none."""
        return cls(answer.status_code, answer.headers, answer.content_type or "", answer.text, answer.get_json(silent=True))


@dataclass
class Caller:
    """Somebody with a session at the API's wire."""

    client: FlaskClient
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Reply:
        """Read."""
        return Reply.of(self.client.get(f"/api/v1{path}", headers={**self.headers, **headers}))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """Write JSON."""
        if body is None:
            return Reply.of(self.client.post(f"/api/v1{path}", headers=self.headers))
        return self.raw(path, json.dumps(body).encode())

    def raw(self, path: str, data: bytes, content_type: str = "application/json") -> Reply:
        """Write any bytes."""
        return Reply.of(self.client.post(f"/api/v1{path}", data=data, content_type=content_type, headers=self.headers))


SignIn = Callable[[str], Caller]


@pytest.fixture
def caller(app: Flask, services: Services, world: World) -> SignIn:
    """Return the way to become somebody of the small province, with the token for writing."""

    def become(login: str) -> Caller:
        client = app.test_client()
        signed_in = services.signon.sign_in(login, PASSWORD, "192.0.2.7", "test")
        client.set_cookie("govcloud_session", signed_in.token)
        caller = Caller(client)
        caller.headers["X-CSRFToken"] = caller.get("/me").json["csrf_token"]
        return caller

    return become


def body_of(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of the body
    """Return the body of a request that is in order, with ``changes``."""
    usual = {"function": REGISTER, "reason": "核对住房情况", "days": 10, "divisions": [XIHU], "case_number": "XH-2026-0117"}
    return {**usual, **changes}
