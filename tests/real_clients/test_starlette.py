"""The ASGI middleware before Starlette, served by a process of its own, with 王芳 and 陈杰 signed in at the platform."""

from __future__ import annotations

import base64
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from flask import Flask

from govcloud.services import Services
from govcloud.settings import Environment, Settings, load_settings
from govcloud.subsystems.inputs import NewClient
from tests.factories.requests import granted
from tests.factories.world import PASSWORD, SEED, XIHU, YUHANG, World
from tests.real_clients.conftest import free_port, served
from tests.real_clients.first_look import ROOT, Person
from tests.real_clients.test_guides import running

pytestmark = [pytest.mark.clients, pytest.mark.timeout(240)]

HERE = Path(__file__).parent / "python"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def settings(database_url: str, master_key_file: Path, port: int) -> Settings:
    """Return the settings of a platform that listens on ``port``."""
    return load_settings(
        environment=Environment.TEST, DATABASE_URL=database_url, master_key_file=master_key_file, public_url=f"http://127.0.0.1:{port}"
    )


@pytest.fixture
def site(app: Flask, services: Services, world: World, port: int) -> Iterator[str]:
    """Serve the platform and the subsystem; return the subsystem's address."""
    assert world.people
    assert (HERE / "packages").is_dir(), "Starlette is missing: `make test-clients` installs it"
    own = free_port()
    here = f"http://127.0.0.1:{own}"
    new = NewClient("housing", "starlette", "Starlette", (f"{here}/govcloud/callback",), (f"{here}/",))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, (HERE / "packages", HERE, ROOT))),
        "GOVCLOUD_ISSUER": f"http://127.0.0.1:{port}",
        "GOVCLOUD_CLIENT_ID": "starlette",
        "GOVCLOUD_CLIENT_SECRET": services.subsystems.register_client(SEED, new).secret or "",
        "GOVCLOUD_BASE_URL": here,
        "GOVCLOUD_COOKIE_SECRET": secrets.token_hex(32),
        # The platform of the test has one process and may share the machine.
        "GOVCLOUD_TIMEOUT": "30",
        "GOVCLOUD_READ_TIMEOUT": "30",
        "GOVCLOUD_CONNECT_TIMEOUT": "30",  # for a free connection of the pool, too
    }
    server = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(own), "register:app"]
    with served(port, app), running(server, own, env=environment, cwd=HERE, stderr=subprocess.DEVNULL):
        yield here


Enter = Callable[[str], Person]


@pytest.fixture
def enter(site: str, port: int) -> Iterator[Enter]:
    """Sign somebody in at the subsystem."""
    with ExitStack() as windows:

        def enter(login: str) -> Person:
            person = Person(f"http://127.0.0.1:{port}", login, PASSWORD)
            windows.callback(person.http.close)
            person.open(f"{site}/background")
            return person

        yield enter


def handshake(site: str, path: str, cookies: str, **headers: str) -> tuple[int, socket.socket]:
    """Ask for a websocket (RFC 6455 section 4.1); return the status and the connection."""
    address = site.removeprefix("http://")
    host, _, port = address.partition(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    fixed = {"Host": address, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in (fixed | {"Cookie": cookies} | headers).items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    return int(head.split()[1]), connection


def say(connection: socket.socket, text: str) -> str:
    """Send one short text message and return the answer to it."""
    mask = secrets.token_bytes(4)
    data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text.encode()))
    connection.sendall(bytes([0x81, 0x80 | len(data)]) + mask + data)
    head = connection.recv(2)
    answer = b""
    while len(answer) < head[1]:
        answer += connection.recv(head[1] - len(answer))
    return answer.decode()


def test_what_is_required_filtered_and_refused(site: str, port: int, enter: Enter, services: Services, world: World) -> None:
    wang = enter("WANGFANG")
    assert wang.open(f"{site}/background").json()["who"] == "王芳"
    refused = wang.open(f"{site}/register")
    assert refused.status_code == 403, "and no error 500 of Starlette"
    assert "/requests/new?item=" in refused.text
    told = wang.http.get(f"{site}/register", headers={"Accept": "application/json"})
    assert (told.status_code, "/requests/new?item=" in told.json()["access_request"]) == (403, True)
    grant = granted(services, world)
    rows = wang.open(f"{site}/register").json()
    assert {row["division"] for row in rows} == {XIHU}
    assert len(rows) == 3
    assert {row["id_number"] for row in rows} == {"330305********2284"}
    assert wang.open(f"{site}/register/{XIHU}").json() == {"open": XIHU}
    assert wang.open(f"{site}/register/{YUHANG}").status_code == 403
    services.authorization.close_grant(SEED, grant, "不再需要")
    assert wang.open(f"{site}/register").status_code == 403
    services.signon.end_sessions_of(world.security_admin.actor(), [world.wang.official_id], "离岗")
    assert str(wang.http.get(f"{site}/register").url).startswith(f"http://127.0.0.1:{port}/sign-in")


def test_a_stream_flows_and_ends_when_what_opened_it_is_taken_away(site: str, enter: Enter, services: Services, world: World) -> None:
    grant = granted(services, world)
    wang = enter("WANGFANG")
    read, revoked = "", False
    with wang.http.stream("GET", f"{site}/export") as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        with pytest.raises(Exception, match=r"peer closed|incomplete|chunked"):  # noqa: PT012 - it breaks off somewhere
            for piece in answer.iter_text():
                read += piece
                if not revoked and "3\n" in read:
                    services.authorization.close_grant(SEED, grant, "不再需要")
                    revoked = True
    assert 4 <= read.count("\n") < 40


def test_many_at_once_and_what_is_done_afterwards(site: str, enter: Enter, services: Services, world: World) -> None:
    grant = granted(services, world)
    wang, chen = enter("WANGFANG"), enter("CHENJIE")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda who: who.http.get(f"{site}/many").json(), [wang, chen] * 4))
    assert [answer["who"] for answer in found] == ["王芳", "陈杰"] * 4, "each answer is of its own visitor"
    assert all(answer["allowed"] == [True, False] * 10 for answer in found), "and each decision of its own question"
    for _ in range(100):
        if len(wang.open(f"{site}/background").json()["done"]) == 8:
            break
        threading.Event().wait(0.1)
    assert wang.open(f"{site}/background").json()["done"] == ["done"] * 8
    wang.http.get(f"{site}/many")
    services.authorization.close_grant(SEED, grant, "不再需要")
    for _ in range(100):
        if len(wang.open(f"{site}/background").json()["done"]) == 9:
            break
        threading.Event().wait(0.1)
    assert wang.open(f"{site}/background").json()["done"][-1] == "grant_revoked", "the background asks for itself"


def test_websockets_open_to_whom_the_path_does(site: str, enter: Enter, services: Services, world: World) -> None:
    granted(services, world)
    wang = enter("WANGFANG")
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in wang.http.cookies.jar)
    attempts: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("/live", "", {}),
        ("/exports/live", cookies, {}),
        ("/live", cookies, {"Origin": "https://evil.example"}),
        ("/live", cookies, {"Origin": "null"}),
        ("/x/../live", cookies, {}),
    )
    for path, given, headers in attempts:
        status, connection = handshake(site, path, given, **headers)
        with closing(connection):
            assert status == 403, (path, headers)
    status, connection = handshake(site, "/live", cookies, Origin=site)
    with closing(connection):
        assert status == 101
        assert say(connection, XIHU) == "王芳 True"
        assert say(connection, YUHANG) == "王芳 False"
        services.signon.end_sessions_of(world.security_admin.actor(), [world.wang.official_id], "离岗")
        assert say(connection, XIHU) == "王芳 False"
