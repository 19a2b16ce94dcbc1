"""What a client may be told: nothing about an official that is not on its list ever leaves, in whatever answer, by whatever protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import jwt
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.services import Services
from govcloud.signon.claims import OPENS, SCOPES
from govcloud.signon.views import SignedIn
from govcloud.subsystems.changes import ClientChange
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import (
    AUTHORIZATION_CODE,
    CLAIMS,
    DEVICE_CODE,
    REFRESH_TOKEN,
    TOKEN_EXCHANGE,
    CasSettings,
    ForwardAuthSettings,
    OidcSettings,
)
from tests.entrypoints.oidc.conftest import Party, basic, register
from tests.factories.world import SEED, World

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
WIDE = OidcSettings(grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN, TOKEN_EXCHANGE, DEVICE_CODE), may_call=("housing",))
LISTS = st.lists(st.sampled_from(CLAIMS), unique=True).map(tuple)
ASKED = st.lists(st.sampled_from([*SCOPES[1:], "email", "phone", "address", "scim", "api"]), unique=True)
BY_NAME = st.lists(st.sampled_from([*CLAIMS, "id_number", "email"]), unique=True)


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says."""
    said: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return said


def allow(services: Services, party: Party, *claims: str) -> None:
    """Let the client be told ``claims`` alone from now on."""
    change = ClientChange("测试", (party.redirect_uri,), settings=replace(WIDE, claims=claims))
    services.subsystems.change_client(SEED, party.client_id, change)


def userinfo(party: Party, token: str) -> dict[str, Any]:
    answer = party.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.get_json()
    return said


def answers(party: Party, world: World, tokens: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all that the platform says of one sign-in, at every endpoint that says anything of it."""
    access = tokens["access_token"]
    refreshed = party.refresh(tokens["refresh_token"]).get_json()
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token": access, "subject_token_type": ACCESS_TOKEN, "audience": "housing"}
    called = party.post("/oidc/token", **form).get_json()
    by_housing = basic("housing-web", world.clients["housing"].secret or "")
    return [
        *(claims_of(tokens[name]) for name in ("access_token", "id_token")),
        *(claims_of(refreshed[name]) for name in ("access_token", "id_token")),
        claims_of(called["access_token"]),
        userinfo(party, access),
        userinfo(party, refreshed["access_token"]),
        *(party.post("/oidc/introspect", token=token).get_json() for token in (access, refreshed["refresh_token"])),
        party.browser.post("/oidc/introspect", data={"token": called["access_token"]}, headers=by_housing).get_json(),
    ]


@pytest.fixture
def wide(services: Services, browser: FlaskClient, wang: SignedIn) -> Party:
    return register(services, browser, "assistance-wide", WIDE)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(allowed=LISTS, scope=ASKED, named=BY_NAME)
def test_no_claim_off_the_list_ever_leaves(  # noqa: PLR0917 - three of them are drawn
    services: Services, world: World, wide: Party, allowed: tuple[str, ...], scope: list[str], named: list[str]
) -> None:
    allow(services, wide, *allowed)
    wanted = json.dumps({"userinfo": dict.fromkeys(named), "id_token": dict.fromkeys(named)})
    tokens = wide.tokens(scope=" ".join(["openid", *scope]), claims=wanted)
    granted = tokens["scope"].split()
    said = answers(wide, world, tokens)
    for answer in said:
        assert not set(CLAIMS) - set(allowed) & answer.keys()
        assert set(answer.get("scope", "").split()) <= set(granted)
        assert "王芳" not in json.dumps(answer, ensure_ascii=False) or "name" in allowed
    # And what is on the list and was asked for, by scope or by name, is told.
    told = {claim for asked in granted for claim in OPENS[asked]} & set(allowed)
    assert {claim for claim in CLAIMS if claim in said[1]} == told == {claim for claim in CLAIMS if claim in said[5]}
    assert set(allowed) & set(named) <= told
    assert all(not OPENS[asked] or set(OPENS[asked]) & set(allowed) for asked in granted)


def test_who_was_registered_before_is_told_what_it_was(party: Party, services: Services, wang: SignedIn) -> None:
    client = services.subsystem_queries.client_by_client_id(party.client_id)
    assert client is not None
    assert client.settings.claims == CLAIMS
    tokens = party.tokens()
    assert tokens["scope"] == "openid profile"
    assert set(CLAIMS) <= claims_of(tokens["id_token"]).keys()


def test_a_scope_that_opens_nothing_is_left_out_and_told(wide: Party, services: Services) -> None:
    allow(services, wide, "name", "employee_code")
    tokens = wide.tokens(scope="openid profile appointment phone")
    assert tokens["scope"] == "openid profile"
    allow(services, wide)
    tokens = wide.tokens(scope="openid profile appointment")
    assert tokens["scope"] == claims_of(tokens["access_token"])["scope"] == "openid"
    assert set(userinfo(wide, tokens["access_token"])) == {"sub", "sid"}


def test_a_scope_can_be_narrower_than_the_list(wide: Party) -> None:
    tokens = wide.tokens(scope="openid appointment")
    said = claims_of(tokens["id_token"])
    assert {claim for claim in CLAIMS if claim in said} == {"appointment_id", "department", "division"}


def test_a_claim_by_name_opens_no_more_than_its_narrowest_scope(wide: Party) -> None:
    tokens = wide.tokens(scope="openid", claims=json.dumps({"id_token": {"department": {"essential": True}}}))
    assert tokens["scope"] == "openid appointment"
    assert "name" not in claims_of(tokens["id_token"])


def test_what_is_taken_off_the_list_is_gone_at_once(wide: Party, services: Services, world: World) -> None:
    tokens = wide.tokens(scope="openid profile appointment")
    allow(services, wide, "employee_code")
    assert {claim for claim in CLAIMS if claim in userinfo(wide, tokens["access_token"])} == {"employee_code"}
    assert wide.post("/oidc/introspect", token=tokens["access_token"]).get_json()["scope"] == "openid profile"
    assert wide.post("/oidc/introspect", token=tokens["refresh_token"]).get_json()["scope"] == "openid profile"
    refreshed = wide.refresh(tokens["refresh_token"]).get_json()
    assert refreshed["scope"] == "openid profile"
    assert {claim for claim in CLAIMS if claim in claims_of(refreshed["id_token"])} == {"employee_code"}
    # Once it is on the list again, the scope that was granted opens it again.
    allow(services, wide, *CLAIMS)
    assert wide.refresh(refreshed["refresh_token"]).get_json()["scope"] == "openid profile appointment"


def test_a_device_gets_no_more(wide: Party, services: Services, world: World) -> None:
    allow(services, wide, "name")
    begun = wide.post("/oidc/device_authorization", scope="openid profile appointment").get_json()
    waiting = services.devices.look(world.wang.actor(), begun["user_code"])
    assert waiting.scope == ("openid", "profile")


@pytest.mark.parametrize("allowed", [(), ("employee_code",), ("division", "name")])
def test_the_other_protocols_keep_to_their_lists(
    services: Services, browser: FlaskClient, wang: SignedIn, allowed: tuple[str, ...]
) -> None:
    there = "https://rescue.zj.example/app"
    cas = NewClient("assistance", "assistance-cas", "CAS", services=(there,), settings=CasSettings(attributes=allowed))
    services.subsystems.register_client(SEED, cas)
    sent = browser.get(f"/cas/login?{urlencode({'service': there})}").location
    answer = browser.get(f"/cas/p3/serviceValidate?{urlencode({'service': there})}&{sent.partition('?')[2]}")
    names = {element.tag.partition("}")[2] for element in ET.fromstring(answer.data).iter()}  # noqa: S314 - ours
    assert names & set(CLAIMS) == set(allowed)
    headers = ForwardAuthSettings(headers=allowed)
    forward = NewClient("assistance", "assistance-old", "旧", origins=("https://old.zj.example",), settings=headers)
    services.subsystems.register_client(SEED, forward)
    session = services.signon.current(wang.token)
    assert session is not None
    for client_id, message in (("assistance-cas", "serviceValidate"), ("assistance-old", "headers")):
        client = services.subsystem_queries.client_by_client_id(client_id)
        assert client is not None
        assert client.settings.claims == tuple(claim for claim in CLAIMS if claim in allowed)
        tried = services.trying.as_myself(session, client, client_address=None)
        assert message in tried.told
        assert ("王芳" in json.dumps(dict(tried.told), ensure_ascii=False)) == (client_id == "assistance-cas" and "name" in allowed)


def test_discovery_names_what_there_is(browser: FlaskClient) -> None:
    document = browser.get("/.well-known/openid-configuration").get_json()
    assert set(SCOPES) <= set(document["scopes_supported"])
    assert set(CLAIMS) <= set(document["claims_supported"])
