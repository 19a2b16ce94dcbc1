"""An unmodified client library signs in: Authlib in a Flask application, over HTTP, against the running platform."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, jsonify, session
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Environment, Settings, load_settings
from tests.factories.world import PASSWORD, World

CALLBACK = "http://127.0.0.1:8002/oidc/callback"


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock at the present moment: the library compares times with the machine's."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """Return a socket on a free port, so that the public address is known before the platform starts."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        yield bound


@pytest.fixture
def settings(database_url: str, master_key_file: Path, listening: socket.socket) -> Settings:
    """Return settings whose public address is the one that is really served."""
    return load_settings(
        environment=Environment.TEST,
        DATABASE_URL=database_url,
        master_key_file=master_key_file,
        public_url=f"http://127.0.0.1:{listening.getsockname()[1]}",
    )


@pytest.fixture
def platform(app: Flask, settings: Settings, world: World, listening: socket.socket) -> Iterator[str]:
    """Serve the platform and return its address."""
    port = listening.getsockname()[1]
    server = make_server("127.0.0.1", port, app, threaded=True, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield settings.public_url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def subsystem(platform: str, world: World) -> FlaskClient:
    """Return a browser at a subsystem that signs in with Authlib, configured by discovery alone."""
    app = Flask("subsystem")
    app.secret_key = "of the subsystem"
    oauth = OAuth(app)
    oauth.register(
        "govcloud",
        client_id="assistance-web",
        client_secret=world.clients["assistance"].secret,
        server_metadata_url=f"{platform}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
    )

    @app.get("/sign-in")
    def sign_in() -> Response:
        redirected: Response = oauth.govcloud.authorize_redirect(CALLBACK)
        return redirected

    @app.get("/oidc/callback")
    def callback() -> Response:
        token = oauth.govcloud.authorize_access_token()
        session["sid"] = token["userinfo"]["sid"]
        return jsonify(id_token=token["userinfo"], userinfo=oauth.govcloud.userinfo(token=token))

    app.testing = True
    return app.test_client()


@pytest.fixture
def browser(platform: str, services: Services) -> Iterator[httpx.Client]:
    """Return a browser at the platform in which 王芳 is signed in."""
    token = services.signon.sign_in("WANGFANG", PASSWORD, "127.0.0.1", "test").token
    with httpx.Client(base_url=platform, cookies={"govcloud_session": token}) as client:
        yield client


def test_authlib_signs_in(subsystem: FlaskClient, browser: httpx.Client, world: World) -> None:
    back = browser.get(subsystem.get("/sign-in").location)
    assert back.status_code == 303
    address = urlsplit(back.headers["Location"])
    answer = subsystem.get(f"{address.path}?{address.query}").get_json()
    assert answer["id_token"]["sub"] == answer["userinfo"]["sub"] == str(world.wang.official_id)
    assert answer["id_token"]["name"] == answer["userinfo"]["name"] == "王芳"
    assert answer["id_token"]["department"] == "杭州市西湖区民政局"


def test_authlib_refuses_an_answer_with_another_state(subsystem: FlaskClient, browser: httpx.Client) -> None:
    back = urlsplit(browser.get(subsystem.get("/sign-in").location).headers["Location"])
    query = back.query.replace("state=", "state=forged-")
    with pytest.raises(MismatchingStateError):
        subsystem.get(f"{back.path}?{query}")
