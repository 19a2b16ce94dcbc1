"""The authorization endpoint: who gets a code, who goes to a page first, and how each wrong request is answered."""

from __future__ import annotations

from datetime import timedelta
from operator import le
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.authorization.decision_log.reading import LogAsked
from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from tests.entrypoints.oidc.conftest import ISSUER, Party, enter
from tests.factories.browsing import counted
from tests.factories.policies import differing, run_shadow
from tests.factories.world import PASSWORD, SEED, World


def error_of(party: Party, response: TestResponse) -> str:
    """Return the error that went back to the client's address, with its state and our issuer."""
    answer = party.answer(response)
    assert answer["state"] == party.state
    assert answer["iss"] == ISSUER
    assert answer["error_description"].isascii()
    assert "code" not in answer
    return answer["error"]


def is_page(response: TestResponse, status: int = 400) -> bool:
    """Say whether the answer is a page that redirects nobody."""
    assert response.status_code == status, response.text
    assert "Location" not in response.headers
    assert response.mimetype == "text/html"
    return True


def test_a_signed_in_official_gets_a_code_without_any_page(party: Party, wang: SignedIn) -> None:
    response = party.authorize()
    assert response.headers["Cache-Control"] == "no-store"
    answer = party.answer(response)
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == (party.state, ISSUER)
    assert party.token(answer["code"]).status_code == 200


def test_the_second_subsystem_asks_for_no_password(party: Party, world: World, wang: SignedIn) -> None:
    housing = Party(party.browser, "housing-web", world.clients["housing"].secret, "http://127.0.0.1:8001/oidc/callback")
    assert party.tokens()["id_token"] != housing.tokens()["id_token"]


def test_who_is_not_signed_in_goes_to_sign_in_and_comes_back(party: Party, services: Services) -> None:
    response = party.authorize()
    assert response.status_code == 303
    address = urlsplit(response.location)
    assert address.path == "/sign-in"
    back = parse_qs(address.query)["next"][0]
    assert back.startswith("/oidc/authorize?")
    enter(services, party.browser)
    assert "code" in party.answer(party.browser.get(back))


def test_the_whole_way_through_the_sign_in_form(party: Party) -> None:
    page = party.browser.get(party.authorize().location)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    back = parse_qs(urlsplit(party.authorize().location).query)["next"][0]
    # Chromium applies form-action to the redirect after the form, so the page names the client's origin.
    assert "form-action 'self' http://127.0.0.1:8002" in page.headers["Content-Security-Policy"]
    form = {"login": "WANGFANG", "password": PASSWORD, "next": back, "csrf_token": token}
    response = party.browser.post("/sign-in", data=form)
    assert response.status_code == 303
    assert party.answer(party.browser.get(response.location))["code"]


def test_the_whole_way_takes_few_statements(party: Party, services: Services) -> None:
    """More than this is a regression; less is good news: lower the number."""
    services.signon_policies.current()  # read once in half a minute, by whoever comes first
    enter(services, party.browser)
    party.tokens()  # the policy is compiled and the signing key read
    party.browser.delete_cookie("govcloud_session")
    with counted() as asking:
        sign_in = party.authorize().location
    with counted() as page:
        shown = party.browser.get(sign_in)
    token = shown.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    back = parse_qs(urlsplit(sign_in).query)["next"][0]
    with counted() as proving:
        onward = party.browser.post("/sign-in", data={"login": "WANGFANG", "password": PASSWORD, "next": back, "csrf_token": token})
    with counted() as entering:
        code = party.answer(party.browser.get(onward.location))["code"]
    with counted() as exchange:
        assert party.token(code).status_code == 200
    taken = [len(statements) for statements in (asking, page, proving, entering, exchange)]
    assert all(map(le, taken, (1, 1, 16, 15, 8))), taken


def test_several_appointments_are_chosen_from_first(party: Party, services: Services, world: World) -> None:
    second = NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    services.identity.appoint(SEED, world.wang.official_id, second)
    enter(services, party.browser)
    response = party.authorize()
    assert urlsplit(response.location).path == "/appointment"
    assert parse_qs(urlsplit(response.location).query)["next"][0].startswith("/oidc/authorize?")
    assert error_of(party, party.authorize(prompt="none")) == "interaction_required"


def test_who_may_not_enter_sees_why_and_what_to_do(party: Party, services: Services, world: World) -> None:
    signed_in = enter(services, party.browser, "ZHENGGUOHUA")
    response = party.authorize()
    assert is_page(response, 403)
    assert "民政救助业务系统" in response.text
    assert "浙江省民政厅" in response.text
    assert f"/requests/new?item={world.items['assistance:case:read']}" in response.text
    newest = services.audit_queries.by_subject(f"official:{signed_in.official_id}")[0]
    assert (newest.name, newest.data["subsystem_code"]) == ("signon:entry:refused", "assistance")
    # The decision log has it beside the decisions of every other way in.
    services.decision_log.flush()
    [noted] = services.decision_log.read(Actor.system("operator"), LogAsked(official_id=signed_in.official_id)).rows
    assert (noted.kind, noted.function, noted.reason, noted.client_id) == (
        "denied",
        "assistance:door:enter",
        "no_permission",
        "assistance-web",
    )
    # Once: it is no command that was refused besides.
    assert not [entry for entry in services.audit_queries.newest(limit=20) if entry.name == "kernel:command:refused"]
    # A client that allows no page gets the error instead.
    assert error_of(party, party.authorize(prompt="none")) == "access_denied"


#: Whoever asks, or where the answer should go, is not certain.
UNCERTAIN: list[dict[str, str | None]] = [
    {"client_id": None},
    {"client_id": "nobody"},
    {"client_id": "assistance-web' OR '1'='1"},
    {"client_id": "<script>alert(1)</script>"},
    {"client_id": "x" * 2049},
    {"client_id": "assistance-web\0"},
    {"redirect_uri": None},
    {"redirect_uri": "http://127.0.0.1:8002/oidc/callback/"},
    {"redirect_uri": "http://127.0.0.1:8002/oidc/callback?x=1"},
    {"redirect_uri": "http://127.0.0.1:8002/oidc/callback#x"},
    {"redirect_uri": "HTTP://127.0.0.1:8002/oidc/callback"},
    {"redirect_uri": "http://127.0.0.1:8001/oidc/callback"},
    {"redirect_uri": "http://127.0.0.1:8002@evil.example/oidc/callback"},
    {"redirect_uri": "https://evil.example/"},
    {"redirect_uri": "javascript:alert(1)"},
    {"state": "line\nbreak"},
    {"state": "x" * 2049},
]


def test_what_is_not_certain_redirects_nobody(party: Party, wang: SignedIn) -> None:
    for changes in UNCERTAIN:
        response = party.authorize(**changes)
        assert is_page(response), changes
        assert "<script>alert(1)" not in response.text


def test_a_parameter_sent_twice_redirects_nobody(party: Party, wang: SignedIn) -> None:
    twice = [*party.parameters().items(), ("redirect_uri", "https://evil.example/")]
    assert is_page(party.browser.get(f"/oidc/authorize?{urlencode(twice)}"))


def test_a_disabled_client_is_unknown(party: Party, services: Services, world: World, wang: SignedIn) -> None:
    services.subsystems.disable_client(world.system_admin.actor(), "assistance-web")
    assert is_page(party.authorize())


#: What is asked for is wrong, missing or not offered.
WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"scope": "OpenID"}, "invalid_scope"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": "=" * 43}, "invalid_request"),
    ({"code_challenge": "x" * 44}, "invalid_request"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"prompt": "dance"}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "none consent"}, "invalid_request"),
    ({"claims": "x"}, "invalid_request"),
    ({"claims": "[]"}, "invalid_request"),
    ({"claims": '{"id_token": 7}'}, "invalid_request"),
    ({"claims": '{"userinfo": {"name": true}}'}, "invalid_request"),
    ({"claims": "[" * 2000}, "invalid_request"),
    ({"claims": '{"id_token": {"sub": {"value": "somebody else"}}}'}, "login_required"),
    ({"claims": '{"id_token": {"acr": {"essential": true, "value": "urn:nobody"}}}'}, "unmet_authentication_requirements"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "9" * 400}, "invalid_request"),
    ({"max_age": "\u0663"}, "invalid_request"),
    ({"id_token_hint": "e30.e30."}, "invalid_request"),
]


def test_a_wrong_request_goes_back_as_an_error(party: Party, wang: SignedIn) -> None:
    for changes, error in WRONG:
        assert error_of(party, party.authorize(**changes)) == error, changes


def test_a_request_is_judged_before_anybody_has_to_sign_in(party: Party) -> None:
    assert error_of(party, party.authorize(code_challenge_method="plain")) == "invalid_request"


def test_unknown_parameters_and_scopes_are_left_out(party: Party, wang: SignedIn) -> None:
    tokens = party.token(party.code(scope="openid offline_access profile", display="page", claims="{}")).get_json()
    assert tokens["scope"] == "openid profile"


def test_a_state_comes_back_as_it_was(party: Party, wang: SignedIn) -> None:
    party.state = "\u738b&a=b#<script>+% \"'"
    assert party.answer(party.authorize())["state"] == party.state
    assert "state" not in party.answer(party.authorize(state=None))


def test_prompt_none_never_shows_a_page(party: Party, services: Services) -> None:
    assert error_of(party, party.authorize(prompt="none")) == "login_required"
    enter(services, party.browser)
    assert party.code(prompt="none")


def test_a_silent_answer_is_about_the_expected_person(party: Party, services: Services, wang: SignedIn) -> None:
    hint = party.tokens()["id_token"]
    assert party.code(prompt="none", id_token_hint=hint)
    enter(services, party.browser, "SHANXUEMEI")
    assert error_of(party, party.authorize(prompt="none", id_token_hint=hint)) == "login_required"


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "60"}, {"max_age": "0"}])
def test_a_demanded_sign_in_happens_once(
    party: Party, services: Services, clock: ManualClock, wang: SignedIn, demand: dict[str, str | None]
) -> None:
    clock.advance(timedelta(minutes=2))
    response = party.authorize(**demand)
    assert urlsplit(response.location).path == "/sign-in"
    back = parse_qs(urlsplit(response.location).query)["next"][0]
    # Going on without signing in leads back to sign-in.
    assert urlsplit(party.browser.get(back).location).path == "/sign-in"
    clock.advance(timedelta(seconds=5))
    renew(services, party.browser, wang)
    assert "code" in party.answer(party.browser.get(back))
    # The mark is bound to its request: it opens no other.
    mark = parse_qs(urlsplit(back).query)["sign_in_demanded"][0]
    clock.advance(timedelta(minutes=2))
    party.verifier = "another-verifier-of-at-least-forty-three-characters"
    assert urlsplit(party.authorize(**demand, sign_in_demanded=mark).location).path == "/sign-in"
    assert error_of(party, party.authorize(max_age="60", prompt="none")) == "login_required"


def test_a_forged_mark_spares_no_sign_in(party: Party, wang: SignedIn, clock: ManualClock) -> None:
    clock.advance(timedelta(minutes=2))
    for mark in ("0", "0.", "x.y", "9" * 30 + ".x", "1764000000000000.AAAA", "\u0663.\u0663"):
        assert urlsplit(party.authorize(prompt="login", sign_in_demanded=mark).location).path == "/sign-in", mark


def renew(services: Services, browser: FlaskClient, signed_in: SignedIn) -> None:
    current = services.signon.current(signed_in.token)
    renewed = services.signon.sign_in("WANGFANG", PASSWORD, "127.0.0.1", "test", current=current)
    assert renewed.session_id == signed_in.session_id
    browser.set_cookie("govcloud_session", renewed.token)


def test_a_fresh_sign_in_is_fresh_enough(party: Party, wang: SignedIn, clock: ManualClock) -> None:
    clock.advance(timedelta(seconds=59))
    assert party.code(max_age="60")


def test_a_posted_request_is_repeated_as_an_address(party: Party, wang: SignedIn) -> None:
    response = party.browser.post("/oidc/authorize", data=party.parameters())
    assert response.status_code == 303
    assert response.location.startswith("/oidc/authorize?")
    assert "code" in party.answer(party.browser.get(response.location))


def test_a_posted_request_leads_nowhere_else(party: Party, wang: SignedIn) -> None:
    for name in ("_external", "_scheme", "_anchor", "_method"):
        response = party.browser.post("/oidc/authorize", data=party.parameters() | {name: "evil"})
        assert response.location.startswith("/oidc/authorize?"), name


def test_an_oversized_form_is_refused(party: Party, wang: SignedIn) -> None:
    response = party.browser.post("/oidc/authorize", data={"state": "x" * 2_000_000})
    assert is_page(response, 413)
    many = {f"p{number}": "x" * 2000 for number in range(5)}
    assert is_page(party.browser.post("/oidc/authorize", data=party.parameters() | many))


def test_the_host_of_the_request_does_not_become_the_issuer(party: Party, wang: SignedIn) -> None:
    response = party.browser.get(f"/oidc/authorize?{urlencode(party.parameters())}", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in response.headers.get("Location", "")


def test_a_registered_address_with_a_query_keeps_it(party: Party, services: Services, world: World, wang: SignedIn) -> None:
    from govcloud.subsystems.inputs import NewClient  # noqa: PLC0415 - only here

    address = "http://127.0.0.1:8002/oidc/callback?tenant=1"
    credentials = services.subsystems.register_client(SEED, NewClient("assistance", "with-query", "带参数", (address,)))
    other = Party(party.browser, credentials.client_id, credentials.secret, address)
    response = other.authorize()
    assert response.location.startswith(f"{address}&code=")
    assert quote("tenant=1") not in response.location


def test_a_long_state_survives_the_sign_in_and_one_too_long_is_refused(party: Party, services: Services) -> None:
    party.state = "王" * 600
    back = parse_qs(urlsplit(party.authorize().location).query)["next"][0]
    page = party.browser.get(party.authorize().location)
    assert f'name="next" value="{back.replace("&", "&amp;")}"' in page.text
    party.state = "王" * 1200
    assert is_page(party.authorize())


def test_what_a_door_answers_is_asked_of_a_shadow_too(party: Party, services: Services, world: World) -> None:
    draft_id = run_shadow(services, world, "roles: {counter_clerk: {name: 窗口受理, rules: [{allow: ['housing:guide:read']}]}}")
    enter(services, party.browser)
    assert party.authorize().status_code == 303
    assert differing(services, draft_id) == [("assistance:door:enter", "allowed", "no_permission")]
