"""Tickets are redeemed once, by the client they were made for; whoever brings one again ends what grew out of it."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import pytest
from flask import Flask

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import NotFound
from govcloud.services import Services
from govcloud.signon.errors import TicketRefused, TokenRefused
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.views import TicketRequest, TokenSet
from govcloud.subsystems.queries import ClientView
from tests.commands.signon.conftest import CountQueries, sign_in
from tests.commands.signon.test_sessions import own
from tests.factories.world import World

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Desk:
    """A client at work: it gets tickets and redeems them."""

    services: Services
    client: ClientView

    @property
    def redirect_uri(self) -> str:
        return self.client.redirect_uris[0]

    def issue(self, session: CurrentSession, scope: str = "openid profile") -> str:
        request = TicketRequest(self.redirect_uri, CHALLENGE, scope, "nonce-1")
        return self.services.signon.issue_ticket(own(session), session, self.client, request)

    def redeem(self, ticket: str, *, verifier: str = VERIFIER, redirect_uri: str | None = None) -> TokenSet:
        actor = Actor.subsystem(self.client.client_id, self.client.name)
        return self.services.signon.redeem(
            actor, self.client, ticket, redirect_uri=redirect_uri or self.redirect_uri, code_verifier=verifier
        )

    def refused(self, ticket: str, **options: str) -> str:
        with pytest.raises(TicketRefused) as refused:
            self.redeem(ticket, **options)
        return refused.value.reason


def desk(services: Services, client_id: str) -> Desk:
    client = services.subsystem_queries.client_by_client_id(client_id)
    assert client is not None
    return Desk(services, client)


@pytest.fixture
def assistance(services: Services, world: World) -> Desk:
    return desk(services, "assistance-web")


@pytest.fixture
def housing(services: Services, world: World) -> Desk:
    return desk(services, "housing-web")


def test_a_ticket_gives_tokens_once(services: Services, assistance: Desk, session: CurrentSession) -> None:
    tokens = assistance.redeem(assistance.issue(session))
    live = services.signon.live_token(tokens.access_token)
    assert (live.session.official_id, live.client.client_id) == (session.official_id, "assistance-web")
    assert tokens.expires_in == 300
    names = [entry.name for entry in services.audit_queries.by_subject(f"official:{session.official_id}")]
    assert names[:2] == ["signon:ticket:redeemed", "signon:ticket:issued"]


def test_a_ticket_brought_again_ends_its_family(services: Services, assistance: Desk, session: CurrentSession) -> None:
    other = assistance.redeem(assistance.issue(session))
    ticket = assistance.issue(session)
    tokens = assistance.redeem(ticket)
    assert assistance.refused(ticket) == "reused"
    with pytest.raises(TokenRefused):
        services.signon.live_token(tokens.access_token)
    # What grew out of another ticket is not touched.
    assert services.signon.live_token(other.access_token)
    entries = {entry.name: entry.data for entry in services.audit_queries.by_subject("client:assistance-web")}
    assert entries["signon:family:ended"]["revoked"] == 2  # the access token and the refresh token
    assert entries["signon:ticket:refused"]["reason"] == "reused"


def test_a_ticket_lives_a_minute(assistance: Desk, session: CurrentSession, clock: ManualClock) -> None:
    early, late = assistance.issue(session), assistance.issue(session)
    clock.advance(timedelta(seconds=59))
    assert assistance.redeem(early)
    clock.advance(timedelta(seconds=1))
    assert assistance.refused(late) == "expired"


def test_another_client_can_neither_use_nor_use_up_a_ticket(assistance: Desk, housing: Desk, session: CurrentSession) -> None:
    ticket = assistance.issue(session)
    assert housing.refused(ticket, redirect_uri=assistance.redirect_uri) == "unknown"
    assert assistance.redeem(ticket)


def test_what_is_no_ticket_is_refused(assistance: Desk) -> None:
    for ticket in ("", "nonsense", "\0", "\ud800", "x" * 5000):
        assert assistance.refused(ticket) == "unknown"


def test_a_failed_redemption_uses_the_ticket_up(assistance: Desk, session: CurrentSession) -> None:
    wrong = [
        ({"verifier": "x" * 43}, "wrong_verifier"),
        ({"verifier": CHALLENGE}, "wrong_verifier"),
        ({"redirect_uri": f"{assistance.redirect_uri}/"}, "wrong_redirect_uri"),
    ]
    for options, reason in wrong:
        ticket = assistance.issue(session)
        assert assistance.refused(ticket, **options) == reason
        assert assistance.refused(ticket) == "reused"


def test_no_tokens_after_the_session_ended(services: Services, assistance: Desk, session: CurrentSession) -> None:
    ticket = assistance.issue(session)
    services.signon.sign_out(own(session), session.session_id)
    assert assistance.refused(ticket) == "session_ended"
    with pytest.raises(NotFound):
        assistance.issue(session)


def test_a_client_keeps_its_sid_as_long_as_the_session_lives(services: Services, world: World, assistance: Desk, housing: Desk) -> None:
    session = sign_in(services)
    first, again, other = (
        services.signon.live_token(item.redeem(item.issue(session)).access_token) for item in (assistance, assistance, housing)
    )
    assert first.sid == again.sid != other.sid
    later = sign_in(services)
    assert services.signon.live_token(assistance.redeem(assistance.issue(later)).access_token).sid != first.sid


def test_a_sid_finds_the_session_for_its_own_client_in_one_query(
    services: Services, assistance: Desk, session: CurrentSession, count_queries: CountQueries
) -> None:
    sid = services.signon.live_token(assistance.redeem(assistance.issue(session)).access_token).sid
    with count_queries() as statements:
        found = services.signon.session_by_sid(sid, "assistance-web")
    assert len(statements) == 1, statements
    assert found is not None
    assert found.session_id == session.session_id
    assert services.signon.session_by_sid(sid, "housing-web") is None
    assert services.signon.session_by_sid(session.session_id, "assistance-web") is None
    services.signon.sign_out(own(session), session.session_id)
    assert services.signon.session_by_sid(sid, "assistance-web") is None


def test_work_in_a_subsystem_keeps_the_session_alive(
    services: Services, assistance: Desk, session: CurrentSession, clock: ManualClock
) -> None:
    sid = services.signon.live_token(assistance.redeem(assistance.issue(session)).access_token).sid
    for _ in range(3):
        clock.advance(timedelta(minutes=20))
        assert services.signon.session_by_sid(sid, "assistance-web") is not None
    clock.advance(timedelta(minutes=30))
    assert services.signon.session_by_sid(sid, "assistance-web") is None


def test_the_end_of_a_session_names_the_clients_that_took_part(
    services: Services, assistance: Desk, housing: Desk, session: CurrentSession
) -> None:
    assistance.issue(session)
    housing.issue(session)
    services.signon.sign_out(own(session), session.session_id)
    ended = services.audit_queries.by_subject(f"official:{session.official_id}")[0]
    assert (ended.name, ended.data["client_ids"]) == ("signon:session:ended", ["assistance-web", "housing-web"])


def test_of_those_that_redeem_at_once_one_gets_tokens_and_then_loses_them(
    app: Flask, services: Services, assistance: Desk, session: CurrentSession
) -> None:
    start = threading.Barrier(4)

    def redeem(ticket: str) -> TokenSet | str:
        with app.app_context():
            start.wait()
            try:
                return assistance.redeem(ticket)
            except TicketRefused as refused:
                return refused.reason

    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(redeem, [assistance.issue(session)] * 4))
        won = [outcome for outcome in outcomes if isinstance(outcome, TokenSet)]
        assert len(won) == 1
        assert [outcome for outcome in outcomes if outcome not in won] == ["reused"] * 3
        with pytest.raises(TokenRefused):
            services.signon.live_token(won[0].access_token)


def test_tabs_that_come_in_at_once_take_part_as_one(app: Flask, services: Services, assistance: Desk, session: CurrentSession) -> None:
    start = threading.Barrier(4)

    def come_in(_tab: int) -> str:
        with app.app_context():
            start.wait()
            return assistance.issue(session)

    with ThreadPoolExecutor(4) as pool:
        tickets = list(pool.map(come_in, range(4)))
    assert len({services.signon.live_token(assistance.redeem(ticket).access_token).sid for ticket in tickets}) == 1
