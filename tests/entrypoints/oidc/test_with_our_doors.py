"""WSGI and ASGI applications without a framework of their own sign in at the platform and ask it, from the first click to the sign-out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.client import GovcloudASGI, GovcloudWSGI, Settings, asgi, wsgi
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from tests.factories.world import SEED, XIHU, YUHANG, World

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

HERE = "http://127.0.0.1:8007/app"
READ = "housing:register:read"


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock at the present moment: the library compares times with the machine's."""
    return ManualClock(datetime.now(UTC))


class OffThread(httpx.AsyncBaseTransport):
    """Brings the questions of coroutines to the platform."""

    def __init__(self, platform: httpx.WSGITransport) -> None:
        self._platform = platform

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        answer = self._platform.handle_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.read())


def wsgi_application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Show who is there, which rows are open, and the token of the sign-out form."""
    access = wsgi.access(environ)
    rows = access.masked([{"division": XIHU}, {"division": YUHANG}])
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{access.official.name} {[row['division'] for row in rows]} {wsgi.sign_out_token(environ)}".encode()]


async def asgi_application(scope: MutableMapping[str, Any], _receive: asgi.Receive, send: asgi.Send) -> None:
    """Show the same."""
    access = asgi.access(scope)
    rows = access.masked([{"division": XIHU}, {"division": YUHANG}])
    text = f"{access.official.name} {[row['division'] for row in rows]} {asgi.sign_out_token(scope)}"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
    await send({"type": "http.response.body", "body": text.encode()})


@dataclass
class Browser:
    """One browser, at the subsystem (mounted under ``/app``) and at the platform."""

    send: Callable[[str, str, dict[str, str], bytes], httpx.Response]
    platform: FlaskClient
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, url: str, method: str = "GET", content: bytes = b"", **headers: str) -> httpx.Response:
        """Send a request to the subsystem, and keep its cookies."""
        parts = urlsplit(url)
        path = parts.path.removeprefix("/app") or "/"
        kept = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        answer = self.send(method, f"{path}?{parts.query}" if parts.query else path, {**kept, **headers}, content)
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        return answer

    def there(self, url: str) -> str:
        """Follow a redirect to the platform, and return where it sends the browser."""
        parts = urlsplit(url)
        answer = self.platform.get(f"{parts.path}?{parts.query}")
        assert answer.status_code in {302, 303}, answer.text
        return answer.location


def _wsgi(settings: Settings, transport: httpx.WSGITransport) -> Callable[[str, str, dict[str, str], bytes], httpx.Response]:
    door = GovcloudWSGI(wsgi_application, settings, door="housing:door:enter", functions={"/register": READ}, transport=transport)

    def send(method: str, path: str, headers: dict[str, str], content: bytes) -> httpx.Response:
        with httpx.Client(transport=httpx.WSGITransport(door, script_name="/app"), base_url="http://127.0.0.1:8007") as client:
            return client.request(method, path, headers=headers, content=content)

    return send


def _asgi(settings: Settings, transport: httpx.WSGITransport) -> Callable[[str, str, dict[str, str], bytes], httpx.Response]:
    wires = {"transport": transport, "async_transport": OffThread(transport)}
    door = GovcloudASGI(asgi_application, settings, door="housing:door:enter", functions={"/register": READ}, **wires)  # type: ignore[arg-type]

    def send(method: str, path: str, headers: dict[str, str], content: bytes) -> httpx.Response:
        async def main() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(door, root_path="/app"), base_url="http://127.0.0.1:8007") as client:
                return await client.request(method, path, headers=headers, content=content)

        return anyio.run(main)

    return send


@pytest.fixture(params=[_wsgi, _asgi], ids=["wsgi", "asgi"])
def wang_there(request: pytest.FixtureRequest, app: Flask, services: Services, browser: FlaskClient, wang: SignedIn) -> Browser:
    """Return a browser in which 王芳 is signed in at the platform, and not yet at the subsystem."""
    new = NewClient("housing", "housing-door", "住房", (f"{HERE}/govcloud/callback",), (f"{HERE}/",))
    credentials = services.subsystems.register_client(SEED, new)
    settings = Settings("http://localhost", credentials.client_id, credentials.secret or "", HERE, "of chance " * 4)
    return Browser(request.param(settings, httpx.WSGITransport(app)), browser)


def grant(services: Services, world: World) -> Any:  # noqa: ANN401 - an id
    """Open the housing register of 西湖区 to 王芳."""
    now, wang = services.clock.now(), world.wang
    new = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=5), Scope((XIHU,)))
    return services.authorization.open_grant(SEED, new)


def test_from_the_first_click_to_the_sign_out(wang_there: Browser, services: Services, world: World) -> None:
    browser = wang_there
    # Not signed in: to the platform and back to the very page.
    begun = browser.get("/x?page=2")
    assert begun.status_code == 303
    back = browser.there(begun.headers["Location"])
    assert back.startswith(f"{HERE}/govcloud/callback?")
    done = browser.get(back)
    assert (done.status_code, done.headers["Location"]) == (303, "/app/x?page=2")
    assert browser.get("/app/x?page=2").text.startswith("王芳 ")
    assert set(browser.cookies) == {"housing-door"}, "what was begun is over"

    # Not allowed yet; then allowed for 西湖区; then revoked.
    refused = browser.get("/app/register")
    assert refused.status_code == 403
    assert "您的岗位没有这项功能的权限。" in refused.text
    assert 'id="request-access"' in refused.text
    grant_id = grant(services, world)
    opened = browser.get("/app/register").text.split(" ")
    assert opened[:2] == ["王芳", f"['{XIHU}']"]
    services.authorization.close_grant(SEED, grant_id, "办结")
    assert "撤销" in browser.get("/app/register").text

    # Signed out here and at the platform.
    token = opened[2]
    left = browser.get("/app/govcloud/sign-out", "POST", f"token={token}".encode())
    assert left.status_code == 303
    assert "/oidc/" in left.headers["Location"]
    assert browser.cookies == {}


def test_a_code_is_taken_in_the_browser_that_began(wang_there: Browser) -> None:
    back = wang_there.there(wang_there.get("/x").headers["Location"])
    stranger = Browser(wang_there.send, wang_there.platform)
    answer = stranger.get(back)
    assert answer.status_code == 400
    assert "state_mismatch" in answer.text
    assert stranger.cookies == {}
    assert wang_there.get(back).status_code == 303
    assert "state_mismatch" in wang_there.get(back).text, "once"


def test_two_tabs_sign_in_at_once(wang_there: Browser) -> None:
    one, two = (wang_there.get(path).headers["Location"] for path in ("/one", "/two"))
    assert wang_there.get(wang_there.there(one)).headers["Location"] == "/app/one"
    # The cookie of the second sign-in is still there, and both end with the same person.
    assert wang_there.get(wang_there.there(two)).headers["Location"] == "/app/two"
    assert wang_there.get("/two").text.startswith("王芳 ")


def test_a_session_that_ends_at_the_platform_ends_here(wang_there: Browser, services: Services, world: World, wang: SignedIn) -> None:
    wang_there.get(wang_there.there(wang_there.get("/").headers["Location"]))
    assert wang_there.get("/").text.startswith("王芳 ")
    services.signon.sign_out(world.wang.actor(session_id=wang.session_id), wang.session_id)
    answer = wang_there.get("/")
    assert answer.status_code == 303
    assert "/oidc/authorize?" in answer.headers["Location"]
    assert set(wang_there.cookies) == {"housing-door-started"}
    assert wang_there.get("/", Accept="application/json").status_code == 401


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", ""])
def test_it_goes_on_to_its_own_pages_only(wang_there: Browser, target: str) -> None:
    assert came_back(wang_there, target) == "/app/"


@pytest.mark.parametrize(
    ("target", "address"),
    [("/登记?人=王芳", "/app/%E7%99%BB%E8%AE%B0?%E4%BA%BA=%E7%8E%8B%E8%8A%B3"), ("/a%20b?c=%2526", "/app/a%20b?c=%26")],
)
def test_pages_in_any_writing_are_come_back_to(wang_there: Browser, target: str, address: str) -> None:
    assert came_back(wang_there, target) == address


def came_back(wang_there: Browser, target: str) -> str:
    """Return where somebody ends who signs in on the way to ``target``."""
    begun = wang_there.send("GET", f"/govcloud/sign-in?next={target}", {}, b"")
    browser = Browser(wang_there.send, wang_there.platform)
    for line in begun.headers.get_list("set-cookie"):
        browser.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
    return browser.get(browser.there(begun.headers["Location"])).headers["Location"]
