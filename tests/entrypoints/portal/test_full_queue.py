"""More people sign in than the machine can check: the page says at once when to come back, over HTTP; everything else goes on."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from flask import Flask
from werkzeug.serving import make_server

from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon import passwords
from govcloud.signon.passwords import Hashing
from tests.factories.world import PASSWORD, World

NewBrowser = Callable[[], httpx.Client]


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of a machine with one core for hashing, where one more may wait."""
    monkeypatch.setattr(passwords, "WAITING_EACH", 1)
    return settings.model_copy(update={"hash_concurrency": 1})


@pytest.fixture
def browser(app: Flask, world: World) -> Iterator[NewBrowser]:
    """Serve the platform; return a maker of browsers."""
    assert world.people
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    opened: list[httpx.Client] = []

    def new() -> httpx.Client:
        opened.append(httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", trust_env=False, timeout=30))
        return opened[-1]

    yield new
    for client in opened:
        client.close()
    server.shutdown()
    thread.join()
    server.server_close()


class Gate:
    """Holds whoever has a place in the queue before the hash, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.arrived, self.open = threading.Semaphore(0), threading.Event()
        real = Hashing.matches

        def held(hashing: Hashing, secret_hash: str | None, password: str) -> bool:
            self.arrived.release()
            assert self.open.wait(60)
            return real(hashing, secret_hash, password)

        monkeypatch.setattr(Hashing, "matches", held)


def sign_in(http: httpx.Client, login: str, password: str = PASSWORD) -> httpx.Response:
    """Fill in the form as it comes."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', http.get("/sign-in").text)
    assert token
    return http.post("/sign-in", data={"csrf_token": token[1], "login": login, "password": password})


def test_who_finds_the_queue_full_is_told_when_to_come_back(
    browser: NewBrowser, services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    late = browser()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(sign_in, browser(), login) for login in ("LIQIANG", "ZHAOMIN")]
        try:
            for _ in waiting:
                assert gate.arrived.acquire(timeout=60)
            answer = sign_in(late, "WANGFANG")
            wrong = sign_in(browser(), "WANGFANG", "wrong")
            others = [late.get(path).status_code for path in ("/sign-in", "/healthz", "/.well-known/openid-configuration")]
        finally:
            gate.open.set()
        assert [item.result().status_code for item in waiting] == [303, 303]
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "登录人数较多，请稍候。" in answer.text
    assert "govcloud_session" not in answer.headers.get("Set-Cookie", "")
    # Whether the password is right cannot be told from it, and what was typed into the field of the login is kept.
    assert (wrong.status_code, wrong.headers["Retry-After"]) == (503, "2")
    assert 'value="WANGFANG"' in answer.text
    assert others == [200, 200, 200]
    # Nothing was counted against anybody, and the next try is let in.
    assert services.signon.sessions_of(world.wang.official_id) == ()
    assert sign_in(late, "WANGFANG").status_code == 303
