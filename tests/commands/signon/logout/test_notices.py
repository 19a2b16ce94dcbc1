"""Whatever ends a stay, every client hears of it: over its own channel, once, and what it answered is kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import jwt
import pytest
from flask import Flask

from govcloud.identity.working_life.orders import Order
from govcloud.jobs.end_sessions import end_expired
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.errors import TokenRefused
from govcloud.signon.logout.channels import _CHANNELS
from govcloud.signon.logout.telling import KEEP_TRYING
from govcloud.signon.logout.views import NoticeState, NoticeView
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.views import TicketRequest
from govcloud.subsystems.protocols import CasSettings, ForwardAuthSettings, OidcSettings
from tests.commands.signon.conftest import CountQueries, sign_in
from tests.commands.signon.test_sessions import own
from tests.factories.racing import together
from tests.factories.receiving import CHALLENGE, JOBS, Listener, a_client, enter, enter_by_cas, told_at
from tests.factories.world import PASSWORD, SEED, World


def notices(services: Services, session: CurrentSession) -> tuple[NoticeView, ...]:
    return services.logout_queries.of_session(session.session_id)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def verified(services: Services, token: str, audience: str) -> dict[str, Any]:
    """Verify a logout token as a client would, by the published keys."""
    header = jwt.get_unverified_header(token)
    jwk = next(item for item in services.keys.jwks()["keys"] if item["kid"] == header["kid"])
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK.from_dict(jwk),
        algorithms=["ES256"],
        audience=audience,
        issuer="http://localhost",
        options={"verify_exp": False, "verify_iat": False},
    )
    return claims


def test_a_back_channel_client_gets_a_fresh_logout_token(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    client = a_client(services, "archive-web", told_at(listener, "/bye"))
    sid = enter(services, session, client)
    services.signon.sign_out(own(session), session.session_id)
    [notice] = notices(services, session)
    assert (notice.state, notice.channel, notice.cause) == (NoticeState.WAITING, "back_channel", "signed_out")
    clock.advance(timedelta(minutes=30))  # an hour in a queue must not make the token stale
    assert services.delivery.deliver_due(JOBS).delivered == 1
    [told] = listener.told
    assert told.content_type == "application/x-www-form-urlencoded"
    token = told.form["logout_token"]
    claims = verified(services, token, "archive-web")
    now = int(clock.now().timestamp())
    assert jwt.get_unverified_header(token)["typ"] == "logout+jwt"
    assert (claims["iat"], claims["exp"]) == (now, now + 120)
    assert (claims["sub"], claims["sid"]) == (str(session.official_id), str(sid))
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert "nonce" not in claims
    assert UUID(claims["jti"])
    [notice] = notices(services, session)
    assert (notice.state, notice.answer, notice.acknowledged_at) == (NoticeState.ACKNOWLEDGED, "HTTP 200", clock.now())


def test_a_logout_token_is_no_token_of_another_kind(services: Services, world: World, session: CurrentSession, listener: Listener) -> None:
    """RFC 8725 section 3.11: neither as a hint nor as an access token does it pass."""
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    services.signon.sign_out(own(session), session.session_id)
    services.delivery.deliver_due(JOBS)
    token = listener.told[0].form["logout_token"]
    for use in (services.signon.read_hint, services.signon.live_token):
        with pytest.raises(TokenRefused):
            use(token)


@pytest.mark.parametrize(("status", "state"), [(204, NoticeState.ACKNOWLEDGED), (400, NoticeState.FAILING), (302, NoticeState.FAILING)])
def test_what_a_client_answers(
    *, services: Services, world: World, session: CurrentSession, listener: Listener, status: int, state: NoticeState
) -> None:
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    services.signon.sign_out(own(session), session.session_id)
    listener.status = status
    services.delivery.deliver_due(JOBS)
    [notice] = notices(services, session)
    assert notice.state is state
    assert notice.answer is not None
    assert notice.answer.startswith(f"HTTP {status}")


def test_a_failed_notice_comes_again_with_another_token_and_is_given_up_after_days(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    services.signon.sign_out(own(session), session.session_id)
    listener.status = 500
    services.delivery.deliver_due(JOBS)
    clock.advance(timedelta(seconds=5))
    services.delivery.deliver_due(JOBS)
    first, second = (claims_of(told.form["logout_token"]) for told in listener.told)
    assert first["jti"] != second["jti"]
    assert second["iat"] - first["iat"] == 5
    clock.advance(KEEP_TRYING)
    services.delivery.deliver_due(JOBS)
    [notice] = notices(services, session)
    assert notice.state is NoticeState.GIVEN_UP
    clock.advance(timedelta(days=9))
    services.delivery.deliver_due(JOBS)
    assert len(listener.told) == 3
    # By hand it is tried once more, and a subsystem that is back hears of it.
    listener.status = 200
    assert services.logout.retry(world.system_admin.actor(), "archive-web", notice_id=notice.id) == 1
    services.delivery.deliver_due(JOBS)
    assert notices(services, session)[0].state is NoticeState.ACKNOWLEDGED
    assert services.logout.retry(world.system_admin.actor(), "archive-web", notice_id=notice.id) == 0


def test_only_administrators_of_the_platform_have_notices_sent_again(services: Services, world: World) -> None:
    for who in (world.wang, world.li, world.audit_admin):
        with pytest.raises(Denied):
            services.logout.retry(who.actor(), "housing-web")


def test_a_cas_client_is_told_by_each_of_its_tickets(services: Services, world: World, session: CurrentSession, listener: Listener) -> None:
    client = a_client(services, "old-web", CasSettings())
    first = enter_by_cas(services, session, client, f"{listener.base}/old/a?x=1")
    second = enter_by_cas(services, session, client, f"{listener.base}/old/b")
    enter_by_cas(services, session, client, f"{listener.base}/old/never", redeemed=False)
    services.signon.sign_out(own(session), session.session_id)
    assert services.delivery.deliver_due(JOBS).delivered == 2
    assert {told.path for told in listener.told} == {"/old/a?x=1", "/old/b"}
    for told, ticket in ((listener.at("/old/a?x=1")[0], first), (listener.at("/old/b")[0], second)):
        request = ET.fromstring(told.form["logoutRequest"])  # noqa: S314 - our own
        assert request.tag == "{urn:oasis:names:tc:SAML:2.0:protocol}LogoutRequest"
        assert request.findtext("{urn:oasis:names:tc:SAML:2.0:protocol}SessionIndex") == ticket
        assert (request.attrib["Version"], request.attrib["IssueInstant"]) == ("2.0", "2026-11-24T01:30:00Z")
    assert {notice.state for notice in notices(services, session)} == {NoticeState.ACKNOWLEDGED}


def test_no_ticket_lies_open_in_the_outbox(services: Services, world: World, session: CurrentSession) -> None:
    ticket = enter_by_cas(services, session, a_client(services, "old-web", CasSettings()), "https://old.zj.example/")
    services.signon.sign_out(own(session), session.session_id)
    with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        kept = json.dumps([row[0] for row in tx.session.connection().exec_driver_sql("SELECT payload FROM outbox_message")])
    assert "sealed" in kept
    assert ticket not in kept
    assert base64.b64encode(ticket.encode()).decode() not in kept


def test_a_cas_client_may_name_one_address_for_all(services: Services, world: World, session: CurrentSession, listener: Listener) -> None:
    client = a_client(services, "old-web", CasSettings(logout_url=f"{listener.base}/slo"))
    enter_by_cas(services, session, client, "https://old.zj.example/")
    services.signon.sign_out(own(session), session.session_id)
    services.delivery.deliver_due(JOBS)
    assert [told.path for told in listener.told] == ["/slo"]


def test_a_ticket_that_names_a_stay_is_not_purged_before_the_stay_ends(
    services: Services, world: World, session: CurrentSession, clock: ManualClock, listener: Listener
) -> None:
    client = a_client(services, "old-web", CasSettings())
    ticket = enter_by_cas(services, session, client, f"{listener.base}/old")
    clock.advance(timedelta(days=2))
    services.signon.purge(JOBS)
    services.signon.end_sessions_of(Actor.system("reaction"), [session.official_id], "official_left")
    services.delivery.deliver_due(JOBS)
    assert ticket in listener.told[0].form["logoutRequest"]
    clock.advance(timedelta(days=2))
    assert services.signon.purge(JOBS) >= 1


def test_what_cannot_be_told_is_on_record(services: Services, world: World, session: CurrentSession) -> None:
    enter(services, session, a_client(services, "mute-web", OidcSettings()))
    enter(services, session, a_client(services, "front-web", OidcSettings(frontchannel_logout_uri="https://front-web.zj.example/bye")))
    enter_by_cas(services, session, a_client(services, "old-web", CasSettings(single_logout=False)), "https://old.zj.example/")
    services.signon.sign_out(own(session), session.session_id)
    found = {notice.client_id: notice.state for notice in notices(services, session)}
    assert found == {"mute-web": NoticeState.NONE, "front-web": NoticeState.UNSHOWN, "old-web": NoticeState.NONE}
    assert services.delivery.deliver_due(JOBS).delivered == 0


def test_the_browser_that_signs_out_is_given_the_frames_once(services: Services, world: World, session: CurrentSession) -> None:
    front = OidcSettings(frontchannel_logout_uri="https://front-web.zj.example/bye?a=1")
    sid = enter(services, session, a_client(services, "front-web", front))
    services.signon.sign_out(own(session), session.session_id)
    [frame] = services.logout.frames(Actor.system("signon"), session.session_id)
    assert frame.url == f"https://front-web.zj.example/bye?a=1&iss=http%3A%2F%2Flocalhost&sid={sid}"
    assert frame.origin == "https://front-web.zj.example"
    assert notices(services, session)[0].state is NoticeState.SHOWN
    assert services.logout.frames(Actor.system("signon"), session.session_id) == ()


def disable(services: Services, world: World, _session: CurrentSession, _clock: ManualClock) -> None:
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "停用")


def leave(services: Services, world: World, _session: CurrentSession, _clock: ManualClock) -> None:
    services.identity.leave(world.system_admin.actor(), world.wang.official_id, Order("辞职"))


def new_password(services: Services, world: World, _session: CurrentSession, _clock: ManualClock) -> None:
    account = services.identity_queries.account_of(world.wang.official_id)
    assert account is not None
    services.signon.set_password(SEED, account.id, "Another-2026-word")


def expire(services: Services, _world: World, _session: CurrentSession, clock: ManualClock) -> None:
    clock.advance(timedelta(hours=11))
    assert end_expired(services) == 1


def by_an_administrator(services: Services, world: World, session: CurrentSession, _clock: ManualClock) -> None:
    services.logout.end_sessions(world.security_admin.actor(), world.wang.official_id, "可疑登录", session_id=session.session_id)


def by_a_client(services: Services, _world: World, session: CurrentSession, _clock: ManualClock) -> None:
    stay = services.logout_queries.stays_of([session.session_id])[session.session_id][0]
    services.signon.sign_out_by_client(Actor.subsystem(stay.client_id, stay.client_name), stay.participant_id, stay.client_id)


def too_many(services: Services, world: World, _session: CurrentSession, _clock: ManualClock) -> None:
    services.signon_policies.set(world.security_admin.actor(), {"sessions_at_once": 1}, "一人一处")
    sign_in(services)


End = Callable[[Services, World, CurrentSession, ManualClock], None]
ENDS: dict[str, End] = {
    "official_disabled": disable,
    "official_left": leave,
    "password_changed": new_password,
    "expired": expire,
    "administrator": by_an_administrator,
    "signed_out": by_a_client,
    "too_many_sessions": too_many,
}


@pytest.mark.parametrize("cause", ENDS)
def test_whatever_ends_a_session_every_client_hears_of_it(
    *, services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock, cause: str
) -> None:
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/archive")))
    enter(services, session, a_client(services, "survey-web", told_at(listener, "/survey"), "assistance"))
    ENDS[cause](services, world, session, clock)
    assert {notice.cause for notice in notices(services, session)} == {cause}
    services.delivery.deliver_due(JOBS)
    assert sorted(told.path for told in listener.told) == ["/archive", "/survey"]
    assert {notice.state for notice in notices(services, session)} == {NoticeState.ACKNOWLEDGED}


def test_the_end_of_an_appointment_ends_the_stays_and_not_the_session(
    services: Services, world: World, session: CurrentSession, listener: Listener
) -> None:
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    services.identity.end_appointment(world.system_admin.actor(), world.wang.appointment_id, "轮岗")
    [live] = services.signon.sessions_of(world.wang.official_id)
    assert live.session_id == session.session_id
    [stay] = services.logout_queries.stays_of([session.session_id])[session.session_id]
    assert stay.ended_at is not None
    services.delivery.deliver_due(JOBS)
    [notice] = notices(services, session)
    assert (notice.cause, notice.state) == ("appointment_ended", NoticeState.ACKNOWLEDGED)
    assert len(listener.told) == 1


def test_a_sign_out_that_is_rolled_back_tells_nobody(services: Services, world: World, session: CurrentSession, listener: Listener) -> None:
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    with pytest.raises(RuntimeError, match="crash"):
        end_and_crash(services, session)
    assert notices(services, session) == ()
    assert services.delivery.deliver_due(JOBS).delivered == 0
    assert services.signon.sessions_of(session.official_id)


def end_and_crash(services: Services, session: CurrentSession) -> None:
    with services.uow.begin(SEED, "govcloud:platform:seed"):
        services.signon.end_sessions_of(Actor.system("reaction"), [session.official_id], "test")
        raise RuntimeError("crash")


def test_two_ends_at_once_give_one_notice(
    *, app: Flask, services: Services, settings: Settings, world: World, session: CurrentSession, listener: Listener
) -> None:
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    together(
        app,
        settings,
        f"SELECT 1 FROM session WHERE id = '{session.session_id}' FOR UPDATE",
        lambda: services.signon.sign_out(own(session), session.session_id),
        lambda: services.logout.end_sessions(world.security_admin.actor(), session.official_id, "可疑登录"),
    )
    assert len(notices(services, session)) == 1
    assert services.delivery.deliver_due(JOBS).delivered == 1


def test_a_sign_in_beside_the_end_of_all_is_ended_or_begins_after(
    app: Flask, services: Services, settings: Settings, world: World, session: CurrentSession
) -> None:
    """Both meet at the person's lock; whichever is second sees what the first did."""
    results = together(
        app,
        settings,
        f"SELECT 1 FROM official WHERE id = '{world.wang.official_id}' FOR NO KEY UPDATE",
        lambda: services.logout.end_sessions(world.security_admin.actor(), world.wang.official_id, "可疑登录"),
        lambda: services.signon.sign_in("WANGFANG", PASSWORD, "192.0.2.8", "other"),
    )
    ended, live = results[0], services.signon.sessions_of(world.wang.official_id)
    # One session was there; the sign-in's was either ended with it or opened after.
    assert (ended, len(live)) in {(1, 1), (2, 0)}


def test_many_sessions_end_in_few_statements(
    services: Services, world: World, listener: Listener, clock: ManualClock, count_queries: CountQueries
) -> None:
    client = a_client(services, "archive-web", told_at(listener, "/bye"))
    for _ in range(8):
        enter(services, sign_in(services), client)
    clock.advance(timedelta(hours=11))
    with count_queries() as statements:
        assert end_expired(services) == 8
    assert len(statements) <= 20, statements
    assert services.delivery.deliver_due(JOBS).delivered == 8


def test_how_a_client_keeps_up(services: Services, world: World, listener: Listener, clock: ManualClock) -> None:
    good = a_client(services, "good-web", told_at(listener, "/good"))
    bad = a_client(services, "bad-web", told_at(listener, "/bad"))
    listener.statuses["/bad"] = 503
    for _ in range(3):
        session = sign_in(services)
        enter(services, session, good)
        enter(services, session, bad)
        services.signon.sign_out(own(session), session.session_id)
    clock.advance(timedelta(seconds=4))
    services.delivery.deliver_due(JOBS)
    first, second = services.logout_queries.deliveries()
    assert (first.client_id, first.failing, first.waiting, first.acknowledged) == ("bad-web", 3, 3, 0)
    assert (second.client_id, second.waiting, second.acknowledged, second.middle) == ("good-web", 0, 3, timedelta(seconds=4))
    page = services.logout_queries.of_client("bad-web", "failing", limit=2)
    assert len(page.rows) == 2
    assert len(services.logout_queries.of_client("bad-web", "failing", page.after).rows) == 1
    assert services.logout_queries.of_client("good-web", "failing").rows == ()


def test_a_client_that_was_closed_is_told_nothing(services: Services, world: World, session: CurrentSession, listener: Listener) -> None:
    client = a_client(services, "archive-web", told_at(listener, "/bye"))
    enter(services, session, client)
    services.signon.sign_out(own(session), session.session_id)
    services.subsystems.disable_client(Actor.system("operator"), "archive-web")
    services.delivery.deliver_due(JOBS)
    assert listener.told == []
    assert notices(services, session)[0].state is NoticeState.GIVEN_UP


def test_a_subsystem_that_is_retired_is_told_to_sign_everybody_out(services: Services, session: CurrentSession, listener: Listener) -> None:
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    services.subsystems.retire_subsystem(Actor.system("operator"), "housing", "停止使用")
    services.delivery.deliver_due(JOBS)
    [notice] = notices(services, session)
    assert (notice.cause, notice.state) == ("subsystem_retired", NoticeState.ACKNOWLEDGED)
    assert services.signon.sessions_of(session.official_id)


def test_nobody_stays_in_a_client_that_is_closed(services: Services, session: CurrentSession, listener: Listener) -> None:
    sid = enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    services.subsystems.disable_client(Actor.system("operator"), "archive-web")
    [notice] = notices(services, session)
    assert (notice.cause, notice.state) == ("client_disabled", NoticeState.NONE)
    assert services.signon.session_by_sid(sid, "archive-web") is None


def test_forward_auth_needs_no_notice() -> None:
    assert _CHANNELS["forward_auth"](ForwardAuthSettings()) == "none"


def test_a_client_whose_key_is_missing_waits_for_it_and_holds_up_nobody(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    """After a leak the one RS256 key may be withdrawn before there is another: everybody else is told all the same."""
    rsa = a_client(services, "rsa-web", OidcSettings(backchannel_logout_uri=f"{listener.base}/rsa", id_token_alg="RS256"))
    enter(services, session, a_client(services, "else-web", told_at(listener, "/else")))
    services.signon.issue_ticket(own(session), session, rsa, TicketRequest(rsa.redirect_uris[0], CHALLENGE, "openid"))
    services.signon.sign_out(own(session), session.session_id)
    services.delivery.deliver_due(JOBS)
    assert [told.path for told in listener.told] == ["/else"]
    [waiting] = [notice for notice in notices(services, session) if notice.client_id == "rsa-web"]
    assert (waiting.state, waiting.answer) == (NoticeState.FAILING, "no_signing_key")
    services.key_rotation.ensure(Actor.system("operator"))
    clock.advance(timedelta(minutes=30))
    services.delivery.deliver_due(JOBS)
    [told] = listener.at("/rsa")
    assert jwt.get_unverified_header(told.form["logout_token"])["alg"] == "RS256"


def test_changing_ones_own_password_reaches_the_clients_of_the_other_sessions_alone(
    services: Services, world: World, session: CurrentSession, listener: Listener
) -> None:
    client = a_client(services, "archive-web", told_at(listener, "/bye"))
    here = enter(services, session, client)
    other = sign_in(services)
    there = enter(services, other, client)
    services.signon.change_password(own(session), PASSWORD, "Another-2026-word")
    services.delivery.deliver_due(JOBS)
    assert [claims_of(told.form["logout_token"])["sid"] for told in listener.told] == [str(there)]
    assert [(notice.cause, notice.state) for notice in notices(services, other)] == [("password_changed", NoticeState.ACKNOWLEDGED)]
    assert notices(services, session) == ()
    alive = {sid: services.signon.session_by_sid(sid, "archive-web") is not None for sid in (here, there)}
    assert alive == {here: True, there: False}
