"""The client that subsystems install signs in, and takes no answer that does not belong to a sign-in of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.client import Govcloud
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from tests.entrypoints.oidc.test_forged_tokens import FORGERIES, Forge, published
from tests.factories.browsing import said
from tests.factories.world import SEED, World

__all__ = ["published"]

HERE = "http://127.0.0.1:8002"
Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock at the present moment: the library compares times with the machine's."""
    return ManualClock(datetime.now(UTC))


@dataclass
class Line(httpx.BaseTransport):
    """The wire between the subsystem and the platform: it may change what the token endpoint answers, or be cut."""

    platform: httpx.WSGITransport
    change: Change = field(default=lambda answer: answer)
    cut: bool = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("connection refused", request=request)
        response = self.platform.handle_request(request)
        if request.url.path != "/oidc/token":
            return response
        response.read()
        return httpx.Response(response.status_code, json=self.change(json.loads(response.content)))


@pytest.fixture
def line(app: Flask) -> Line:
    """Return a wire that brings everything unchanged."""
    return Line(httpx.WSGITransport(app=app))


@pytest.fixture
def subsystem(services: Services, world: World, line: Line) -> Flask:
    """Return a subsystem of the assistance department with one page behind sign-in."""
    new = NewClient("assistance", "assistance-lib", "救助", (f"{HERE}/govcloud/callback",), (f"{HERE}/",))
    credentials = services.subsystems.register_client(SEED, new)
    app = Flask("subsystem")
    app.config.update(
        SECRET_KEY="of the subsystem",
        SESSION_COOKIE_NAME="assistance",
        GOVCLOUD_ISSUER="http://localhost",
        GOVCLOUD_CLIENT_ID=credentials.client_id,
        GOVCLOUD_CLIENT_SECRET=credentials.secret,
    )
    govcloud = Govcloud(app, transport=line)

    @app.get("/")
    def index() -> str:
        official = govcloud.official()
        return official.name if official else "nobody"

    return app


@dataclass
class Browser:
    """One browser, at the subsystem and at the platform."""

    here: FlaskClient
    platform: FlaskClient

    def start(self, back_to: str = "/cases?page=2") -> dict[str, str]:
        """Begin a sign-in and return what the platform's answer carries."""
        sent = self.here.get(f"/govcloud/sign-in?{urlencode({'next': back_to})}", base_url=HERE)
        assert sent.status_code == 302
        address = urlsplit(sent.location)
        answer = self.platform.get(f"{address.path}?{address.query}")
        assert answer.status_code == 303
        assert answer.location.startswith(f"{HERE}/govcloud/callback?")
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}

    def come_back(self, answer: dict[str, str]) -> TestResponse:
        """Bring an answer to the subsystem."""
        return self.here.get(f"/govcloud/callback?{urlencode(answer)}", base_url=HERE)

    @property
    def who(self) -> str:
        """Return whom the subsystem takes this browser for."""
        return self.here.get("/", base_url=HERE).text


@pytest.fixture
def both(subsystem: Flask, browser: FlaskClient, wang: SignedIn) -> Browser:
    """Return a browser in which 王芳 is signed in at the platform."""
    return Browser(subsystem.test_client(), browser)


def refused(answer: TestResponse, code: str) -> bool:
    """Say whether an answer is the page of a sign-in that did not complete, without anything of the inside."""
    assert answer.status_code == 400
    text = said(answer)
    assert "登录未完成" in text
    assert f"统一身份平台没有完成这次登录（{code}）。" in text
    assert "请重新登录" in text
    assert "Traceback" not in text
    return True


def test_it_signs_in_and_goes_on_to_the_page(both: Browser) -> None:
    done = both.come_back(both.start())
    assert (done.status_code, done.location) == (302, "/cases?page=2")
    assert both.who == "王芳"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", ""])
def test_it_goes_on_to_its_own_pages_only(both: Browser, target: str) -> None:
    assert both.come_back(both.start(target)).location == "/"


FOREIGN: list[tuple[dict[str, str | None], str]] = [
    ({"state": None}, "state_mismatch"),
    ({"state": ""}, "state_mismatch"),
    ({"state": "forged"}, "state_mismatch"),
    ({"state": "<script>alert(1)</script>"}, "state_mismatch"),
    ({"state": "王芳"}, "state_mismatch"),
    ({"iss": "https://evil.example"}, "issuer_mismatch"),
    ({"code": None}, "invalid_request"),
    ({"code": "forged"}, "invalid_grant"),
    ({"error": "access_denied"}, "access_denied"),
]


def test_an_answer_that_is_not_ones_own_signs_nobody_in(both: Browser) -> None:
    for changes, code in FOREIGN:
        answer = both.start() | changes
        assert refused(both.come_back({name: value for name, value in answer.items() if value is not None}), code), changes
        assert both.who == "nobody"


def test_a_wrong_state_does_not_spoil_the_sign_in_that_is_under_way(both: Browser) -> None:
    answer = both.start()
    assert refused(both.come_back(answer | {"state": "forged"}), "state_mismatch")
    assert both.come_back(answer).status_code == 302
    assert both.who == "王芳"


def test_an_answer_works_in_its_own_browser_and_once(both: Browser, subsystem: Flask) -> None:
    answer = both.start()
    victim = Browser(subsystem.test_client(), both.platform)
    assert refused(victim.come_back(answer), "state_mismatch"), "somebody else's answer, planted (RFC 9700 section 4.7)"
    assert victim.who == "nobody"
    assert both.come_back(answer).status_code == 302
    assert refused(both.come_back(answer), "state_mismatch")


def test_what_the_platform_says_is_shown_as_text(both: Browser) -> None:
    answer = both.start()
    page = both.come_back({"state": answer["state"], "error": "<script>alert(1)</script>", "error_description": "<b>x</b>"})
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<b>x" not in page.text


def test_a_forged_id_token_signs_nobody_in(both: Browser, line: Line, published: bytes) -> None:
    for name, forge in FORGERIES.items():
        line.change = forging(forge, published)
        assert refused(both.come_back(both.start()), "bad_token"), name
        assert both.who == "nobody", name


def forging(forge: Forge, published: bytes) -> Change:
    """Return what puts a forgery in the place of the ID token."""
    return lambda answer: answer | {"id_token": forge(answer["id_token"], published)}


@pytest.mark.parametrize("change", [{"id_token": None}, {"id_token": ""}, {"id_token": 7}, {"id_token": "王.芳.x"}])
def test_an_answer_without_a_token(both: Browser, line: Line, change: dict[str, Any]) -> None:
    line.change = lambda answer: answer | change
    assert refused(both.come_back(both.start()), "bad_token")


def test_the_token_of_another_sign_in_is_not_taken(both: Browser, line: Line) -> None:
    kept: list[dict[str, Any]] = []
    line.change = lambda answer: kept.append(answer) or answer  # type: ignore[func-returns-value]
    both.come_back(both.start())
    line.change = lambda _answer: kept[0]
    stranger = Browser(both.here.application.test_client(), both.platform)
    assert refused(stranger.come_back(stranger.start()), "bad_token")


def test_while_the_platform_is_away_nobody_gets_in_and_nothing_breaks(both: Browser, line: Line) -> None:
    answer = both.start()
    line.cut = True
    page = both.come_back(answer)
    assert page.status_code == 400
    assert "temporarily_unavailable" in page.text
    assert "connection refused" not in page.text
    line.cut = False
    assert both.come_back(both.start()).status_code == 302


def test_a_platform_that_was_never_there(subsystem: Flask, line: Line) -> None:
    line.cut = True
    page = subsystem.test_client().get("/govcloud/sign-in", base_url=HERE)
    assert page.status_code == 503
    assert "统一身份平台没有应答。" in said(page)
    assert "localhost" not in page.text
