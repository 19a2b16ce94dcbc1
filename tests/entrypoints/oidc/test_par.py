"""Pushed authorization requests (RFC 9126): checked at once, opened once, answered once."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.oauth.errors import PushRefused
from govcloud.signon.views import SignedIn
from govcloud.subsystems.protocols import PUBLIC, OidcSettings
from tests.entrypoints.oidc.conftest import Party, enter, register
from tests.entrypoints.oidc.test_authorize import error_of as authorization_error_of
from tests.entrypoints.oidc.test_authorize import is_page
from tests.entrypoints.oidc.test_token import error_of
from tests.factories.racing import together
from tests.factories.world import World


def push(party: Party, **changes: str | None) -> str:
    """Push a right request and return its reference."""
    response = party.post("/oidc/par", **party.parameters(**changes))
    assert response.status_code == 201, response.text
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert body.keys() == {"request_uri", "expires_in"}
    assert body["expires_in"] == 60
    reference: str = body["request_uri"]
    return reference


def arrive(party: Party, reference: str, **more: str) -> TestResponse:
    """Send the browser with a reference."""
    return party.browser.get(f"/oidc/authorize?{urlencode({'client_id': party.client_id, 'request_uri': reference} | more)}")


def test_a_pushed_request_signs_in(party: Party, wang: SignedIn) -> None:
    answer = party.answer(arrive(party, push(party)))
    assert answer["state"] == party.state
    assert party.token(answer["code"]).status_code == 200


def test_it_is_opened_once(party: Party, wang: SignedIn) -> None:
    reference = push(party)
    assert party.answer(arrive(party, reference))["code"]
    assert is_page(arrive(party, reference))


def test_within_a_minute(party: Party, wang: SignedIn, clock: ManualClock) -> None:
    early, late = push(party), push(party)
    clock.advance(timedelta(seconds=59))
    assert party.answer(arrive(party, early))["code"]
    clock.advance(timedelta(seconds=1))
    assert is_page(arrive(party, late))


def test_it_waits_while_its_person_signs_in(party: Party, services: Services, clock: ManualClock) -> None:
    reference = push(party)
    response = arrive(party, reference)
    assert urlsplit(response.location).path == "/sign-in"
    back = parse_qs(urlsplit(response.location).query)["next"][0]
    # What was pushed does not go through the browser.
    assert party.state not in back
    assert is_page(arrive(party, reference))  # without the mark of the first arrival it is used
    clock.advance(timedelta(minutes=5))
    enter(services, party.browser)
    assert party.answer(party.browser.get(back))["state"] == party.state
    assert is_page(party.browser.get(back))


def test_it_does_not_wait_for_ever(party: Party, services: Services, clock: ManualClock) -> None:
    back = parse_qs(urlsplit(arrive(party, push(party)).location).query)["next"][0]
    clock.advance(timedelta(minutes=10))
    enter(services, party.browser)
    assert is_page(party.browser.get(back))


def test_a_demanded_sign_in_happens_once(party: Party, services: Services, wang: SignedIn, clock: ManualClock) -> None:
    response = arrive(party, push(party, prompt="login"))
    back = parse_qs(urlsplit(response.location).query)["next"][0]
    assert urlsplit(party.browser.get(back).location).path == "/sign-in"
    clock.advance(timedelta(seconds=5))
    enter(services, party.browser)
    assert party.answer(party.browser.get(back))["code"]


def test_what_the_browser_adds_is_left_out(party: Party, wang: SignedIn) -> None:
    added = {"redirect_uri": "https://evil.example/", "state": "evil", "scope": "openid", "code_challenge": "x" * 43, "prompt": "login"}
    answer = party.answer(arrive(party, push(party), **added))
    assert answer["state"] == party.state
    assert party.token(answer["code"]).get_json()["scope"] == "openid profile"


def test_a_mark_opens_no_other_request(party: Party, services: Services) -> None:
    back = parse_qs(urlsplit(arrive(party, push(party)).location).query)["next"][0]
    mark = parse_qs(urlsplit(back).query)["arrived"][0]
    enter(services, party.browser)
    other = push(party)
    assert party.answer(arrive(party, other, arrived=mark))["code"]
    assert is_page(arrive(party, other, arrived=mark))
    for forged in ("0.x", mark[:-1], "\u0663.x"):
        assert is_page(arrive(party, other, arrived=forged))


def test_nobody_pushes_a_mark(party: Party, wang: SignedIn) -> None:
    assert party.post("/oidc/par", **party.parameters(), arrived="x", sign_in_demanded="x").status_code == 201


UNCERTAIN = ["urn:ietf:params:oauth:request_uri:nonsense", "urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:王"]


@pytest.mark.parametrize("reference", UNCERTAIN)
def test_an_unknown_reference_redirects_nobody(party: Party, wang: SignedIn, reference: str) -> None:
    assert is_page(arrive(party, reference))


def test_another_client_opens_nothing(party: Party, world: World, wang: SignedIn) -> None:
    reference = push(party)
    thief = Party(party.browser, "housing-web", world.clients["housing"].secret, "http://127.0.0.1:8001/oidc/callback")
    assert is_page(arrive(thief, reference))
    assert party.answer(arrive(party, reference))["code"]


WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"redirect_uri": None}, "invalid_request"),
    ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"code_challenge": None}, "invalid_request"),
    ({"prompt": "dance"}, "invalid_request"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
    ({"client_id": "housing-web"}, "invalid_request"),
    ({"claims": "x"}, "invalid_request"),
]


def test_a_wrong_request_is_told_at_once(party: Party, wang: SignedIn) -> None:
    for changes, error in WRONG:
        assert error_of(party.post("/oidc/par", **party.parameters(**changes))) == error, changes
    assert error_of(party.browser.post("/oidc/par", data=party.parameters()), 401) == "invalid_client"


def test_a_request_that_is_too_long(party: Party) -> None:
    many = {f"p{number}": "x" * 2000 for number in range(9)}
    assert error_of(party.post("/oidc/par", **party.parameters(), **many)) == "invalid_request"
    assert party.post("/oidc/par", **party.parameters(), p0="x" * 2000, p1="x" * 2000).status_code == 201


def test_an_error_of_a_pushed_request_goes_back_and_uses_it_up(party: Party) -> None:
    reference = push(party, prompt="none")
    assert authorization_error_of(party, arrive(party, reference)) == "login_required"
    assert is_page(arrive(party, reference))


def test_a_reference_that_is_brought_again_or_late_is_on_record(
    party: Party, services: Services, browser: FlaskClient, clock: ManualClock
) -> None:
    refused = text("SELECT convert_from(canonical, 'UTF8') FROM audit_event WHERE name = 'signon:pushed_request:refused' ORDER BY at, id")
    used, late = push(party), push(party)
    arrive(party, used)
    for reference in ("urn:ietf:params:oauth:request_uri:nothing", "x", "", "王"):
        arrive(party, reference)
    assert services.uow.read().execute(refused).all() == [], "what nobody pushed is anybody's typing"
    assert is_page(arrive(party, used))
    clock.advance(timedelta(seconds=61))
    assert is_page(arrive(party, late))
    told = [said for (said,) in services.uow.read().execute(refused)]
    assert [('"reason":"used"' in said, '"reason":"expired"' in said) for said in told] == [(True, False), (False, True)]
    assert all(used.rpartition(":")[2] not in said for said in told), "the reference itself is not written down"


def test_a_client_that_must_push_comes_with_nothing_else(services: Services, browser: FlaskClient, wang: SignedIn) -> None:
    strict = register(services, browser, "assistance-strict", OidcSettings(require_pushed_requests=True))
    assert authorization_error_of(strict, strict.authorize()) == "invalid_request"
    assert strict.answer(arrive(strict, push(strict)))["code"]
    app = register(services, browser, "assistance-app", auth_method=PUBLIC)
    assert app.answer(arrive(app, push(app)))["code"]


def test_of_two_browsers_at_once_one_arrives(app: Flask, settings: Settings, services: Services, party: Party) -> None:
    reference = push(party)
    client = services.subsystem_queries.client_by_client_id(party.client_id)
    assert client is not None
    actor = Actor.subsystem(client.client_id, client.name)
    arrivals = [lambda: services.oauth.open_pushed(actor, client, reference, again=False)] * 3
    outcomes = together(app, settings, "SELECT 1 FROM pushed_request FOR UPDATE", *arrivals)
    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PushRefused) for outcome in outcomes) == 2
    answers = [lambda: services.oauth.close_pushed(actor, client, reference)] * 3
    outcomes = together(app, settings, "SELECT 1 FROM pushed_request FOR UPDATE", *answers)
    assert outcomes.count(None) == 1


def test_the_database_holds_no_reference(services: Services, party: Party, superuser_url: str) -> None:
    import psycopg  # noqa: PLC0415 - only here

    reference = push(party).rpartition(":")[2]
    with psycopg.connect(superuser_url.replace("+psycopg", "")) as looking:
        rows = looking.execute("SELECT pushed_request::text FROM pushed_request").fetchall()
    assert len(rows) == 1
    assert reference not in rows[0][0]
    assert reference.encode().hex() not in rows[0][0]
