"""python-cas, unmodified, in applications of their own: the guide's program, and one that uses gateway, renew and single logout.

The package comes with the tools for tests (``requirements/dev.in``), so `make test` tries its calls one by one as well
(``tests/entrypoints/cas/test_with_python_cas.py``); here it stands in an application that browsers come to, before the platform behind TLS.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from cas import CASClient
from flask import Flask, redirect, request, session
from flask.typing import ResponseReturnValue

from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import CasSettings
from tests.factories.world import SEED
from tests.real_clients.conftest import Town, free_port, served
from tests.real_clients.first_look import blocks
from tests.real_clients.test_guides import running

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120), pytest.mark.usefixtures("trusting")]


@dataclass
class Application:
    """A subsystem on python-cas: ``in_by`` are the stays that it knows, by the ticket that opened each."""

    here: str
    platform: str
    trusted: str
    in_by: dict[str, str] = field(default_factory=dict)

    def cas(self, path: str, **more: Any) -> Any:  # noqa: ANN401 - the package has no types
        """Return the package's client for a page of the application."""
        http = requests.Session()
        http.verify = self.trusted
        http.trust_env = False
        here, there = f"{self.here}{path}", f"{self.platform}/cas/"
        return CASClient(version=3, service_url=here, server_url=there, session=http, verify_ssl_certificate=self.trusted, **more)

    def enter(self, path: str, **more: Any) -> ResponseReturnValue:  # noqa: ANN401 - the same
        """Let in whoever comes with a ticket or is in already; send everybody else to sign in."""
        client, ticket = self.cas(path, **more), request.args.get("ticket")
        if ticket is not None:
            user, attributes, _ = client.verify_ticket(ticket)
            if user is None:
                return "the ticket does not hold", 403
            self.in_by[ticket] = f"{user}, {attributes['name']}, fresh: {attributes['isFromNewLogin']}"
            session[path] = ticket
            return redirect(f"{self.here}{path}")
        known = self.in_by.get(session.get(path, ""))
        return known if known is not None else redirect(client.get_login_url())

    def program(self) -> Flask:
        """Return the application."""
        app = Flask("on_python_cas")
        app.config.update(SECRET_KEY=secrets.token_hex(32), SESSION_COOKIE_NAME="on_python_cas")
        app.get("/")(lambda: self.enter("/"))
        app.get("/anew", endpoint="anew")(lambda: self.enter("/anew", renew=True))

        @app.get("/lobby")
        def lobby() -> ResponseReturnValue:
            if "ticket" not in request.args and "/lobby" not in session and session.pop("asked", None):
                return "nobody"
            session["asked"] = True
            return self.enter("/lobby", extra_login_params={"gateway": "true"})

        @app.post("/")
        def single_logout() -> ResponseReturnValue:
            for named in self.cas("/").get_saml_slos(request.form["logoutRequest"]):
                self.in_by.pop(named.text, None)
            return "", 204

        return app


def registered(town: Town) -> tuple[int, str]:
    """Register a CAS client on a free port of this machine; return the port and the address."""
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    new = NewClient("assistance", "on-python-cas", "CAS", services=(f"{here}/",), settings=CasSettings(logout_url=f"{here}/"))
    town.services.subsystems.register_client(SEED, new)
    return port, here


@pytest.fixture
def application(town: Town) -> Iterator[Application]:
    """Serve the application."""
    port, here = registered(town)
    made = Application(here, town.issuer, str(town.made.authority))
    with served(port, made.program()):
        yield made


def test_sign_in_and_single_logout(town: Town, application: Application) -> None:
    browser = town.browser()
    assert browser.open(f"{application.here}/", "WANGFANG").text == "WANGFANG, 王芳, fresh: true"
    assert browser.open(f"{application.here}/").status_code == 200
    (signed_in,) = town.services.signon.sessions_of(town.world.wang.official_id)
    town.services.signon.sign_out(town.world.wang.actor(), signed_in.session_id)
    town.deliver()
    assert application.in_by == {}
    assert browser.asked(browser.open(f"{application.here}/"))


def test_gateway(town: Town, application: Application) -> None:
    browser = town.browser()
    assert browser.open(f"{application.here}/lobby").text == "nobody"
    browser.open(f"{town.issuer}/", "WANGFANG")
    assert browser.open(f"{application.here}/lobby").text == "WANGFANG, 王芳, fresh: false"
    closed = town.browser()
    closed.open(f"{town.issuer}/", "LIQIANG")
    assert closed.open(f"{application.here}/lobby").text == "nobody"


def test_renew(town: Town, application: Application) -> None:
    browser = town.browser()
    browser.open(f"{town.issuer}/", "WANGFANG")
    assert browser.open(f"{application.here}/").text == "WANGFANG, 王芳, fresh: false"
    assert browser.asked(browser.open(f"{application.here}/anew"))
    assert browser.open(f"{application.here}/anew", "WANGFANG").text == "WANGFANG, 王芳, fresh: true"


def test_the_program_of_the_guide(town: Town, tmp_path: Path) -> None:
    port, here = registered(town)
    [program] = blocks("connect/cas.md", "python")
    moved = {"http://127.0.0.1:5001": here, "http://127.0.0.1:8000": town.issuer}
    for there, at in moved.items():
        assert there in program
        program = program.replace(there, at)
    (tmp_path / "hello_cas.py").write_text(program, encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "SECRET_KEY": secrets.token_hex(32), "REQUESTS_CA_BUNDLE": str(town.made.authority)}
    command = [sys.executable, "-m", "flask", "--app", "hello_cas", "run", "--port", str(port)]
    with running(command, port, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL):
        assert town.browser().open(f"{here}/", "WANGFANG").text == "WANGFANG, 王芳"
