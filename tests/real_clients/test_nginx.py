"""The file deploy/nginx/forward-auth.conf in a real nginx over TLS, before an application that echoes the headers that reach it."""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote

import httpx
import jwt
import pytest
from flask import Flask
from werkzeug.serving import make_server

from govcloud.authorization.shipped import baseline
from govcloud.kernel.clock import Clock, SystemClock
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.forwarding.service import READ_AGAIN
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import ForwardAuthSettings
from tests.factories.clients import put_unchecked
from tests.factories.policies import install
from tests.factories.receivers import certificate, tls
from tests.factories.world import PASSWORD, POLICY, SEED, World
from tests.real_clients.conftest import free_port
from tests.real_clients.nginx import Proxied, nginx

pytestmark = [pytest.mark.clients, pytest.mark.timeout(240)]

CLIENT = "legacy-web"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Site:
    """Where things listen, and a browser that keeps cookies for each host."""

    platform: str
    application: str
    trusted: ssl.SSLContext
    folder: Path

    def browser(self, address: str = "127.0.0.1") -> httpx.Client:
        """Open a browser that follows redirects, on a device of this address."""
        transport = httpx.HTTPTransport(verify=self.trusted, local_address=address)
        return httpx.Client(transport=transport, follow_redirects=True, trust_env=False, headers={"Sec-Fetch-Mode": "navigate"})


@pytest.fixture
def clock() -> Clock:
    """Let the platform go by the machine's clock: browsers and cookies do."""
    return SystemClock()


@pytest.fixture
def platform_port() -> int:
    return free_port()


@pytest.fixture
def settings(settings: Settings, platform_port: int) -> Settings:
    """Give the platform the address that the browser reaches it by."""
    zones = {"office": (ip_network("127.0.0.2/32"),)}
    return settings.model_copy(update={"public_url": f"https://localhost:{platform_port}", "network_zones": zones})


class Echo(BaseHTTPRequestHandler):
    """The application: it says what reached it."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        said = {"method": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": self.rfile.read(length).decode()}
        body = json.dumps(said).encode()
        status = 403 if self.path == "/own-403" else 200
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the base class calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(app: Flask, services: Services, world: World, platform_port: int, tmp_path: Path) -> Iterator[Site]:
    """Start the platform, the application and nginx before it."""
    pair = certificate(tmp_path, "localhost")
    port = free_port()
    origin = f"https://127.0.0.1:{port}"
    row = NewClient("assistance", CLIENT, "旧系统", origins=(origin,), settings=ForwardAuthSettings())
    secret = services.subsystems.register_client(SEED, row).secret
    assert secret is not None
    # Registering refuses a function of another subsystem; it is the one that she does not hold.
    put_unchecked(services, CLIENT, ForwardAuthSettings(rules=(("/admin", "housing:register:read"),)))
    platform = make_server("localhost", platform_port, app, threaded=True, ssl_context=tls(*pair))
    thread = threading.Thread(target=platform.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    trusted = ssl.create_default_context(cafile=str(pair[0]))
    try:
        with serving(ThreadingHTTPServer(("127.0.0.1", 0), Echo)) as application:
            before = Proxied(port, platform_port, application, *pair, authority=pair[0], client_id=CLIENT, secret=secret)
            with nginx(tmp_path, before):
                yield Site(f"https://localhost:{platform_port}", before.origin, trusted, tmp_path)
    finally:
        platform.shutdown()
        thread.join()
        platform.server_close()


def sign_in(browser: httpx.Client, page: httpx.Response) -> httpx.Response:
    """Fill in the platform's form as it came, and follow where it leads."""
    token = _TOKEN.search(page.text)
    back = re.findall(r'name="next" value="([^"]*)"', page.text)[-1]  # the first one is of the language switch
    assert token, page.text
    form = {"login": "WANGFANG", "password": PASSWORD, "next": back.replace("&amp;", "&"), "csrf_token": token[1]}
    return browser.post(page.url.join("/sign-in"), data=form, headers={"Referer": str(page.url)})


def test_the_whole_way_through_nginx(site: Site, services: Services, world: World) -> None:
    with site.browser() as browser:
        page = browser.get(f"{site.application}/list?a=1&b=%E6%B0%91")
        assert str(page.url).startswith(f"{site.platform}/sign-in?")
        entered = sign_in(browser, page)
        assert str(entered.url) == f"{site.application}/list?a=1&b=%E6%B0%91", entered.text
        seen = entered.json()
        told = {name: unquote(value) for name, value in seen["headers"].items() if name.startswith("X-Govcloud")}
        token = told.pop("X-Govcloud-Identity")
        assert told == {
            "X-Govcloud-Name": "王芳",
            "X-Govcloud-Employee-Code": "WANGFANG",
            "X-Govcloud-Appointment": str(world.wang.appointment_id),
            "X-Govcloud-Department": "杭州市西湖区民政局",
            "X-Govcloud-Division": "330106000000",
        }
        keys = {key["kid"]: jwt.PyJWK(key) for key in browser.get(f"{site.platform}/oidc/jwks").json()["keys"]}
        key = keys[jwt.get_unverified_header(token)["kid"]]
        said = jwt.decode(token, key, algorithms=["ES256"], audience=CLIENT, issuer=site.platform)
        assert said["sub"] == str(world.wang.official_id)
        # Neither the cookie that says who it is nor the proxy's secret reaches the application.
        assert "govcloud" not in seen["headers"].get("Cookie", "")
        assert "Authorization" not in seen["headers"]
        browser.cookies.set("own", "1", domain="127.0.0.1")
        kept = browser.get(f"{site.application}/x").json()["headers"]["Cookie"]
        assert "own=1" in kept
        assert "govcloud" not in kept

        # Bodies pass, the application's own 403 is its own, and no ticket is logged.
        posted = browser.post(f"{site.application}/save", content="a=1").json()
        assert (posted["method"], posted["body"]) == ("POST", "a=1")
        own = browser.get(f"{site.application}/own-403")
        assert (own.status_code, own.json()["path"]) == (403, "/own-403")
        assert "ticket=" not in (site.folder / "access.log").read_text(encoding="utf-8")

        # A path with a rule leads to the platform's page.
        refused = browser.get(f"{site.application}/admin/users")
        assert refused.status_code == 403
        assert f"/requests/new?item={world.items['housing:register:read']}" in refused.text

        # A session that ends is over at the next request.
        services.signon.end_sessions_of(world.security_admin.actor(), [world.wang.official_id], "离岗")
        assert str(browser.get(f"{site.application}/list").url).startswith(f"{site.platform}/sign-in?")


def test_what_a_browser_sends_under_the_platforms_names_never_arrives(site: Site) -> None:
    forged = {
        "X-Govcloud-Name": "root",
        "x-govcloud-identity": "x.y.z",
        "X_Govcloud_Name": "root",
        "X-Govcloud-Origin": "https://evil.example",
        "X-Original-URI": "/public",
        "X-Original-Method": "GET",
        "X-Govcloud-Location": "https://evil.example",
        "Authorization": "Basic YTpi",
    }
    with site.browser() as browser:
        away = browser.get(f"{site.application}/x", headers=forged, follow_redirects=False)
        assert away.status_code == 303
        assert away.headers["Location"].startswith(f"{site.platform}/forward-auth/start?client_id={CLIENT}&to=")
        assert away.headers["Cache-Control"] == "no-store"
        sign_in(browser, browser.get(f"{site.application}/x"))
        seen = browser.get(f"{site.application}/x", headers=forged).json()["headers"]
        assert unquote(seen["X-Govcloud-Name"]) == "王芳"
        assert "root" not in seen.values()
        assert "x.y.z" not in seen.values()
        assert "X-Govcloud-Origin" not in seen
        # What the browser says that it wanted does not count: nginx says it.
        assert browser.get(f"{site.application}/admin", headers=forged).status_code == 403
        for odd in ("//admin", "/%61dmin", "/x/..%2fadmin", "/admin;a=b"):
            assert browser.get(f"{site.application}{odd}").status_code == 403, odd


def test_the_address_is_that_of_the_device_and_not_what_it_claims(site: Site, services: Services, world: World) -> None:
    rule = """
    roles:
      counter_clerk:
        rules: [{allow: [assistance:door:enter]}, {allow: [housing:register:read], when: 'context.network_zone == "office"'}]
    """
    install(services, baseline().extended_by(POLICY, "a").extended_by(rule, "b"))
    forged = {"X-Govcloud-Client-Address": "127.0.0.2", "X-Forwarded-For": "127.0.0.2", "X-Real-IP": "127.0.0.2"}
    with site.browser() as home, site.browser("127.0.0.2") as office:
        for browser in (home, office):
            sign_in(browser, browser.get(f"{site.application}/x"))
            assert browser.get(f"{site.application}/admin", headers=forged).status_code == 403, "nobody is entrusted with it"
        services.subsystems.entrust_client(world.security_admin.actor(), CLIENT, ["address_source"], "前置代理如实转告")
        threading.Event().wait(READ_AGAIN.total_seconds() + 1)
        reached = office.get(f"{site.application}/admin")
        assert (reached.status_code, reached.json()["path"]) == (200, "/admin")
        assert "X-Govcloud-Client-Address" not in reached.json()["headers"]
        assert home.get(f"{site.application}/admin", headers=forged).status_code == 403
        home.cookies = office.cookies
        assert home.get(f"{site.application}/admin", headers=forged).status_code == 403, "a cookie that was carried away"


def test_nobody_comes_in_beside_it(site: Site) -> None:
    with site.browser() as browser:
        for path in ("/.govcloud/check", "/.govcloud/anything", "/.govcloud/"):
            assert browser.get(f"{site.application}{path}").status_code == 404, path
        script = browser.get(f"{site.application}/api", headers={"Sec-Fetch-Mode": "cors"})
        assert script.status_code == 401
        assert browser.get(f"{site.platform}/forward-auth/check").status_code == 400
        failed = browser.get(f"{site.application}/.govcloud/callback?ticket=forged")
        assert failed.status_code == 400
        assert str(failed.url).startswith(f"{site.platform}/forward-auth/failed")


def test_sign_out_in_the_application(site: Site, services: Services, world: World) -> None:
    with site.browser() as browser:
        sign_in(browser, browser.get(f"{site.application}/"))
        out = browser.get(f"{site.application}/.govcloud/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
        assert str(out.url) == f"{site.platform}/sign-in"
        assert services.signon.sessions_of(world.wang.official_id) == ()
        assert str(browser.get(f"{site.application}/").url).startswith(f"{site.platform}/sign-in?")
