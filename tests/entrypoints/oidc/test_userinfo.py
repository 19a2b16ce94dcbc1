"""The userinfo endpoint at the wire."""

from __future__ import annotations

from datetime import timedelta

from werkzeug.test import TestResponse

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from tests.entrypoints.oidc.conftest import Party
from tests.factories.world import World


def get(party: Party, token: str) -> TestResponse:
    return party.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"})


def test_an_access_token_opens_the_claims(party: Party, world: World, wang: SignedIn) -> None:
    token = party.tokens()["access_token"]
    response = get(party, token)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert body["sub"] == str(world.wang.official_id)
    assert (body["name"], body["employee_code"], body["division"]) == ("王芳", "WANGFANG", "330106000000")
    posted = party.browser.post("/oidc/userinfo", headers={"Authorization": f"bearer {token}"})
    assert posted.get_json() == body
    assert party.browser.post("/oidc/userinfo", data={"access_token": token}).get_json() == body


def test_no_token_gets_the_bare_challenge(party: Party, wang: SignedIn) -> None:
    for response in (
        party.browser.get("/oidc/userinfo"),
        party.browser.get("/oidc/userinfo", headers={"Authorization": "Basic YTpi"}),
        party.browser.get(f"/oidc/userinfo?access_token={party.tokens()['access_token']}"),
    ):
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="govcloud"'


def test_a_false_token(party: Party, wang: SignedIn) -> None:
    for token in ("nonsense", "a.b.c", "e30.e30.", "\u00e9"):
        response = get(party, token)
        assert response.status_code == 401, token
        assert response.get_json()["error"] == "invalid_token"
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_an_id_token_opens_nothing(party: Party, wang: SignedIn) -> None:
    assert get(party, party.tokens()["id_token"]).status_code == 401


def test_a_token_opens_nothing_when_it_expired(party: Party, wang: SignedIn, clock: ManualClock) -> None:
    token = party.tokens()["access_token"]
    clock.advance(timedelta(minutes=5))
    assert get(party, token).status_code == 401


def test_a_token_opens_nothing_once_the_official_is_disabled(party: Party, services: Services, world: World, wang: SignedIn) -> None:
    token = party.tokens()["access_token"]
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离职")
    assert get(party, token).status_code == 401


def test_two_tokens_are_one_too_many(party: Party, wang: SignedIn) -> None:
    token = party.tokens()["access_token"]
    response = party.browser.post("/oidc/userinfo", data={"access_token": token}, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 400
    assert response.get_json()["error"] == "invalid_request"
