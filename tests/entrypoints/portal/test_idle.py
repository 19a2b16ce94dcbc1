"""A session that nobody uses ends long before its absolute limit, and the subsystems that it was in hear of it through the outbox."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest

from govcloud.jobs.end_sessions import end_expired
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.logout.views import NoticeState
from govcloud.signon.sessions import CurrentSession
from govcloud.subsystems.protocols import CasSettings
from tests.factories.browsing import Visitor
from tests.factories.receiving import JOBS, a_client, enter, enter_by_cas, listening, told_at
from tests.factories.world import World


@pytest.fixture
def session(wang: Visitor, services: Services, world: World) -> CurrentSession:
    """Return the session of 王芳's browser."""
    assert wang.get("/").status_code == 200
    (found,) = services.signon.sessions_of(world.wang.official_id)
    return found


def test_idleness_alone_ends_a_session_and_every_subsystem_hears_of_it(
    wang: Visitor, session: CurrentSession, services: Services, clock: ManualClock
) -> None:
    idle = services.signon_policies.current().idle
    with listening() as listener:
        sid = enter(services, session, a_client(services, "archive-web", told_at(listener, "/archive")))
        old = a_client(services, "old-web", CasSettings(logout_url=f"{listener.base}/old"))
        ticket = enter_by_cas(services, session, old, f"{listener.base}/app")
        # Who works stays in, however often the idle limit passes since the sign-in.
        for _ in range(3):
            clock.advance(idle - timedelta(seconds=1))
            assert wang.get("/").status_code == 200
            assert end_expired(services) == 0
        services.delivery.deliver_due(JOBS)
        assert listener.told == []

        clock.advance(idle)
        assert session.expires_at - clock.now() > timedelta(hours=1), "the absolute limit is far away"
        # The page is closed at once; the job puts the end on record and promises the notices.
        assert wang.get("/").location == "/sign-in"
        assert end_expired(services) == 1
        assert services.signon.sessions_of(session.official_id) == ()
        waiting = services.logout_queries.of_session(session.session_id)
        assert {(notice.client_id, notice.channel, notice.cause, notice.state) for notice in waiting} == {
            ("archive-web", "back_channel", "expired", NoticeState.WAITING),
            ("old-web", "cas", "expired", NoticeState.WAITING),
        }
        assert services.delivery.deliver_due(JOBS).delivered == 2
        [by_token], [by_ticket] = listener.at("/archive"), listener.at("/old")
        claims = jwt.decode(by_token.form["logout_token"], options={"verify_signature": False})
        assert (claims["sid"], claims["aud"]) == (str(sid), "archive-web")
        assert ticket in by_ticket.form["logoutRequest"]
        told = services.logout_queries.of_session(session.session_id)
        assert {notice.state for notice in told} == {NoticeState.ACKNOWLEDGED}
        assert {notice.acknowledged_at for notice in told} == {clock.now()}
        # It ends once, and is told once.
        assert end_expired(services) == 0
        assert services.delivery.deliver_due(JOBS).delivered == 0
