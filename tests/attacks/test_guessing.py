"""Limits that hold across processes: two platforms on one database count together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from govcloud.app import create_app
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from tests.entrypoints.forward_auth.conftest import CLIENT as APPLICATION
from tests.entrypoints.forward_auth.conftest import ORIGIN, register_application
from tests.entrypoints.oidc.conftest import basic
from tests.factories.browsing import Visitor
from tests.factories.factors import enrolled
from tests.factories.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.test import TestResponse

    from govcloud.services import Services
    from govcloud.settings import Settings
    from tests.factories.world import World


@pytest.fixture
def processes(app: Flask, settings: Settings, clock: ManualClock, world: World) -> Iterator[list[Flask]]:
    """Return two platforms that share nothing but the database."""
    other = create_app(settings, clock)
    yield [app, other]
    with other.app_context():
        db.engine.dispose()


def test_sign_in(processes: list[Flask]) -> None:
    visitors = [Visitor(one.test_client()) for one in processes]
    answers = [visitors[turn % 2].post("/sign-in", {"login": "WANGFANG", "password": "wrong"}).status_code for turn in range(6)]
    assert answers == [403] * 5 + [429]


def test_activation(processes: list[Flask]) -> None:
    visitors = [Visitor(one.test_client()) for one in processes]
    form = {"login": "WANGFANG", "code": "AAAA-BBBB-CCCC", "new": "Qiantang-2026-tide", "again": "Qiantang-2026-tide"}
    answers = [visitors[turn % 2].post("/activate", form).status_code for turn in range(6)]
    assert answers == [403] * 5 + [429]


def test_second_factors(processes: list[Flask], services: Services, clock: ManualClock) -> None:
    enrolled(services, clock)
    visitors = [Visitor(one.test_client()) for one in processes]
    for somebody in visitors:
        somebody.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD})
    form = {"with": "totp", "code": "000000"}
    answers = [visitors[turn % 2].post("/sign-in/second-factor", form).status_code for turn in range(6)]
    assert answers == [403] * 5 + [429]


@pytest.mark.parametrize("path", ["/oidc/token", "/access/v1/evaluation", "/scim/v2/Users"])
def test_clients_on_every_wire(processes: list[Flask], path: str) -> None:
    clients = [one.test_client() for one in processes]
    method = "GET" if path.startswith("/scim") else "POST"

    def fail(turn: int, secret: str = "guess") -> int:  # noqa: S107
        return (
            clients[turn % 2]
            .open(path, method=method, data={"grant_type": "x"} if "token" in path else None, headers=basic("housing-web", secret))
            .status_code
        )

    answers = [fail(turn) for turn in range(6)]
    assert answers[:4] == [401] * 4
    assert answers[4:] == [429] * 2
    refused = clients[0].open(
        path, method=method, data={"grant_type": "x"} if "token" in path else None, headers=basic("housing-web", "guess")
    )
    assert int(refused.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/forward-auth/check", "/.govcloud/callback", "/.govcloud/sign-out"])
def test_proxies_of_applications(processes: list[Flask], services: Services, path: str) -> None:
    """A proxy is told 400, as nginx makes 500 of it; a wrong secret counts all the same, and the right one goes on."""
    secret = register_application(services)
    clients = [one.test_client() for one in processes]

    def ask(turn: int, password: str) -> TestResponse:
        headers = basic(APPLICATION, password) | {"X-Govcloud-Origin": ORIGIN, "X-Original-URI": "/"}
        return clients[turn % 2].get(path, headers=headers)

    assert [ask(turn, "guess").status_code for turn in range(6)] == [400] * 4 + [429] * 2
    held = ask(0, "guess")
    assert int(held.headers["Retry-After"]) > 0
    assert ask(1, secret).status_code != 429
    # A question without credentials, or about another origin with the right ones, is a mistake and no guess.
    assert clients[0].get(path).status_code == 400
    wrong = basic(APPLICATION, secret) | {"X-Govcloud-Origin": "https://evil.example"}
    assert [clients[0].get(path, headers=wrong).status_code for _ in range(6)] == [400] * 6


def test_whoever_has_the_right_secret_is_not_held_back(processes: list[Flask], world: World) -> None:
    """Nobody takes a subsystem out of service by failing in its name."""
    client = processes[0].test_client()
    for _ in range(8):
        client.post("/oidc/token", data={"grant_type": "x"}, headers=basic("housing-web", "guess"))
    answer = client.post("/oidc/token", data={"grant_type": "x"}, headers=basic("housing-web", world.clients["housing"].secret or ""))
    assert answer.get_json()["error"] == "unsupported_grant_type"


def test_guesses_at_once_on_both(processes: list[Flask]) -> None:
    def guess(number: int) -> str:
        one = processes[number % 2]
        with one.app_context():
            try:
                one.extensions["govcloud"].signon.sign_in("WANGFANG", f"wrong-{number}", "192.0.2.7", "x")
            except Exception as error:  # noqa: BLE001 - whichever it is, is the answer
                return type(error).__name__
            finally:
                db.session.remove()
        return "in"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(guess, range(12)))
    assert answers.count("SignInRefused") == 5
    assert answers.count("SignInLocked") == 7
