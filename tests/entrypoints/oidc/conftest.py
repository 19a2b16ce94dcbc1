"""A browser and a relying party at the wire: what they send and what they get back."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import SECRET, OidcSettings, ProtocolSettings
from tests.factories.world import PASSWORD, SEED, World

ISSUER = "http://localhost"


@dataclass
class Party:
    """A relying party: it starts sign-ins, and redeems what comes back."""

    browser: FlaskClient
    client_id: str
    secret: str | None
    redirect_uri: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def parameters(self, **changes: str | None) -> dict[str, str]:
        """Return a right authorization request, with ``changes`` (``None`` leaves a parameter out)."""
        challenge = base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        right: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (right | changes).items() if value is not None}

    def authorize(self, **changes: str | None) -> TestResponse:
        """Send the browser to the authorization endpoint."""
        return self.browser.get(f"/oidc/authorize?{urlencode(self.parameters(**changes))}")

    def code(self, **changes: str | None) -> str:
        """Return the code of a sign-in that must succeed."""
        answer = self.answer(self.authorize(**changes))
        assert answer["state"] == self.state
        assert answer["iss"] == ISSUER
        return answer["code"]

    def answer(self, response: TestResponse) -> dict[str, str]:
        """Return what the platform sent back to the party's address."""
        assert response.status_code == 303, response.text
        assert response.location.startswith(f"{self.redirect_uri}?")
        return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}

    def form(self, code: str, /, **changes: str | None) -> dict[str, str]:
        """Return a right token request."""
        right: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return {name: value for name, value in (right | changes).items() if value is not None}

    def token(self, code: str, /, **changes: str | None) -> TestResponse:
        """Redeem a code with HTTP Basic."""
        return self.browser.post("/oidc/token", data=self.form(code, **changes), headers=basic(self.client_id, self.secret or ""))

    def post(self, path: str, **form: str) -> TestResponse:
        """Call an endpoint for programs, with HTTP Basic, or in a public client's name."""
        if self.secret is None:
            return self.browser.post(path, data={"client_id": self.client_id} | form)
        return self.browser.post(path, data=form, headers=basic(self.client_id, self.secret))

    def refresh(self, refresh_token: str, **form: str) -> TestResponse:
        """Exchange a refresh token."""
        return self.post("/oidc/token", grant_type="refresh_token", refresh_token=refresh_token, **form)

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        """Sign in and return the tokens."""
        code = self.code(**changes)
        response = self.post("/oidc/token", **self.form(code)) if self.secret is None else self.token(code)
        assert response.status_code == 200, response.text
        tokens: dict[str, Any] = response.get_json()
        return tokens


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Return the header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


@pytest.fixture
def browser(app: Flask, world: World) -> FlaskClient:
    """Return a browser in which nobody is signed in."""
    return app.test_client()


def register(
    services: Services, browser: FlaskClient, client_id: str, settings: ProtocolSettings | None = None, auth_method: str = SECRET
) -> Party:
    """Register another client of the assistance subsystem and return it."""
    address = f"http://127.0.0.1:8002/{client_id}"
    new = NewClient("assistance", client_id, "测试", (address,), auth_method=auth_method, settings=settings or OidcSettings())
    return Party(browser, client_id, services.subsystems.register_client(SEED, new).secret, address)


def enter(services: Services, browser: FlaskClient, login: str = "WANGFANG") -> SignedIn:
    """Sign somebody in within ``browser``."""
    signed_in = services.signon.sign_in(login, PASSWORD, "127.0.0.1", "test")
    browser.set_cookie("govcloud_session", signed_in.token)
    return signed_in


@pytest.fixture
def wang(services: Services, world: World, browser: FlaskClient) -> SignedIn:
    """Return the session of 王芳 in ``browser``."""
    return enter(services, browser)


@pytest.fixture
def party(world: World, browser: FlaskClient) -> Party:
    """Return the assistance subsystem as a relying party."""
    return Party(browser, "assistance-web", world.clients["assistance"].secret, "http://127.0.0.1:8002/oidc/callback")
