"""Refresh tokens: each exchanged once, a lost reply forgiven, theft ending the family, and none outliving its session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import jwt
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.errors import TicketRefused
from govcloud.signon.oauth.errors import RefreshRefused, ScopeRefused
from govcloud.signon.oauth.refreshing import GRACE, _narrowed
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.views import TokenSet
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, OidcSettings
from tests.commands.signon.conftest import CountQueries
from tests.commands.signon.oauth.conftest import Refresher, refresher
from tests.commands.signon.test_sessions import own
from tests.commands.signon.test_tickets import Desk
from tests.factories.racing import together
from tests.factories.world import World

A_MOMENT, LATER = timedelta(seconds=1), GRACE + timedelta(seconds=1)


def test_a_refresh_token_gives_new_tokens_and_its_successor(web: Refresher, session: CurrentSession) -> None:
    first = web.first(session)
    second = web.refresh(first.refresh_token)
    assert web.alive(first)
    assert web.alive(second)
    assert second.scope == first.scope
    assert second.refresh_token not in {None, first.refresh_token}
    assert web.refresh(second.refresh_token).refresh_token


def test_the_id_token_is_about_the_same_sign_in(web: Refresher, session: CurrentSession) -> None:
    first = web.first(session)
    old, new = (_claims(tokens.id_token) for tokens in (first, web.refresh(first.refresh_token)))
    assert {name: new[name] for name in ("iss", "sub", "aud", "sid", "auth_time")} == {
        name: old[name] for name in ("iss", "sub", "aud", "sid", "auth_time")
    }
    assert "nonce" not in new  # OIDC Core 12.2


def test_only_a_client_that_is_to_refresh_gets_one(services: Services, world: World, session: CurrentSession) -> None:
    once = refresher(services, "assistance-once", OidcSettings(grant_types=(AUTHORIZATION_CODE,)))
    assert once.first(session).refresh_token is None


def test_a_lost_reply_is_answered_again(web: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    first = web.first(session)
    lost = web.refresh(first.refresh_token)
    clock.advance(GRACE)
    again = web.refresh(first.refresh_token)
    assert again.refresh_token != lost.refresh_token
    clock.advance(A_MOMENT)
    assert web.refresh(again.refresh_token)


def test_two_tabs_go_on_side_by_side(web: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    first = web.first(session)
    tabs = [web.refresh(first.refresh_token), web.refresh(first.refresh_token)]
    for _ in range(3):
        clock.advance(timedelta(minutes=4))
        services_seen(web, session)
        tabs = [web.refresh(tab.refresh_token) for tab in tabs]
    assert all(web.alive(tab) for tab in tabs)


def test_a_token_that_comes_again_later_ends_the_family(web: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    first = web.first(session)
    second = web.refresh(first.refresh_token)
    clock.advance(LATER)
    assert web.refused(first.refresh_token) == "reused"
    assert not web.alive(first)
    assert not web.alive(second)
    assert web.refused(second.refresh_token) == "revoked"
    assert web.refused(first.refresh_token) == "revoked"
    ended = [entry for entry in web.services.audit_queries.by_subject("client:assistance-web") if entry.name == "signon:family:ended"]
    # Two access tokens and two refresh tokens, ended once.
    assert [(entry.data["reason"], entry.data["revoked"]) for entry in ended] == [("refresh_reused", 4)]


def test_within_the_grace_too_once_a_successor_was_used(web: Refresher, session: CurrentSession) -> None:
    first = web.first(session)
    second = web.refresh(first.refresh_token)
    third = web.refresh(second.refresh_token)
    assert web.refused(first.refresh_token) == "reused"
    assert not web.alive(third)


def test_whichever_successor_it_was(web: Refresher, session: CurrentSession) -> None:
    first = web.first(session)
    lost, again = web.refresh(first.refresh_token), web.refresh(first.refresh_token)
    assert web.refresh(lost.refresh_token)
    assert web.refused(first.refresh_token) == "reused"
    assert web.refused(again.refresh_token) == "revoked"


def test_the_other_sign_ins_of_the_client_live_on(web: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    stolen, other = web.first(session), web.first(session)
    web.refresh(stolen.refresh_token)
    clock.advance(LATER)
    web.refused(stolen.refresh_token)
    assert web.alive(other)
    assert web.refresh(other.refresh_token)


def test_a_code_that_is_replayed_ends_its_refresh_tokens(web: Refresher, session: CurrentSession) -> None:
    at = Desk(web.services, web.client)
    code = at.issue(session)
    tokens = web.refresh(at.redeem(code).refresh_token)
    with pytest.raises(TicketRefused):
        at.redeem(code)
    assert web.refused(tokens.refresh_token) == "revoked"


def test_a_client_that_keeps_a_secret_may_keep_its_token(steady: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    first = steady.first(session)
    for _ in range(3):
        clock.advance(LATER)
        again = steady.refresh(first.refresh_token)
        assert again.refresh_token is None
        assert steady.alive(again)


def test_a_client_that_keeps_none_may_not(spa: Refresher, session: CurrentSession) -> None:
    assert spa.refresh(spa.first(session).refresh_token).refresh_token is not None


def test_a_kept_token_ends_like_any_other(steady: Refresher, session: CurrentSession) -> None:
    first = steady.first(session)
    steady.services.oauth.revoke(steady.actor, steady.client, first.refresh_token or "")
    assert steady.refused(first.refresh_token) == "revoked"


def test_the_scope_may_only_narrow(web: Refresher, session: CurrentSession) -> None:
    first = web.first(session)
    narrow = web.refresh(first.refresh_token, scope="openid")
    assert narrow.scope == "openid"
    assert "name" not in _claims(narrow.id_token)
    # The successor still stands for all of it (RFC 6749 section 6).
    assert web.refresh(narrow.refresh_token, scope="profile openid").scope == "openid profile"


def test_too_much_uses_nothing_up(web: Refresher, session: CurrentSession) -> None:
    token = web.first(session, "openid").refresh_token
    for scope in ("openid profile", "email", "openid openid profile", ""):
        with pytest.raises(ScopeRefused):
            web.refresh(token, scope=scope)
    assert web.refresh(token)


WORDS = st.lists(st.sampled_from(["openid", "profile", "email", "authzen"]), max_size=5)


@given(given_scope=WORDS.filter(bool), asked=WORDS)
def test_no_scope_grows(given_scope: list[str], asked: list[str]) -> None:
    try:
        narrowed = _narrowed(" ".join(given_scope), " ".join(asked)).split()
    except ScopeRefused:
        assert not asked or not set(asked) <= set(given_scope)
    else:
        assert set(narrowed) == set(asked) <= set(given_scope)


ENDS: list[Callable[[Refresher, World, CurrentSession], object]] = [
    lambda web, _world, session: web.services.signon.sign_out(own(session), session.session_id),
    lambda web, world, _session: web.services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离岗"),
    lambda web, world, session: web.services.signon.end_sessions_of(world.system_admin.actor(), [session.official_id], "排查"),
]


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_with_its_session(web: Refresher, world: World, session: CurrentSession, end: Callable[..., object]) -> None:
    token = web.first(session).refresh_token
    end(web, world, session)
    assert web.refused(token) == "session_ended"


def test_it_ends_with_an_idle_session(web: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    token = web.first(session).refresh_token
    clock.advance(timedelta(minutes=29))
    token = web.refresh(token).refresh_token
    # A program at work is nobody at the screen.
    clock.advance(timedelta(minutes=2))
    assert web.refused(token) == "session_ended"


def test_it_never_outlasts_the_policy(web: Refresher, world: World, session: CurrentSession, clock: ManualClock) -> None:
    web.services.signon_policies.set(world.security_admin.actor(), {"refresh_hours": 1, "session_idle_minutes": 240}, "试行")
    token = web.first(session).refresh_token
    clock.advance(timedelta(minutes=59))
    token = web.refresh(token).refresh_token  # the successor does not begin anew
    clock.advance(timedelta(minutes=1))
    assert web.refused(token) == "expired"


def test_a_disabled_client_is_not_asked(services: Services, world: World, web: Refresher, session: CurrentSession) -> None:
    tokens = web.first(session)
    services.subsystems.disable_client(world.system_admin.actor(), "assistance-web")
    assert services.subsystem_queries.client_by_client_id("assistance-web") is None
    assert not web.alive(tokens)


def test_another_client_cannot_use_it_nor_use_it_up(web: Refresher, spa: Refresher, session: CurrentSession) -> None:
    token = web.first(session).refresh_token
    assert spa.refused(token) == "unknown"
    assert web.refresh(token)


def test_what_is_no_refresh_token(web: Refresher, session: CurrentSession) -> None:
    for text in ("", "x", "王芳", "\ud800", "\0", "x" * 100_000, web.first(session).access_token):
        assert web.refused(text) == "unknown"


KEY, OTHER_KEY = {"jkt": "a"}, {"jkt": "b"}


def test_a_bound_token_needs_its_key(spa: Refresher, session: CurrentSession) -> None:
    at = Desk(spa.services, spa.client)
    tokens = spa.services.signon.redeem(
        spa.actor,
        spa.client,
        at.issue(session),
        redirect_uri=at.redirect_uri,
        code_verifier="a-verifier-of-at-least-forty-three-characters-0123456789",
        confirmation=KEY,
    )
    assert tokens.token_type == "DPoP"
    assert _claims(tokens.access_token)["cnf"] == KEY
    for wrong in (None, OTHER_KEY, {"x5t#S256": "a"}, {}):
        assert spa.refused(tokens.refresh_token, confirmation=wrong) == "wrong_proof"
    bound = spa.refresh(tokens.refresh_token, confirmation=KEY)
    assert bound.token_type == "DPoP"
    assert spa.refused(bound.refresh_token) == "wrong_proof"


def test_who_keeps_a_secret_may_take_another_key(web: Refresher, session: CurrentSession) -> None:
    """RFC 9449 section 5: the refresh token of a confidential client is bound to the client, which has just proven who it is."""
    tokens = web.refresh(web.first(session).refresh_token, confirmation=KEY)
    assert _claims(web.refresh(tokens.refresh_token, confirmation=OTHER_KEY).access_token)["cnf"] == OTHER_KEY


def test_an_unbound_token_is_not_bound_later(spa: Refresher, session: CurrentSession) -> None:
    assert spa.refused(spa.first(session).refresh_token, confirmation=KEY) == "wrong_proof"


def test_a_person_exchanges_nothing(web: Refresher, world: World, session: CurrentSession) -> None:
    with pytest.raises(Denied):
        web.services.oauth.refresh(world.wang.actor(), web.client, web.first(session).refresh_token or "")


def test_failures_are_on_record(web: Refresher, session: CurrentSession) -> None:
    web.refused("nonsense")
    entry = web.services.audit_queries.by_subject("client:assistance-web")[0]
    assert (entry.name, entry.data["reason"], entry.data["family_id"]) == ("signon:refresh:refused", "unknown", None)


def test_a_refresh_costs_few_statements(web: Refresher, session: CurrentSession, count_queries: CountQueries) -> None:
    token = web.refresh(web.first(session).refresh_token).refresh_token
    with count_queries() as statements:
        web.refresh(token)
    assert len(statements) <= 8, statements


# At the same moment


def test_two_at_once_both_live(app: Flask, settings: Settings, web: Refresher, session: CurrentSession) -> None:
    token = web.first(session).refresh_token
    outcomes = together(app, settings, "SELECT 1 FROM refresh_token FOR UPDATE", *[lambda: web.refresh(token)] * 3)
    assert all(isinstance(outcome, TokenSet) for outcome in outcomes), outcomes
    for outcome in outcomes:
        assert isinstance(outcome, TokenSet)
        assert web.refresh(outcome.refresh_token)


def test_nothing_is_issued_into_a_family_that_ends_meanwhile(
    app: Flask, settings: Settings, web: Refresher, session: CurrentSession, clock: ManualClock
) -> None:
    """The thief's replay and the owner's refresh at the same moment: whichever is first, nothing of the family lives."""
    first = web.first(session)
    second = web.refresh(first.refresh_token)
    clock.advance(LATER)
    outcomes = together(
        app,
        settings,
        "SELECT 1 FROM refresh_token FOR UPDATE",
        lambda: web.refresh(second.refresh_token),
        lambda: web.refresh(first.refresh_token),
    )
    assert isinstance(outcomes[1], RefreshRefused)
    for tokens in (first, second, outcomes[0]):
        if isinstance(tokens, TokenSet):
            assert not web.alive(tokens)
            assert web.refused(tokens.refresh_token) == "revoked"


def test_a_revocation_and_a_refresh_at_the_same_moment(app: Flask, settings: Settings, web: Refresher, session: CurrentSession) -> None:
    first = web.first(session)
    outcomes = together(
        app,
        settings,
        "SELECT 1 FROM refresh_token FOR UPDATE",
        lambda: web.refresh(first.refresh_token),
        lambda: web.services.oauth.revoke(web.actor, web.client, first.refresh_token or ""),
    )
    if isinstance(outcomes[0], TokenSet):
        assert not web.alive(outcomes[0])
        assert web.refused(outcomes[0].refresh_token) == "revoked"
    assert web.refused(first.refresh_token) == "revoked"


def test_a_sign_out_and_a_refresh_at_the_same_moment(app: Flask, settings: Settings, web: Refresher, session: CurrentSession) -> None:
    first = web.first(session)
    outcomes = together(
        app,
        settings,
        "SELECT 1 FROM session FOR UPDATE; SELECT 1 FROM refresh_token FOR UPDATE",
        lambda: web.services.signon.sign_out(own(session), session.session_id),
        lambda: web.refresh(first.refresh_token),
    )
    if isinstance(outcomes[1], TokenSet):
        assert not web.alive(outcomes[1])
        assert web.refused(outcomes[1].refresh_token) == "session_ended"


def services_seen(web: Refresher, session: CurrentSession) -> None:
    """Let the official be at work, so that the session does not become idle."""
    web.services.signon.session_by_sid(web.services.signon.live_token(web.first(session).access_token).sid, web.client.client_id)


def _claims(token: str | None) -> dict[str, object]:
    assert token is not None
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims
