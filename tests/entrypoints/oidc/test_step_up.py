"""A subsystem that wants a second factor gets it: from its request to the platform's page and back, with a real app's code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import ACR_MFA
from tests.entrypoints.oidc.conftest import Party
from tests.factories.browsing import Visitor, said
from tests.factories.factors import STEP, Phone, code_of, enrolled
from tests.factories.world import PASSWORD, World

ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "value": ACR_MFA}}})
WANTED: tuple[Mapping[str, str], ...] = ({"acr_values": ACR_MFA}, {"claims": ESSENTIAL})


@pytest.fixture
def weak(services: Services, world: World, browser: FlaskClient) -> Visitor:
    """Return 王芳, signed in by password before she set up an app."""
    return Visitor(browser).sign_in("WANGFANG")


@pytest.fixture
def phone(weak: Visitor, services: Services, clock: ManualClock) -> Phone:
    """Return the app that she then set up elsewhere."""
    return enrolled(services, clock)


def claims_of(party: Party, address: str) -> dict[str, Any]:
    """Return what the ID token says for the code that comes when the browser goes on to ``address``."""
    response = party.token(party.answer(party.browser.get(address))["code"])
    assert response.status_code == 200, response.text
    claims: dict[str, Any] = jwt.decode(response.get_json()["id_token"], options={"verify_signature": False})
    return claims


def stepped_up(somebody: Visitor, page: str, code: str) -> str:
    """Prove the second factor on the page at ``page`` and return where it leads."""
    form = {"next": page_target(page), "with": "totp", "code": code}
    answer = somebody.post("/step-up", form, page=page)
    assert answer.status_code == 303, said(answer)
    return str(answer.location)


def page_target(page: str) -> str:
    return parse_qs(urlsplit(page).query)["next"][0]


@pytest.mark.parametrize("wanted", WANTED)
def test_the_page_asks_for_the_code_and_leads_back_with_the_stronger_proof(
    party: Party, weak: Visitor, phone: Phone, wanted: Mapping[str, str], clock: ManualClock
) -> None:
    first = party.authorize(**wanted)
    assert (first.status_code, urlsplit(first.location).path) == (303, "/step-up")
    page = weak.get(first.location)
    assert "再次核实身份" in said(page)
    assert "http://127.0.0.1:8002" in page.headers["Content-Security-Policy"]  # the form may end at the subsystem
    wrong = weak.post("/step-up", {"next": page_target(first.location), "with": "totp", "code": "000000"}, page=first.location)
    assert wrong.status_code == 403
    claims = claims_of(party, stepped_up(weak, first.location, phone.code()))
    assert claims["acr"] == ACR_MFA
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}
    assert claims["auth_time"] == int(clock.now().timestamp())
    # From now on the session is strong enough, silently too.
    clock.advance(timedelta(minutes=5))
    assert party.code(**wanted, prompt="none")


def test_whoever_may_show_no_page_gets_the_error_or_the_weaker_proof(party: Party, weak: Visitor, phone: Phone) -> None:
    assert party.answer(party.authorize(claims=ESSENTIAL, prompt="none"))["error"] == "login_required"
    assert party.code(acr_values=ACR_MFA, prompt="none")


def test_a_wish_stops_nobody_who_has_no_second_factor(party: Party, weak: Visitor) -> None:
    address = party.authorize(acr_values=ACR_MFA)
    assert party.answer(address)["code"]
    assert urlsplit(party.authorize(claims=ESSENTIAL).location).path == "/step-up"


def test_what_is_essential_leads_whoever_has_none_to_setting_one_up_and_back(
    party: Party, weak: Visitor, services: Services, clock: ManualClock
) -> None:
    first = party.authorize(claims=ESSENTIAL)
    page = weak.get(first.location)
    assert "您还没有绑定动态口令" in said(page)
    target = page_target(first.location)
    # A password will not do, however it is sent.
    assert weak.post("/step-up", {"next": target, "password": PASSWORD}, page="/account").status_code == 422
    session = services.signon.current(cookie(weak))
    assert session is not None
    secret = services.second_factors.pending(session).secret
    done = weak.post("/account/second-factor", {"code": code_of(secret, clock), "next": target})
    assert done.status_code == 200, said(done)
    assert claims_of(party, target)["acr"] == ACR_MFA


def test_max_age_and_prompt_login_want_both_factors_of_whoever_has_two(
    party: Party, weak: Visitor, phone: Phone, clock: ManualClock
) -> None:
    clock.advance(timedelta(minutes=2))
    for wanted in ({"max_age": "60"}, {"prompt": "login"}, {"max_age": "0", "claims": ESSENTIAL}):
        clock.advance(timedelta(minutes=2))
        assert party.answer(party.authorize(max_age="60", prompt="none"))["error"] == "login_required"
        first = party.authorize(**wanted)
        assert urlsplit(first.location).path == "/sign-in"
        target = page_target(first.location)
        clock.advance(timedelta(seconds=1))
        second = weak.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD, "next": target}, page=first.location)
        assert urlsplit(second.location).path == "/sign-in/second-factor"
        # The password alone has renewed nothing.
        assert urlsplit(party.browser.get(target).location).path == "/sign-in"
        third = weak.post("/sign-in/second-factor", {"with": "totp", "code": phone.code(), "next": target})
        claims = claims_of(party, third.location)
        assert (claims["acr"], claims["auth_time"]) == (ACR_MFA, int(clock.now().timestamp()))
        clock.advance(STEP)


def cookie(somebody: Visitor) -> str:
    found = somebody.client.get_cookie("govcloud_session")
    assert found is not None
    return str(found.value)
