"""An answer by form in Chromium: it goes to the subsystem by itself, and by its button where no script runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Page

from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import OidcSettings
from tests.browser.conftest import PHONE, Site
from tests.factories.world import PASSWORD, SEED

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(120)]


class _Subsystem(HTTPServer):
    """A subsystem that takes answers by form."""

    answers: list[dict[str, list[str]]]


class _Handler(BaseHTTPRequestHandler):
    server: _Subsystem

    def do_POST(self) -> None:
        self.server.answers.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.send_response(303)
        self.send_header("Location", "/home")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>home</h1>")

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def subsystem() -> Iterator[_Subsystem]:
    with _Subsystem(("127.0.0.1", 0), _Handler) as server:
        server.answers = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def start(services: Services, site: Site, subsystem: _Subsystem) -> str:
    """Return the address of a sign-in whose answer comes by form."""
    address = f"http://127.0.0.1:{subsystem.server_port}/callback"
    client = NewClient("assistance", "assistance-form", "表单", (address,), settings=OidcSettings(require_pkce=False))
    services.subsystems.register_client(SEED, client)
    asked = {"client_id": "assistance-form", "redirect_uri": address, "response_type": "code", "scope": "openid", "state": "s-1"}
    return f"/oidc/authorize?{urlencode(asked | {'response_mode': 'form_post'})}"


def sign_in(page: Page, start: str) -> None:
    """Come from the subsystem and sign in."""
    page.goto(start)
    page.fill("#login", "WANGFANG")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def test_the_answer_goes_on_by_itself(site: Site, subsystem: _Subsystem, start: str) -> None:
    with site.window() as window:
        page = window.new_page()
        stopped: list[str] = []
        page.on("console", lambda message: stopped.append(message.text) if message.type == "error" else None)
        sign_in(page, start)
        page.wait_for_url("**/home")
        # Signed in already: no page of the platform is seen at all.
        page.goto(start)
        page.wait_for_url("**/home")
    assert [answer["state"] for answer in subsystem.answers] == [["s-1"], ["s-1"]]
    assert len({answer["code"][0] for answer in subsystem.answers}) == 2
    assert not stopped


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_without_scripts_there_is_a_button(site: Site, subsystem: _Subsystem, start: str, language: str) -> None:
    with site.window(PHONE, language=language, scripts=False) as window:
        page = window.new_page()
        sign_in(page, start)
        page.wait_for_selector("form[data-send-on]")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        page.click("form[data-send-on] button")
        page.wait_for_url("**/home")
    assert subsystem.answers[0]["code"]
