"""An application behind a proxy, at the wire: what its nginx sends for a browser, and what it makes of the answers."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import ForwardAuthSettings
from tests.factories.world import PASSWORD, SEED, World

ORIGIN = "https://old.zj.example"
CLIENT = "assistance-old"


@dataclass
class Proxy:
    """The application's proxy; ``at_platform`` and ``at_origin`` are one browser's cookies for the two hosts."""

    app: Flask
    secret: str
    origin: str = ORIGIN
    client_id: str = CLIENT
    at_platform: FlaskClient = field(init=False)
    at_origin: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.at_platform, self.at_origin = self.app.test_client(), self.app.test_client()

    def headers(self, uri: str = "/", **more: str) -> dict[str, str]:
        """Return what nginx writes."""
        credentials = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        given = {"Authorization": f"Basic {credentials}", "X-Govcloud-Origin": self.origin, "X-Original-URI": uri}
        return given | {name.replace("_", "-"): value for name, value in more.items()}

    def check(self, uri: str = "/", **more: str) -> TestResponse:
        """Ask about a request of the browser."""
        answer = self.at_origin.get("/forward-auth/check", base_url="https://localhost", headers=self.headers(uri, **more))
        assert answer.headers["Cache-Control"] == "no-store"
        return answer

    def start(self, uri: str = "/") -> TestResponse:
        """Go where the platform says when nobody is signed in here."""
        asked = self.check(uri)
        assert asked.status_code == 401
        return self.at_platform.get(local(asked.headers["X-Govcloud-Location"]))

    def come_back(self, started: TestResponse) -> TestResponse:
        """Go on at the application's origin with the ticket."""
        assert started.status_code == 303, started.text
        assert started.location.startswith(f"{self.origin}/.govcloud/callback?ticket="), started.location
        return self.at_origin.get(local(started.location), base_url="https://localhost", headers=self.headers())

    def enter(self, uri: str = "/") -> TestResponse:
        """Go the whole way."""
        entered = self.come_back(self.start(uri))
        assert entered.status_code == 303
        return entered


def local(address: str) -> str:
    """Return path and query of an address."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def register_application(
    services: Services,
    settings: ForwardAuthSettings | None = None,
    *,
    client_id: str = CLIENT,
    origin: str = ORIGIN,
    code: str = "assistance",
) -> str:
    """Register an application behind a proxy; return its secret."""
    row = NewClient(code, client_id, "旧系统", origins=(origin,), settings=settings or ForwardAuthSettings())
    secret = services.subsystems.register_client(SEED, row).secret
    assert secret is not None
    return secret


def sign_in(services: Services, browser: FlaskClient, login: str = "WANGFANG") -> SignedIn:
    """Sign somebody in at the platform."""
    signed = services.signon.sign_in(login, PASSWORD, "127.0.0.1", "test")
    browser.set_cookie("govcloud_session", signed.token)
    return signed


@pytest.fixture
def proxy(app: Flask, services: Services, world: World) -> Proxy:
    """Return the proxy before the assistance subsystem's old application; nobody is signed in."""
    return Proxy(app, register_application(services))


@pytest.fixture
def wang(proxy: Proxy, services: Services) -> SignedIn:
    """Return the session of 王芳 at the platform."""
    return sign_in(services, proxy.at_platform)
