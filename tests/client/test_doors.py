"""WSGI and ASGI applications behind the door: who gets in, what is answered instead, and what cannot be got around."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from govcloud.client import ConfigurationError, Settings, SignedInOfficial, asgi, wsgi
from govcloud.client.asgi import GovcloudASGI
from govcloud.client.door import Door
from govcloud.client.wsgi import GovcloudWSGI
from tests.client.conftest import READ, Hands
from tests.factories.deciding import MANY, Fault, Point, no, yes

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

DOOR, EXPORT = "housing:door:enter", "housing:register:export"
FUNCTIONS = {"/register": READ, "/register/export": EXPORT}
HERE = "http://127.0.0.1:8001"
OPEN = {DOOR, READ}


def wsgi_application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with what happened; one path for each way in which an application may go on."""
    path = environ["PATH_INFO"]
    if path == "/lazily":
        return _lazily(environ, start_response)
    access = wsgi.access(environ)
    if path == "/turned":
        try:
            access.require(EXPORT)
        except Exception:  # noqa: BLE001 - frameworks do
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"an error page of the framework"]
    if path == "/broken":
        start_response("500 Internal Server Error", [])
        return [b"broken by itself"]
    if path == "/export":
        access.require(EXPORT)
    if path == "/page":
        access.prefetch([READ, EXPORT])
    headers = [("Content-Type", "text/plain"), *([("Cache-Control", "max-age=9")] if path == "/kept" else [])]
    start_response("200 OK", headers)
    can = f"{access.can(READ)} {access.can(EXPORT)}" if path == "/page" else ""
    return [f"{path} {access.official.name if access.is_signed_in else 'nobody'} {can}".encode()]


def _lazily(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    wsgi.access(environ).require(EXPORT)
    start_response("200 OK", [])
    yield b"never"


async def asgi_application(scope: MutableMapping[str, Any], _receive: asgi.Receive, send: asgi.Send) -> None:
    """Do the same."""

    async def say(status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": text.encode()})

    path, access = scope["path"], asgi.access(scope)
    if path == "/turned":
        try:
            await access.require(EXPORT)
        except Exception:
            await say(500, "an error page of the framework")
            raise  # as Starlette does
    if path == "/broken":
        return await say(500, "broken by itself")
    if path in {"/export", "/lazily"}:
        await access.require(EXPORT)
    if path == "/page":
        await access.prefetch([READ, EXPORT])
    can = f"{await access.can(READ)} {await access.can(EXPORT)}" if path == "/page" else ""
    kept = [(b"cache-control", b"max-age=9")] if path == "/kept" else []
    return await say(200, f"{path} {access.official.name if access.is_signed_in else 'nobody'} {can}", *kept)


@dataclass
class Site:
    """One subsystem; ``send`` brings a request to it."""

    door: Door
    send: Callable[..., httpx.Response]
    close: Callable[[], None]
    cookies: list[str] = field(default_factory=list)

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Send a request with the cookies of the browser."""
        cookies = {"Cookie": "; ".join(self.cookies)} if self.cookies else {}
        return self.send(method, path, {**cookies, **headers})

    def sign_in(self) -> Site:
        """Put the sealed cookie of a sign-in into the browser."""
        self.cookies = [cookie_of(self.door)]
        return self


def cookie_of(door: Door) -> str:
    """Return the sealed cookie of a sign-in of 王芳."""
    official = SignedInOfficial("s", "q", "王芳", "民政局", "330106000000", "a")
    kept = {"official": {**official.__dict__, "employee_code": "W", "id_token": "x.y.z"}, "token": "form-token"}
    return door._signed_in.seal(kept).partition(";")[0]


def told_by_wsgi(environ: WSGIEnvironment) -> dict[str, str]:
    """Return what every question of a request tells."""
    return {"path": environ["PATH_INFO"]}


def told_by_asgi(scope: asgi.Scope) -> dict[str, str]:
    """Return the same."""
    return {"path": scope["path"]}


def _wsgi(settings: Settings) -> Site:
    application = GovcloudWSGI(wsgi_application, settings, door=DOOR, functions=FUNCTIONS, public=["/healthz"], context=told_by_wsgi)

    def send(method: str, path: str, headers: dict[str, str], content: bytes = b"") -> httpx.Response:
        with httpx.Client(transport=httpx.WSGITransport(application), base_url=HERE) as client:
            return client.request(method, HERE + path, headers=headers, content=content)

    return Site(application._door, send, application.close)


def _asgi(settings: Settings) -> Site:
    made: list[GovcloudASGI] = []

    def application() -> GovcloudASGI:
        made.append(GovcloudASGI(asgi_application, settings, door=DOOR, functions=FUNCTIONS, public=["/healthz"], context=told_by_asgi))
        return made[-1]

    def send(method: str, path: str, headers: dict[str, str], content: bytes = b"") -> httpx.Response:
        async def main() -> httpx.Response:
            door = application()  # a pool of connections belongs to one event loop
            async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url=HERE) as client:
                answer = await client.request(method, HERE + path, headers=headers, content=content)
            await door.aclose()
            return answer

        return anyio.run(main)

    return Site(application()._door, send, lambda: anyio.run(made[0].aclose))


@pytest.fixture(params=[_wsgi, _asgi], ids=["wsgi", "asgi"])
def site(request: pytest.FixtureRequest, settings: Settings, point: Point) -> Iterator[Site]:
    point.decide = lambda asked: yes() if asked["action"]["name"] in OPEN else no(access_request={"url": "https://cloud.example/r?a=1&b=2"})
    site: Site = request.param(settings)
    yield site
    site.close()


@pytest.fixture
def settings(point: Point, hands: Hands) -> Settings:
    return Settings(point.origin, "housing-web", "secret", HERE, "c" * 40, pace=hands.pace)


PROGRAM = {"Accept": "application/json"}


def test_who_is_signed_in_and_allowed_gets_in(site: Site, point: Point) -> None:
    answer = site.sign_in().get("/x", **{"X-Request-ID": "t-1"})
    assert (answer.status_code, answer.text) == (200, "/x 王芳 ")
    assert answer.headers["X-Request-ID"] == "t-1"
    assert answer.headers["Cache-Control"] == "no-store"
    (heard,) = point.heard
    assert heard.body["action"] == {"name": DOOR}
    assert heard.body["context"] == {"path": "/x"}
    assert heard.body["subject"] == {"type": "official", "id": "s", "properties": {"sid": "q"}}
    assert heard.header("X-Request-ID") == "t-1"
    assert site.get("/kept").headers["Cache-Control"] == "max-age=9", "an application that says so itself is not overruled"


@pytest.mark.parametrize(
    ("path", "function"), [("/", DOOR), ("/register/7?x=1", READ), ("/register/export", EXPORT), ("/register/%65xport", EXPORT)]
)
def test_each_path_needs_its_function(site: Site, point: Point, path: str, function: str) -> None:
    site.sign_in().get(path)
    assert [heard.body["action"]["name"] for heard in point.heard] == [function]


@pytest.mark.parametrize(
    "path", ["//register", "/x/../register", "/./register", "/%2e%2e/register", "/x%2f..%2fregister", "/register%5cexport", "/a%00"]
)
def test_a_path_that_could_be_read_in_two_ways_is_not_taken(site: Site, point: Point, path: str) -> None:
    answer = site.sign_in().send("GET", path, {"Cookie": site.cookies[0]})
    asked = [heard.body["action"]["name"] for heard in point.heard]
    assert answer.status_code == 400 or asked == [READ], "httpx itself mends some of them"


def test_public_paths_are_open_to_everybody(site: Site, point: Point) -> None:
    assert site.get("/healthz").text == "/healthz nobody "
    assert "Cache-Control" not in site.get("/healthz").headers
    assert point.heard == []


def test_the_refusal_page(site: Site) -> None:
    answer = site.sign_in().get("/register/export", **{"X-Request-ID": "t-7"})
    assert answer.status_code == 403
    assert "没有权限。" in answer.text
    assert 'href="https://cloud.example/r?a=1&amp;b=2"' in answer.text
    assert "<code>t-7</code>" in answer.text
    assert (answer.headers["X-Request-ID"], answer.headers["Cache-Control"]) == ("t-7", "no-store")
    told = site.get("/register/export", **PROGRAM)
    assert (told.status_code, told.headers["Content-Type"]) == (403, "application/json; charset=utf-8")
    assert told.json()["error"] == "no_permission"
    assert told.json()["access_request"] == "https://cloud.example/r?a=1&b=2"


@pytest.mark.parametrize("path", ["/export", "/lazily", "/turned"])
def test_what_the_application_requires_is_refused_alike(site: Site, path: str) -> None:
    answer = site.sign_in().get(path)
    assert answer.status_code == 403
    assert "没有权限。" in answer.text
    assert "framework" not in answer.text


def test_an_error_of_its_own_stays_its_own(site: Site) -> None:
    assert site.sign_in().get("/broken").text == "broken by itself"


def test_a_page_asks_once(site: Site, point: Point) -> None:
    assert site.sign_in().get("/page").text == "/page 王芳 True False"
    assert point.paths[1:] == [MANY]


def test_without_an_answer_nobody_gets_in(site: Site, point: Point) -> None:
    point.faults.append(Fault(503, {"Retry-After": "20"}))
    answer = site.sign_in().get("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "20")
    assert "平台没有应答" in answer.text
    point.faults.append(Fault(500))
    assert site.get("/", **PROGRAM).json()["error"] == "check_unavailable"


@pytest.mark.parametrize("cookies", [[], ["housing-web=forged"], ["housing-web=gAAAAABn"]])
def test_whoever_is_not_signed_in_does_not_get_in(site: Site, point: Point, cookies: list[str]) -> None:
    site.cookies = cookies
    answer = site.get("/register", **PROGRAM)
    assert (answer.status_code, answer.json()["error"]) == (401, "sign_in_required")
    # No sign-in can begin here: the receiver is no OpenID provider.
    assert site.get("/register").status_code == 503
    assert point.heard == []


def test_a_session_that_ended_at_the_platform_is_over_here(site: Site, point: Point) -> None:
    point.decide = lambda _: no("session_ended")
    answer = site.sign_in().get("/", **PROGRAM)
    assert answer.status_code == 401
    assert answer.headers["Set-Cookie"].startswith("housing-web=; Max-Age=0;")


def test_signing_out_takes_a_form_of_ones_own(site: Site, point: Point) -> None:
    site.sign_in()
    for body in (b"", b"token=", b"token=other", b"x" * 10_000, "token=王".encode()):
        answer = site.send("POST", "/govcloud/sign-out", {"Cookie": site.cookies[0]}, body)
        assert answer.status_code == 400
        assert "Set-Cookie" not in answer.headers
    answer = site.send("POST", "/govcloud/sign-out", {"Cookie": site.cookies[0]}, b"token=form-token")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HERE}/"), "the platform is away: signed out here only"
    assert answer.headers["Set-Cookie"].startswith("housing-web=; Max-Age=0;")
    assert site.get("/govcloud/sign-out").status_code == 404
    assert point.heard == []


def test_nobody_signed_in_cannot_be_signed_out(site: Site) -> None:
    assert site.send("POST", "/govcloud/sign-out", {}, b"token=").status_code == 400


def test_the_doors_own_routes_are_nobody_elses(site: Site) -> None:
    assert site.get("/govcloud/other").status_code == 404
    assert site.get("/govcloud").status_code == 404
    style = site.get("/govcloud/static/subsystem.css")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert ".notice" in style.text


def test_odd_queries_end_nobodys_request(site: Site) -> None:
    assert site.get(f"/govcloud/callback?{'a=1&' * 200}").status_code == 400
    assert site.get("/govcloud/callback?state=%00&code=%ff").status_code == 400


def test_a_look_of_ones_own(settings: Settings, point: Point) -> None:
    point.decide = lambda _: no()
    application = GovcloudWSGI(wsgi_application, settings, door=DOOR, page=lambda notice, _mount: f"own look: {notice.title}")
    cookie = cookie_of(application._door)
    with closing(application), httpx.Client(transport=httpx.WSGITransport(application), base_url=HERE) as client:
        assert client.get("/", headers={"Cookie": cookie}).text == "own look: 没有办理权限"


def test_an_access_comes_through_the_door_only() -> None:
    with pytest.raises(ConfigurationError):
        wsgi.access({})
    with pytest.raises(ConfigurationError):
        asgi.access({"type": "http"})


# Websockets, and the life of the server


async def _websocket(settings: Settings, *headers: tuple[bytes, bytes]) -> list[dict[str, Any]]:
    """Open a websocket and return what the server was told."""
    sent: list[dict[str, Any]] = []

    async def application(_scope: asgi.Scope, _receive: asgi.Receive, send: asgi.Send) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(dict(message))

    door = GovcloudASGI(application, settings, door=DOOR)
    await door({"type": "websocket", "path": "/live", "query_string": b"", "headers": list(headers)}, receive, send)
    await door.aclose()
    return sent


CLOSED = [{"type": "websocket.close", "code": 1008}]


def test_websockets_open_under_the_same_rules(settings: Settings, point: Point) -> None:
    application = GovcloudWSGI(wsgi_application, settings, door=DOOR)
    cookie = (b"cookie", cookie_of(application._door).encode())
    point.decide = lambda _: yes()
    accepted = [{"type": "websocket.accept"}]
    assert anyio.run(_websocket, settings, cookie) == accepted
    assert anyio.run(_websocket, settings, cookie, (b"origin", HERE.encode())) == accepted
    assert anyio.run(_websocket, settings, cookie, (b"origin", b"https://evil.example")) == CLOSED, "another site's page"
    assert anyio.run(_websocket, settings) == CLOSED
    point.decide = lambda _: no()
    assert anyio.run(_websocket, settings, cookie) == CLOSED
    point.faults.append(Fault(500))
    assert anyio.run(_websocket, settings, cookie) == CLOSED


@pytest.mark.parametrize("cares", [True, False])
def test_the_end_of_the_server_closes_the_connections_and_nothing_else_does(settings: Settings, *, cares: bool) -> None:
    async def application(_scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        if cares:
            assert (await receive())["type"] == "lifespan.startup"
            await send({"type": "lifespan.startup.complete"})
            assert (await receive())["type"] == "lifespan.shutdown"
            await send({"type": "lifespan.shutdown.complete"})

    async def main() -> None:
        door = GovcloudASGI(application, settings, door=DOOR)
        coming, told = ["lifespan.startup", "lifespan.shutdown"], []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": coming.pop(0)}

        async def send(message: MutableMapping[str, Any]) -> None:
            told.append(message["type"])

        await door({"type": "lifespan"}, receive, send)
        assert len(told) == 2 * cares
        assert door._http.is_closed is cares, "who does not care for it returns at the start"
        await door.aclose()

    anyio.run(main)


def test_a_mount_is_not_part_of_a_path(settings: Settings) -> None:
    for path in ("/app/register", "/register"):
        assert asgi._relative(path, "/app") == "/register"
    assert asgi._relative("/app", "/app") == "/"
    assert asgi._relative("/application", "/app") == "/application"
