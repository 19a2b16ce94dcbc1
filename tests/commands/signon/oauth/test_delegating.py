"""A subsystem calls another on behalf of an official: where it may, who may enter there, for no more, and never for longer (RFC 8693)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import psycopg
import pytest

from govcloud.jobs.close_stays import close_stays
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.signon.errors import TokenRefused
from govcloud.signon.oauth.delegating import MOST_ACTORS, DelegationRefused, DelegationRequest, _length
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.views import TokenSet
from govcloud.subsystems.inputs import NewClient, NewFunction
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, REFRESH_TOKEN, TOKEN_EXCHANGE, OidcSettings
from tests.commands.signon.conftest import sign_in
from tests.commands.signon.logout.test_stays import a_grant
from tests.commands.signon.oauth.conftest import Refresher, refresher
from tests.commands.signon.test_sessions import own
from tests.commands.signon.test_tickets import VERIFIER, Desk, desk
from tests.factories.clients import put_unchecked
from tests.factories.world import SEED, World

GRANTS = (AUTHORIZATION_CODE, REFRESH_TOKEN, TOKEN_EXCHANGE)
KEY, OTHER_KEY = {"jkt": "a"}, {"jkt": "b"}


@pytest.fixture
def caller(services: Services, world: World) -> Refresher:
    """Return a client of the assistance subsystem that may call the housing subsystem."""
    return refresher(services, "assistance-caller", OidcSettings(grant_types=GRANTS, may_call=("housing",)))


@pytest.fixture
def called(services: Services, world: World) -> Refresher:
    """Return a client of the housing subsystem that may call back."""
    settings = OidcSettings(grant_types=GRANTS, may_call=("assistance",))
    row = NewClient("housing", "housing-called", "测试", ("http://127.0.0.1:8001/called",), settings=settings)
    services.subsystems.register_client(SEED, row)
    return Refresher(services, desk(services, "housing-called").client)


def exchange(client: Refresher, token: str, audience: str = "housing", **options: Any) -> TokenSet:  # noqa: ANN401 - scope, confirmation
    request = DelegationRequest(subject_token=token, audience=audience, **options)
    return client.services.delegating.exchange(client.actor, client.client, request)


def refused(client: Refresher, token: str, audience: str = "housing", **options: Any) -> str:  # noqa: ANN401
    with pytest.raises(DelegationRefused) as error:
        exchange(client, token, audience, **options)
    return error.value.reason


def claims(tokens: TokenSet) -> dict[str, Any]:
    return dict(jwt.decode(tokens.access_token, options={"verify_signature": False}))


def test_the_new_token_says_who_acts_for_whom(services: Services, caller: Refresher, called: Refresher, session: CurrentSession) -> None:
    first = caller.first(session)
    tokens = exchange(caller, first.access_token)
    assert (tokens.id_token, tokens.refresh_token, tokens.token_type) == (None, None, "Bearer")
    said, own_claims = claims(tokens), claims(first)
    assert (said["aud"], said["act"]) == ("housing", {"sub": "assistance-caller"})
    assert {name: said[name] for name in ("sub", "sid", "client_id", "scope")} == {
        name: own_claims[name] for name in ("sub", "sid", "client_id", "scope")
    }
    assert said["exp"] - said["iat"] <= 300
    assert called.alive(tokens)
    [event] = [
        event for event in services.audit_queries.by_subject(f"official:{session.official_id}") if event.name == "signon:delegation:granted"
    ]
    assert event.data["subsystem_code"] == "housing"


def test_it_opens_nothing_of_the_platform(services: Services, caller: Refresher, session: CurrentSession) -> None:
    tokens = exchange(caller, caller.first(session).access_token)
    with pytest.raises(TokenRefused):
        services.signon.live_token(tokens.access_token)


def test_a_client_of_the_subsystem_names_it_as_well(caller: Refresher, session: CurrentSession) -> None:
    assert claims(exchange(caller, caller.first(session).access_token, "housing-web"))["aud"] == "housing"


def test_never_more_than_the_token_had(caller: Refresher, session: CurrentSession) -> None:
    token = caller.first(session, "openid").access_token
    assert claims(exchange(caller, token))["scope"] == "openid"
    for scope in ("profile", "openid profile", "openid admin", "", " "):
        assert refused(caller, token, scope=scope) == "scope_exceeded"
    wide = caller.first(session).access_token
    assert claims(exchange(caller, wide, scope="profile"))["scope"] == "profile"


def test_it_ends_with_the_session(services: Services, caller: Refresher, called: Refresher, session: CurrentSession) -> None:
    first = caller.first(session)
    tokens = exchange(caller, first.access_token)
    services.signon.sign_out(own(session), session.session_id)
    assert not called.alive(tokens)
    assert refused(caller, first.access_token) == "subject_token_invalid"


@pytest.mark.parametrize("level", [1, 2])
def test_it_ends_with_a_grant_where_the_called_cannot_ask_by_itself(
    *, services: Services, world: World, caller: Refresher, called: Refresher, session: CurrentSession, clock: ManualClock, level: int
) -> None:
    services.subsystems.add_functions(SEED, [NewFunction("housing:old:read", "查看旧账", integration_level=level)])
    # Nothing is lent out where nobody hears of its end.
    for name in ("housing-web", "housing-called"):
        put_unchecked(services, name, OidcSettings(grant_types=GRANTS, backchannel_logout_uri="https://housing.zj.example/out"))
    grant = a_grant(services, world, clock, "housing:old:read")
    first = caller.first(session)
    tokens = exchange(caller, first.access_token)
    services.authorization.close_grant(world.security_admin.actor(), grant, "不再需要")
    assert called.alive(tokens) is (level == 2)
    assert caller.alive(first)
    ended = [item for item in services.audit_queries.by_subject(f"official:{session.official_id}") if item.name == "signon:call:ended"]
    assert [(item.data["client_id"], item.data["subsystem_code"]) for item in ended] == [("assistance-caller", "housing")] * (level == 1)


def test_it_ends_with_a_door_that_closes_where_the_called_cannot_ask_by_itself(
    services: Services, world: World, caller: Refresher, called: Refresher, session: CurrentSession
) -> None:
    services.subsystems.add_functions(SEED, [NewFunction("housing:old:read", "查看旧账", integration_level=1)])
    called.first(session)
    tokens = exchange(caller, caller.first(session).access_token)
    assert close_stays(services) == 0
    assert called.alive(tokens)
    for view in services.authorization_queries.assignments_of(session.official_id):
        services.authorization.end_assignment(world.security_admin.actor(), view.id, "不再需要")
    assert close_stays(services) == 1
    assert not called.alive(tokens)
    ended = [item for item in services.audit_queries.by_subject(f"official:{session.official_id}") if item.name == "signon:call:ended"]
    assert [(item.data["client_id"], item.data["subsystem_code"]) for item in ended] == [("assistance-caller", "housing")]


def test_it_ends_with_the_sign_in_that_it_came_from(caller: Refresher, called: Refresher, session: CurrentSession) -> None:
    """A code that is brought a second time ends all that grew out of it, what was exchanged as well."""
    at = Desk(caller.services, caller.client)
    ticket = at.issue(session)
    tokens = exchange(caller, at.redeem(ticket).access_token)
    assert called.alive(tokens)
    assert at.refused(ticket) == "reused"
    assert not called.alive(tokens)


def test_a_chain_of_calls_names_everybody(caller: Refresher, called: Refresher, session: CurrentSession) -> None:
    there = exchange(caller, caller.first(session).access_token)
    back = exchange(called, there.access_token, "assistance")
    assert claims(back)["act"] == {"sub": "housing-called", "act": {"sub": "assistance-caller"}}
    assert caller.alive(back)


def test_a_chain_ends_somewhere(caller: Refresher, called: Refresher, session: CurrentSession) -> None:
    token, turns = caller.first(session).access_token, ((caller, "housing"), (called, "assistance"))
    for number in range(MOST_ACTORS):
        client, audience = turns[number % 2]
        tokens = exchange(client, token, audience)
        token = tokens.access_token
    assert _length(claims(tokens)["act"]) == MOST_ACTORS
    client, audience = turns[MOST_ACTORS % 2]
    assert refused(client, token, audience) == "chain_too_long"


def test_who_is_called_may_ask_about_the_official(
    caller: Refresher, called: Refresher, web: Refresher, session: CurrentSession, clock: ManualClock
) -> None:
    """The ``sid`` is the caller's, so it means something to whoever is called, and only while a token for the call is alive."""
    services, first = caller.services, caller.first(session)
    sid = UUID(claims(first)["sid"])
    ask = services.delegating.session_called_in
    assert ask(sid, called.client) is None
    exchange(caller, first.access_token)
    found = ask(sid, called.client)
    assert found is not None
    assert found.appointment_id == session.appointment_id
    assert ask(sid, web.client) is None
    clock.advance(timedelta(minutes=5))
    assert ask(sid, called.client) is None
    exchange(caller, caller.refresh(first.refresh_token).access_token)
    assert ask(sid, called.client) is not None
    services.signon.sign_out(own(session), session.session_id)
    assert ask(sid, called.client) is None


# Attacks


@pytest.mark.parametrize("audience", ["assistance", "assistance-web", "govcloud", "nowhere", "", "housing ", "HOUSING", "\x00", "住房"])
def test_elsewhere_it_calls_nobody(caller: Refresher, session: CurrentSession, audience: str) -> None:
    token = caller.first(session).access_token
    if audience == "housing ":  # surrounding space is none of the code
        assert claims(exchange(caller, token, audience))["aud"] == "housing"
    else:
        assert refused(caller, token, audience) in {"target_not_callable", "unknown_target"}


def test_who_may_call_nobody_calls_nobody(services: Services, web: Refresher, session: CurrentSession) -> None:
    assert refused(web, web.first(session).access_token) == "target_not_callable"


def test_an_official_who_may_not_enter_there_is_not_taken_along(services: Services, caller: Refresher, world: World) -> None:
    """陈杰 may enter the housing subsystem alone; 王芳 both, until her role ends."""
    session = sign_in(services)
    token = caller.first(session).access_token
    assert exchange(caller, token)
    [held] = [held for held in services.authorization_queries.assignments_of(world.wang.official_id) if held.role_code == "counter_clerk"]
    services.authorization.end_assignment(Actor.system("operator"), held.id, "测试")
    assert refused(caller, token) == "official_not_admitted"


def test_another_clients_token_is_not_exchanged(services: Services, caller: Refresher, web: Refresher, session: CurrentSession) -> None:
    assert refused(caller, web.first(session).access_token) == "subject_token_invalid"


def test_a_token_for_somebody_else_is_not_exchanged(caller: Refresher, called: Refresher, web: Refresher, session: CurrentSession) -> None:
    """It was made for housing: neither who got it nor a neighbour makes another one of it."""
    tokens = exchange(caller, caller.first(session).access_token)
    assert refused(caller, tokens.access_token) == "subject_token_invalid"
    assert refused(web, tokens.access_token) == "subject_token_invalid"


def test_a_client_that_is_called_like_a_subsystem_gets_nothing_meant_for_it(
    services: Services, caller: Refresher, session: CurrentSession, superuser_url: str
) -> None:
    """No command makes one any more (``test_clients.py``); one from before must not profit either."""
    refresher(services, "impostor", OidcSettings(grant_types=GRANTS, may_call=("housing",)))
    with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as hand:
        hand.execute("UPDATE client SET client_id = 'housing' WHERE client_id = 'impostor'")
    impostor = Refresher(services, desk(services, "housing").client)
    tokens = exchange(caller, caller.first(session).access_token, "housing")
    assert refused(impostor, tokens.access_token) == "subject_token_invalid"
    assert not impostor.alive(tokens)


def test_what_is_no_access_token_is_not_exchanged(caller: Refresher, session: CurrentSession) -> None:
    tokens = caller.first(session)
    own_token = caller.services.oauth.client_credentials(caller.actor, caller.client, "openid")
    for token in (tokens.id_token, tokens.refresh_token, own_token.access_token, "", "x", "x" * 5000, "a.b.c"):
        assert refused(caller, token or "") == "subject_token_invalid"


def test_a_revoked_token_is_not_exchanged(caller: Refresher, session: CurrentSession) -> None:
    token = caller.first(session).access_token
    caller.services.oauth.revoke(caller.actor, caller.client, token)
    assert refused(caller, token) == "subject_token_invalid"


def test_a_stolen_token_is_worth_nothing_without_its_key(caller: Refresher, session: CurrentSession) -> None:
    at = Desk(caller.services, caller.client)
    tokens = caller.services.signon.redeem(
        caller.actor, caller.client, at.issue(session), redirect_uri=at.redirect_uri, code_verifier=VERIFIER, confirmation=KEY
    )
    for wrong in (None, OTHER_KEY):
        assert refused(caller, tokens.access_token, confirmation=wrong) == "wrong_proof"
    bound = exchange(caller, tokens.access_token, confirmation=KEY)
    assert claims(bound)["cnf"] == KEY


def test_a_person_exchanges_nothing(caller: Refresher, session: CurrentSession) -> None:
    request = DelegationRequest(subject_token=caller.first(session).access_token, audience="housing")
    for actor in (own(session), Actor.anonymous()):
        with pytest.raises(Denied):
            caller.services.delegating.exchange(actor, caller.client, request)


def test_refusals_are_on_record(services: Services, caller: Refresher, session: CurrentSession) -> None:
    refused(caller, caller.first(session).access_token, "govcloud")
    [event] = [
        event for event in services.audit_queries.by_subject("client:assistance-caller") if event.name == "signon:delegation:refused"
    ]
    assert event.data["reason"] == "target_not_callable"
