"""People at the console: each with a session of their own, who fill in forms with the token that the page carries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.services import Services
from tests.factories.world import PASSWORD, World

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Admin:
    """Somebody at the console."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        """Open a page below ``/console``."""
        return self.client.get(f"/console{path}")

    def post(self, path: str, form: Mapping[str, str]) -> TestResponse:
        """Send the form of a page below ``/console``."""
        found = _TOKEN.search(self.client.get("/account").text)
        assert found
        return self.client.post(f"/console{path}", data={**form, "csrf_token": found[1]})


SignIn = Callable[[str], Admin]


@pytest.fixture
def admin(app: Flask, services: Services, world: World) -> SignIn:
    """Return the way to become somebody of the small province."""

    def become(login: str) -> Admin:
        client = app.test_client()
        client.set_cookie("govcloud_session", services.signon.sign_in(login, PASSWORD, "192.0.2.7", "test").token)
        return Admin(client)

    return become
