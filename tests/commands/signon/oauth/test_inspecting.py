"""What a token is worth, and giving it back: only its own client, and whom it is meant for, learn of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.ids import new_id
from govcloud.services import Services
from govcloud.signon.errors import TokenRefused
from govcloud.signon.oauth.issuing import Issuing, Stay, TokenRequest
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.tokens import Tokens
from tests.commands.signon.oauth.conftest import Refresher
from tests.commands.signon.test_sessions import own
from tests.commands.signon.test_tickets import desk
from tests.factories.world import World

INACTIVE = {"active": False}


@pytest.fixture
def housing(services: Services, world: World) -> Refresher:
    return Refresher(services, desk(services, "housing-web").client)


def test_an_access_token(services: Services, web: Refresher, session: CurrentSession) -> None:
    tokens = web.first(session)
    said = services.oauth.introspect(web.client, tokens.access_token)
    assert (said["active"], said["client_id"], said["scope"]) == (True, "assistance-web", "openid profile")
    assert (said["sub"], said["token_type"], said["iss"]) == (str(session.official_id), "Bearer", "http://localhost")
    assert said["exp"] - said["iat"] == 300


def test_a_refresh_token(services: Services, web: Refresher, session: CurrentSession) -> None:
    tokens = web.first(session)
    said = services.oauth.introspect(web.client, tokens.refresh_token or "")
    assert (said["active"], said["sub"], said["scope"]) == (True, str(session.official_id), "openid profile")
    web.refresh(tokens.refresh_token)
    assert services.oauth.introspect(web.client, tokens.refresh_token or "") == INACTIVE


def test_another_client_learns_nothing(services: Services, web: Refresher, housing: Refresher, session: CurrentSession) -> None:
    tokens = web.first(session)
    for token in (tokens.access_token, tokens.refresh_token or "", tokens.id_token or ""):
        assert services.oauth.introspect(housing.client, token) == INACTIVE


def test_whom_it_is_meant_for_learns_of_it(services: Services, web: Refresher, housing: Refresher, session: CurrentSession) -> None:
    sid = services.signon.live_token(web.first(session).access_token).sid
    issuing = Issuing(
        services.identity_queries,
        services.keys,
        Tokens(services.keys, services.clock, services.settings),
        services.signon_policies,
        services.settings,
    )
    with services.uow.begin(web.actor, "govcloud:token:issue") as tx:
        request = TokenRequest(
            client=web.client,
            family_id=new_id(),
            scope="openid",
            stay=Stay(sid, session),
            audience=("housing",),
            actors={"sub": "assistance-web"},
        )
        token = issuing.issue(tx, request).access_token
    said = services.oauth.introspect(housing.client, token)
    assert (said["active"], said["aud"], said["act"]) == (True, "housing", {"sub": "assistance-web"})
    with pytest.raises(TokenRefused):
        services.signon.live_token(token)  # it opens nothing of the platform's own


def test_what_is_over_is_worth_nothing(services: Services, web: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    tokens = web.first(session)
    clock.advance(timedelta(minutes=5))
    assert services.oauth.introspect(web.client, tokens.access_token) == INACTIVE
    assert services.oauth.introspect(web.client, tokens.refresh_token or "")["active"]
    services.signon.sign_out(own(session), session.session_id)
    assert services.oauth.introspect(web.client, tokens.refresh_token or "") == INACTIVE


def test_a_clients_own_token(services: Services, web: Refresher, housing: Refresher) -> None:
    token = services.oauth.client_credentials(web.actor, web.client, "authzen").access_token
    said = services.oauth.introspect(web.client, token)
    assert (said["active"], said["sub"], said["scope"]) == (True, "assistance-web", "authzen")
    assert services.oauth.client_token(token).client.client_id == "assistance-web"
    assert services.oauth.introspect(housing.client, token) == INACTIVE
    services.oauth.revoke(web.actor, web.client, token)
    assert services.oauth.introspect(web.client, token) == INACTIVE
    with pytest.raises(TokenRefused):
        services.oauth.client_token(token)


def test_a_clients_own_token_ends_with_the_client(services: Services, world: World, web: Refresher) -> None:
    token = services.oauth.client_credentials(web.actor, web.client, "authzen").access_token
    services.subsystems.disable_client(world.system_admin.actor(), "assistance-web")
    with pytest.raises(TokenRefused) as refused:
        services.oauth.client_token(token)
    assert "disabled" in refused.value.reason


def test_an_officials_token_is_not_a_clients(services: Services, web: Refresher, session: CurrentSession) -> None:
    with pytest.raises(TokenRefused):
        services.oauth.client_token(web.first(session).access_token)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "王芳", "\ud800", "\0", "." * 5000, "e30.e30.e30"])
def test_what_is_no_token(services: Services, web: Refresher, text: str) -> None:
    assert services.oauth.introspect(web.client, text) == INACTIVE
    services.oauth.revoke(web.actor, web.client, text)


def test_giving_back_a_refresh_token_ends_its_family(services: Services, web: Refresher, session: CurrentSession) -> None:
    tokens, other = web.first(session), web.first(session)
    for _ in range(2):
        services.oauth.revoke(web.actor, web.client, tokens.refresh_token or "")
        assert not web.alive(tokens)
    assert web.alive(other)
    ended = [entry for entry in services.audit_queries.by_subject("client:assistance-web") if entry.name == "signon:family:ended"]
    assert [entry.data["reason"] for entry in ended] == ["revoked"]


def test_giving_back_an_access_token_ends_it_alone(services: Services, web: Refresher, session: CurrentSession) -> None:
    tokens = web.first(session)
    for _ in range(2):
        services.oauth.revoke(web.actor, web.client, tokens.access_token)
        assert not web.alive(tokens)
    assert web.refresh(tokens.refresh_token)
    revoked = [entry for entry in services.audit_queries.by_subject("client:assistance-web") if entry.name == "signon:token:revoked"]
    assert len(revoked) == 1


def test_another_clients_tokens_live_on(web: Refresher, housing: Refresher, session: CurrentSession) -> None:
    tokens = web.first(session)
    for token in (tokens.access_token, tokens.refresh_token or ""):
        housing.services.oauth.revoke(housing.actor, housing.client, token)
    assert web.alive(tokens)
    assert web.refresh(tokens.refresh_token)
