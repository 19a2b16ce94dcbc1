"""The programs of "protect your subsystem in ten minutes" do what the page says, as they stand there, against the running platform."""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Environment, Settings, load_settings
from govcloud.subsystems.inputs import NewClient
from tests.entrypoints.oidc.conftest import enter
from tests.factories.world import SEED, World

GUIDE = Path(__file__).parents[3] / "docs" / "guide"
HERE = "http://127.0.0.1:5000"


_COMMENT = re.compile(r"  # .*$", re.MULTILINE)


def programs(page: str) -> list[str]:
    """Return the programs of a page, in its order."""
    return re.findall(r"^```python\n(.*?)^```", (GUIDE / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_both_languages_have_the_same_programs() -> None:
    """But for what their comments say."""
    english, chinese = ([_COMMENT.sub("", text) for text in programs(f"protect-a-subsystem{end}.md")] for end in ("", ".zh-CN"))
    assert english == chinese


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
    server = make_server("127.0.0.1", listening.getsockname()[1], app, threaded=True, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield settings.public_url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def environment(platform: str, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what the page says to set."""
    new = NewClient("housing", "trial", "试接入", (f"{HERE}/govcloud/callback",), (f"{HERE}/",))
    values = {
        "GOVCLOUD_ISSUER": platform,
        "GOVCLOUD_CLIENT_ID": "trial",
        "GOVCLOUD_CLIENT_SECRET": services.subsystems.register_client(SEED, new).secret or "",
        "GOVCLOUD_BASE_URL": HERE,
        "GOVCLOUD_COOKIE_SECRET": "of chance " * 4,
        "SECRET_KEY": "of chance too",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def run(number: int, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a module
    """Run a program of the page as the module that the page says it is."""
    module = ModuleType("protected")
    monkeypatch.setitem(sys.modules, "protected", module)
    exec(compile(programs("protect-a-subsystem.md")[number], "protected.py", "exec"), module.__dict__)  # noqa: S102 - our own guide
    return module


@dataclass
class Visitor:
    """A browser at the subsystem and at the platform."""

    send: Callable[[httpx.Request], httpx.Response]
    platform: FlaskClient
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, url: str, method: str = "GET", **form: str) -> httpx.Response:
        """Send a request to the subsystem, and keep its cookies."""
        kept = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Accept": "text/html"}
        answer = self.send(httpx.Request(method, httpx.URL(HERE).join(url), headers=kept, data=form or None))
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer

    def enter(self, url: str) -> httpx.Response:
        """Open a page, by way of the platform's sign-in."""
        sent = self.get(url)
        assert sent.is_redirect, sent.text
        back = self.platform.get(httpx.URL(sent.headers["Location"]).raw_path.decode())
        assert back.location.startswith(f"{HERE}/govcloud/callback?")
        done = self.get(back.location)
        assert done.is_redirect, done.text
        return self.get(done.headers["Location"])


def _wsgi(app: Any) -> Iterator[Callable[[httpx.Request], httpx.Response]]:  # noqa: ANN401 - what a program made
    with httpx.Client(transport=httpx.WSGITransport(app)) as client:
        yield client.send
    if isinstance(app, Flask):
        with app.app_context():
            app.extensions["govcloud_client"][2].close()
    else:
        app.close()


def _asgi(app: Any) -> Iterator[Callable[[httpx.Request], httpx.Response]]:  # noqa: ANN401 - what a program made
    # One event loop for all requests, as a server has it.
    with start_blocking_portal() as portal:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app))
        yield lambda request: portal.call(client.send, request)
        portal.call(client.aclose)
        portal.call(app.aclose)


@pytest.fixture(params=[(0, _wsgi), (1, _wsgi), (2, _asgi)], ids=["flask", "wsgi", "asgi"])
def chen(
    request: pytest.FixtureRequest, environment: None, app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Visitor]:
    """Return the browser of 陈杰, whose duty opens the register of 西湖区, at one of the programs."""
    number, serve = request.param
    program = run(number, monkeypatch)
    browser = app.test_client()
    enter(services, browser, "CHENJIE")
    for send in serve(program.app):
        yield Visitor(send, browser)
    if hasattr(program, "engine"):
        program.engine.dispose()


def test_the_program_does_what_the_page_says(chen: Visitor) -> None:
    page = chen.enter("/register")
    assert page.status_code == 200, page.text
    assert "林美欣 330305********2284" in page.text
    assert "王涛" not in page.text, "a row of another county"
    assert "导出" not in page.text
    assert "可看的数据：330106000000及以下。" in page.text
    assert chen.get("/").text.count("陈杰") == 1
    token = re.search(r'name="token" value="([^"]+)"', page.text)
    assert token
    left = chen.get("/govcloud/sign-out", "POST", token=token[1])
    assert "/oidc/" in left.headers["Location"]


def test_another_person_is_refused(environment: None, app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = app.test_client()
    enter(services, browser, "WANGFANG")
    for send in _wsgi(run(1, monkeypatch).app):
        refused = Visitor(send, browser).enter("/register")
        assert refused.status_code == 403
        assert 'id="request-access"' in refused.text
