"""Validation: what a service learns, each code of the protocol, and that a ticket is good for one try."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import create_engine, text

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from tests.entrypoints.cas.conftest import NS, REGISTER, RESCUE, CasParty, enter, success
from tests.factories.browsing import counted
from tests.factories.world import World

P3 = "/cas/p3/serviceValidate"


def test_the_three_versions(party: CasParty, wang: SignedIn, world: World) -> None:
    assert party.validate(party.ticket(), "/cas/validate").text == "yes\nWANGFANG\n"
    second = success(party.validate(party.ticket()))
    assert [part.tag for part in second] == [f"{NS}user"]
    third = success(party.validate(party.ticket(), P3))
    told = {part.tag.removeprefix(NS): part.text for part in third.find(f"{NS}attributes") or ()}
    assert told == {
        "authenticationDate": "2026-11-24T01:30:00+00:00",
        "longTermAuthenticationRequestTokenUsed": "false",
        "isFromNewLogin": "false",
        "name": "王芳",
        "employee_code": "WANGFANG",
        "appointment_id": str(world.wang.appointment_id),
        "department": "杭州市西湖区民政局",
        "division": "330106000000",
    }


def test_a_client_is_told_what_its_settings_name(party: CasParty, wang: SignedIn) -> None:
    party.service = f"{REGISTER}home"
    told = success(party.validate(party.ticket(), P3)).find(f"{NS}attributes")
    assert told is not None
    assert [part.tag.removeprefix(NS) for part in told][3:] == ["name"]


def test_json(party: CasParty, wang: SignedIn) -> None:
    answer = party.validate(party.ticket(), P3, format="JSON")
    assert answer.mimetype == "application/json"
    seen = json.loads(answer.data)["serviceResponse"]["authenticationSuccess"]
    assert (seen["user"], seen["attributes"]["name"]) == ("WANGFANG", "王芳")
    refused = json.loads(party.validate("ST-nothing", format="JSON").data)["serviceResponse"]["authenticationFailure"]
    assert refused["code"] == "INVALID_TICKET"
    assert refused["description"]
    assert party.code(party.ticket(), format="YAML") == "INVALID_REQUEST"


def test_a_ticket_is_good_for_one_try_whatever_comes_of_it(party: CasParty, wang: SignedIn, clock: ManualClock) -> None:
    ticket = party.ticket()
    assert party.user(ticket) == "WANGFANG"
    assert party.code(ticket) == "INVALID_TICKET"
    misused = party.ticket()
    other = CasParty(party.browser, f"{RESCUE}/other")
    assert other.code(misused) == "INVALID_SERVICE"
    assert party.code(misused) == "INVALID_TICKET"
    renewed = party.ticket()
    assert party.code(renewed, renew="true") == "INVALID_TICKET"
    assert party.code(renewed) == "INVALID_TICKET"
    late = party.ticket()
    clock.advance(timedelta(seconds=60))
    assert party.code(late) == "INVALID_TICKET"


def test_another_service_cannot_use_a_ticket(party: CasParty, wang: SignedIn) -> None:
    stolen = party.ticket()
    assert CasParty(party.browser, f"{REGISTER}home").code(stolen) == "INVALID_SERVICE"
    assert CasParty(party.browser, "https://evil.example/").code(party.ticket()) == "INVALID_SERVICE"


def test_wrong_requests(party: CasParty, wang: SignedIn) -> None:
    for query in ("", "service=x", "ticket=ST-1", "service=&ticket=", "ticket=ST-1&ticket=ST-2&service=x", "ticket=%00&service=x"):
        for path in ("serviceValidate", "proxyValidate", "p3/serviceValidate", "p3/proxyValidate"):
            assert b'code="INVALID_REQUEST"' in party.programs.get(f"/cas/{path}?{query}").data, query
        assert party.programs.get(f"/cas/validate?{query}").text == "no\n\n"
    for ticket in ("nonsense", "ST-", "王芳", "x" * 2000, "<cas:user>", "' OR 1=1 --"):
        assert party.code(ticket) == "INVALID_TICKET"
    assert party.programs.post("/cas/serviceValidate").status_code == 405


def test_an_oidc_code_is_no_cas_ticket(party: CasParty, wang: SignedIn, services: Services, world: World) -> None:
    from govcloud.kernel.actor import Actor  # noqa: PLC0415
    from govcloud.signon.views import TicketRequest  # noqa: PLC0415

    session = services.signon.sessions_of(world.wang.official_id)[0]
    client = services.subsystem_queries.client_by_client_id("assistance-web")
    assert client is not None
    actor = Actor.official(world.wang.official_id, "王芳", session_id=session.session_id)
    code = services.signon.issue_ticket(actor, session, client, TicketRequest(client.redirect_uris[0], "c" * 43, "openid"))
    assert party.code(code) == "INVALID_TICKET"


def test_a_cas_ticket_is_no_oidc_code(party: CasParty, wang: SignedIn) -> None:
    """Its client is public: whoever saw the ticket in an address could otherwise have tokens for it."""
    ticket = party.ticket()
    for verifier in ({"code_verifier": "v" * 43}, {}):
        form = {"grant_type": "authorization_code", "code": ticket, "redirect_uri": party.service, "client_id": "assistance-cas"}
        answer = party.programs.post("/oidc/token", data=form | verifier)
        assert answer.status_code in {400, 401}
        assert "access_token" not in answer.text
    assert party.user(ticket) == "WANGFANG"  # nor is it used up


def test_no_answer_after_the_session_ended(party: CasParty, wang: SignedIn) -> None:
    ticket = party.ticket()
    party.browser.get("/cas/logout")
    assert party.code(ticket) == "INVALID_TICKET"


def test_names_cannot_break_out_of_the_answer(party: CasParty, wang: SignedIn, superuser_url: str) -> None:
    engine = create_engine(superuser_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE session SET official_name = :name"), {"name": "</cas:name><cas:user>ROOT</cas:user>&"})
    engine.dispose()
    seen = success(party.validate(party.ticket(), P3))
    assert [part.text for part in seen.findall(f"{NS}user")] == ["WANGFANG"]
    assert seen.findtext(f"{NS}attributes/{NS}name") == "</cas:name><cas:user>ROOT</cas:user>&"


def test_of_those_that_validate_at_once_one_succeeds(app: Flask, party: CasParty, wang: SignedIn) -> None:
    start = threading.Barrier(4)

    def validate(ticket: str) -> str:
        start.wait()
        return app.test_client().get("/cas/validate", query_string={"service": party.service, "ticket": ticket}).text

    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            outcomes = sorted(pool.map(validate, [party.ticket()] * 4))
        assert outcomes == ["no\n\n"] * 3 + ["yes\nWANGFANG\n"]


def test_a_ticket_is_kept_sealed_for_single_logout(party: CasParty, wang: SignedIn, services: Services, superuser_url: str) -> None:
    ticket = party.ticket()
    engine = create_engine(superuser_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT id, sealed, redirect_uri, kind FROM ticket")).one()
    engine.dispose()
    assert ticket.encode() not in bytes(row.sealed)
    assert services.keys.open(bytes(row.sealed), f"ticket:{UUID(str(row.id))}".encode()) == ticket.encode()
    assert (row.redirect_uri, row.kind) == (party.service, "cas_service")


def test_the_record_tells_the_story(party: CasParty, wang: SignedIn, services: Services) -> None:
    ticket = party.ticket()
    party.user(ticket)
    party.code(ticket)
    told = [entry.name for entry in services.audit_queries.by_subject(f"official:{wang.official_id}")]
    assert told[:2] == ["signon:cas_ticket:validated", "signon:ticket:issued"]
    refused = [entry.name for entry in services.audit_queries.by_subject("client:assistance-cas")]
    assert refused[0] == "signon:ticket:refused"


def test_statements_of_a_sign_in(party: CasParty, wang: SignedIn) -> None:
    party.user(party.ticket())
    with counted() as statements:
        ticket = party.ticket()
    assert len(statements) <= 15, statements
    with counted() as statements:
        party.user(ticket)
    assert len(statements) <= 8, statements


def test_sign_out_goes_back_to_registered_services_alone(party: CasParty, services: Services) -> None:
    for target, expected in ((f"{RESCUE}/bye", f"{RESCUE}/bye"), ("https://evil.example/", None), (f"{RESCUE}.evil/", None)):
        enter(services, party.browser)
        answer = party.browser.get("/cas/logout", query_string={"service": target, "url": "https://evil.example/"})
        assert answer.headers.get("Location") == expected
        assert answer.status_code == (303 if expected else 200)
        assert "govcloud_session=;" in answer.headers["Set-Cookie"]
        assert "/sign-in" in party.login().location
    assert party.browser.get("/cas/logout").status_code == 200
