"""Sign-in for a service: who gets a ticket, who goes to a page first, and which addresses get nothing."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.views import SignedIn
from tests.entrypoints.cas.conftest import RESCUE, CasParty, enter, register_cas, ticket_in
from tests.factories.browsing import Visitor, inline_code
from tests.factories.clients import claim_unchecked
from tests.factories.racing import together
from tests.factories.world import PASSWORD, SEED, World


def is_page(answer: TestResponse, status: int = 400) -> bool:
    assert answer.status_code == status, answer.text
    assert "Location" not in answer.headers
    return answer.mimetype == "text/html"


def test_a_signed_in_official_gets_a_ticket_without_any_page(party: CasParty, wang: SignedIn) -> None:
    ticket = party.ticket()
    # Section 3.1.1 and 3.7: what every service must be able to take.
    assert ticket.startswith("ST-")
    assert len(ticket) == 32
    assert ticket.replace("-", "").isalnum()
    assert party.user(ticket) == "WANGFANG"


def test_who_is_not_signed_in_goes_to_sign_in_and_comes_back(party: CasParty, clock: ManualClock) -> None:
    away = party.login()
    assert urlsplit(away.location).path == "/sign-in"
    page = party.browser.get(away.location)
    assert "民政救助业务系统" in page.text
    assert "form-action 'self' https://rescue.zj.example" in page.headers["Content-Security-Policy"]
    back = parse_qs(urlsplit(away.location).query)["next"][0]
    clock.advance(timedelta(seconds=20))
    visitor = Visitor(party.browser)
    entered = visitor.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD, "next": back}, page=away.location)
    assert entered.location == back
    assert party.user(ticket_in(party.browser.get(back), RESCUE), renew="true") == "WANGFANG"


def test_the_ticket_is_added_before_the_fragment_and_after_what_is_there(party: CasParty, wang: SignedIn) -> None:
    party.service = f"{RESCUE}/index.html?lang=zh#/home"
    answer = party.login()
    ticket = ticket_in(answer, f"{RESCUE}/index.html?lang=zh&ticket=ST-")
    assert answer.location.endswith("#/home")
    assert party.user(ticket) == "WANGFANG"


def test_a_servlet_session_in_the_address_makes_no_other_service(party: CasParty, wang: SignedIn) -> None:
    party.service = f"{RESCUE}/index;jsessionid=0A1B2C?x=1"
    ticket = party.ticket()
    party.service = f"{RESCUE}/index?x=1"
    assert party.user(ticket) == "WANGFANG"


def test_an_address_may_hold_chinese_in_its_query(party: CasParty, wang: SignedIn) -> None:
    party.service = f"{RESCUE}/search?name=王芳&from=/home"
    answer = party.login()
    assert answer.location.isascii()
    assert party.user(parse_qs(urlsplit(answer.location).query)["ticket"][0]) == "WANGFANG"


def test_of_two_tabs_that_come_back_from_one_sign_in_one_gets_a_fresh_ticket(
    party: CasParty, settings: Settings, services: Services, world: World, clock: ManualClock
) -> None:
    demanded = clock.now()
    clock.advance(timedelta(seconds=5))
    session = services.signon.current(enter(services, party.browser).token)
    client = services.subsystem_queries.client_by_service(party.service)
    assert session is not None
    assert client is not None
    actor = world.wang.actor(session_id=session.session_id)

    def issue() -> str:
        return services.cas.issue(actor, session, client, party.service, demanded=demanded)

    tickets = together(party.browser.application, settings, "SELECT 1 FROM session FOR UPDATE", issue, issue)
    answers = sorted(party.validate(str(ticket), "/cas/validate", renew="true").text for ticket in tickets)
    assert answers == ["no\n\n", "yes\nWANGFANG\n"]


ATTACKS = [
    "https://rescue.zj.example.evil/app",
    "https://rescue.zj.example@evil.example/app",
    "https://evil.example/app",
    "https://rescue.zj.example/application",
    "https://rescue.zj.example/app/../admin",
    "https://rescue.zj.example/app/%2e%2e/admin",
    "https://rescue.zj.example/app/..;/admin",
    "https://rescue.zj.example:8443/app",
    "http://rescue.zj.example/app",
    "//rescue.zj.example/app",
    "javascript:alert(1)",
    "https://rescue.zj.example/app\\@evil.example",
    "https://rescue.zj.example/app\r\nX: y",
    "<script>alert(1)</script>",
    "x" * 3000,
]


def test_no_other_address_gets_a_ticket_or_is_gone_to(party: CasParty, wang: SignedIn, services: Services) -> None:
    for address in ATTACKS:
        party.service = address
        for more in ({}, {"gateway": "true"}, {"renew": "true"}, {"method": "POST"}):
            answer = party.login(**more)
            assert is_page(answer), address
            assert "<script>alert(1)" not in answer.text
    party.service = f"{RESCUE}/index"
    assert is_page(party.browser.get("/cas/login?service=https%3A%2F%2Frescue.zj.example%2Fapp&service=https%3A%2F%2Fevil.example%2F"))


def test_an_address_that_two_subsystems_claim_is_nobodys(party: CasParty, wang: SignedIn, services: Services, world: World) -> None:
    """Else the door of one would let people into the other; registering refuses it, an older release might have left it."""
    register_cas(services, "housing", "https://grab.zj.example/", name="grab")
    claim_unchecked(services, "housing-grab", "service", f"{RESCUE}/index")
    assert is_page(party.login())
    services.subsystems.disable_client(world.system_admin.actor(), "housing-grab")
    assert party.ticket()


def test_a_disabled_client_is_unknown(party: CasParty, wang: SignedIn, services: Services, world: World) -> None:
    ticket = party.ticket()
    services.subsystems.disable_client(world.system_admin.actor(), "assistance-cas")
    assert is_page(party.login())
    assert party.code(ticket) == "INVALID_TICKET"


def test_who_may_not_enter_sees_why_and_gateway_learns_nothing(party: CasParty, services: Services, world: World) -> None:
    signed_in = enter(services, party.browser, "ZHENGGUOHUA")
    answer = party.login()
    assert is_page(answer, 403)
    assert f"/requests/new?item={world.items['assistance:case:read']}" in answer.text
    newest = services.audit_queries.by_subject(f"official:{signed_in.official_id}")[0]
    assert newest.name == "signon:entry:refused"
    assert party.login(gateway="true").location == party.service


def test_several_appointments_are_chosen_from_first(party: CasParty, services: Services, world: World) -> None:
    services.identity.appoint(
        SEED, world.wang.official_id, NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    )
    enter(services, party.browser)
    answer = party.login()
    assert urlsplit(answer.location).path == "/appointment"
    page = party.browser.get(answer.location)
    assert "https://rescue.zj.example" in page.headers["Content-Security-Policy"]
    assert party.login(gateway="true").location == party.service


def test_gateway_shows_no_page(party: CasParty, services: Services) -> None:
    assert party.login(gateway="true").location == party.service
    assert urlsplit(party.login(gateway="false").location).path == "/sign-in"
    # Without a service there is nowhere to go back to (section 2.1.1).
    assert urlsplit(party.browser.get("/cas/login?gateway=true").location).path == "/sign-in"
    enter(services, party.browser)
    assert party.user(party.ticket(gateway="true")) == "WANGFANG"


def test_renew_asks_again_and_its_ticket_is_fresh_once(party: CasParty, wang: SignedIn, services: Services, clock: ManualClock) -> None:
    assert party.code(party.ticket(), renew="true") == "INVALID_TICKET"
    # ``gateway`` is ignored beside ``renew``.
    asked = party.login(renew="true", gateway="true")
    assert urlsplit(asked.location).path == "/sign-in"
    back = parse_qs(urlsplit(asked.location).query)["next"][0]
    assert urlsplit(party.browser.get(back).location).path == "/sign-in"  # nobody signed in yet
    clock.advance(timedelta(seconds=5))
    enter(services, party.browser)
    assert party.user(ticket_in(party.browser.get(back), RESCUE), renew="true") == "WANGFANG"
    # The same way back opens no second fresh ticket, nor does a mark that was made for another service or by hand.
    assert urlsplit(party.browser.get(back).location).path == "/sign-in"
    clock.advance(timedelta(seconds=5))
    enter(services, party.browser)
    for forged in (back.replace("index", "other"), back[:-2] + "xx", back.replace("sign_in_demanded=", "sign_in_demanded=9")):
        assert urlsplit(party.browser.get(forged).location).path == "/sign-in"
    clock.advance(timedelta(minutes=11))
    assert urlsplit(party.browser.get(back).location).path == "/sign-in"


def test_a_ticket_can_be_posted(party: CasParty, wang: SignedIn) -> None:
    answer = party.login(method="POST")
    assert is_page(answer, 200)
    assert f'action="{party.service}"' in answer.text
    assert "form-action 'self' https://rescue.zj.example" in answer.headers["Content-Security-Policy"]
    assert inline_code(answer) == []
    ticket = answer.text.partition('name="ticket" value="')[2].partition('"')[0]
    assert party.user(ticket) == "WANGFANG"


def test_a_form_of_another_site_becomes_an_address_and_carries_no_password_on(browser: FlaskClient) -> None:
    answer = browser.post("/cas/login", data={"service": RESCUE, "username": "WANGFANG", "password": PASSWORD, "renew": "true"})
    assert answer.status_code == 303
    assert PASSWORD not in answer.location
    assert parse_qs(urlsplit(answer.location).query) == {"service": [RESCUE], "renew": ["true"]}


def test_without_a_service_it_is_the_platforms_own_sign_in(browser: FlaskClient, services: Services) -> None:
    assert urlsplit(browser.get("/cas/login").location).path == "/sign-in"
    enter(services, browser)
    assert urlsplit(browser.get("/cas/login").location).path == "/"


@pytest.mark.parametrize("parameter", ["service", "renew", "method"])
def test_what_cannot_be_read_is_a_page(browser: FlaskClient, parameter: str) -> None:
    for value in ("%00", "%0d%0aX", "a" * 2100):
        assert is_page(browser.get(f"/cas/login?{parameter}={value}"))
