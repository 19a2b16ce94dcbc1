"""What the console's tests stand on: the small province, and administrators in a browser of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from tests.factories.world import PASSWORD, World

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Admin:
    """Somebody who is signed in."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, form: dict[str, object] | None = None, *, token: bool = True) -> TestResponse:
        found = _TOKEN.search(self.client.get("/console/imports/" if "import" in path else "/account").text) if token else None
        data = {**(form or {}), **({"csrf_token": found[1]} if found else {})}
        return self.client.post(path, data=data, content_type="multipart/form-data")

    def upload(self, content: bytes, name: str = "people.csv", **form: object) -> TestResponse:
        return self.post("/console/imports/upload", {"file": (BytesIO(content), name), "scope": "all", **form})


def said(answer: TestResponse) -> str:
    """Return the text of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.fixture
def admin(app: Flask, world: World) -> Callable[[str], Admin]:
    """Return a maker of signed-in people."""

    def sign_in(login: str) -> Admin:
        client = app.test_client()
        token = _TOKEN.search(client.get("/sign-in").text)
        assert token
        answer = client.post("/sign-in", data={"login": login, "password": PASSWORD, "csrf_token": token[1]})
        assert answer.status_code == 303
        return Admin(client)

    return sign_in
