"""What a subsystem is told about the duty after another appointment was chosen: anew where it was told once, by asking where it asks."""

from __future__ import annotations

from uuid import UUID

import jwt
import pytest

from govcloud.authorization.commands import NewAssignment
from govcloud.identity.inputs import NewAppointment
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from tests.entrypoints.oidc.conftest import Party
from tests.factories.world import SEED, World

BEFORE, AFTER = "杭州市西湖区民政局", "杭州市西湖区人民政府"
SCOPE = "openid profile appointment"


@pytest.fixture
def second(services: Services, world: World, wang: SignedIn) -> UUID:
    """Give 王芳 another appointment with the same role, so that the doors are open under both."""
    assert wang.appointment_id is not None
    new = NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    appointment = services.identity.appoint(SEED, world.wang.official_id, new)
    role = NewAssignment(world.wang.official_id, "counter_clerk", appointment, reason="兼任窗口")
    services.authorization.assign_roles(SEED, [role])
    return appointment


def choose(services: Services, world: World, wang: SignedIn, appointment: UUID) -> None:
    services.signon.choose_appointment(world.wang.actor(session_id=wang.session_id), wang.session_id, appointment)


def userinfo(party: Party, access_token: str) -> tuple[int, str | None]:
    answer = party.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {access_token}"})
    return answer.status_code, (answer.get_json(silent=True) or {}).get("department")


def test_where_nobody_asks_it_signs_in_anew_without_a_page(
    services: Services, world: World, party: Party, wang: SignedIn, second: UUID
) -> None:
    """Housing has a function at level 0: what it was told at sign-in is all that it would go by."""
    housing = Party(party.browser, "housing-web", world.clients["housing"].secret, "http://127.0.0.1:8001/oidc/callback")
    first = housing.tokens(scope=SCOPE)
    assert userinfo(housing, first["access_token"]) == (200, BEFORE)
    choose(services, world, wang, second)
    assert userinfo(housing, first["access_token"]) == (401, None)
    refused = housing.refresh(first["refresh_token"])
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    again = housing.tokens(scope=SCOPE, prompt="none")
    assert userinfo(housing, again["access_token"]) == (200, AFTER)
    sids = {jwt.decode(tokens["id_token"], options={"verify_signature": False})["sid"] for tokens in (first, again)}
    assert len(sids) == 2


def test_a_code_of_before_opens_nothing_after(services: Services, world: World, party: Party, wang: SignedIn, second: UUID) -> None:
    housing = Party(party.browser, "housing-web", world.clients["housing"].secret, "http://127.0.0.1:8001/oidc/callback")
    code = housing.code(scope=SCOPE)
    choose(services, world, wang, second)
    assert housing.token(code).get_json()["error"] == "invalid_grant"


def test_where_it_asks_the_same_token_tells_of_the_new_one(
    services: Services, world: World, party: Party, wang: SignedIn, second: UUID
) -> None:
    tokens = party.tokens(scope=SCOPE)
    choose(services, world, wang, second)
    assert userinfo(party, tokens["access_token"]) == (200, AFTER)
    assert userinfo(party, party.refresh(tokens["refresh_token"]).get_json()["access_token"]) == (200, AFTER)
