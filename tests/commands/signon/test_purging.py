"""Expired tickets, tokens and old attempts are deleted, and nothing that a check still asks for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from govcloud.jobs.job import ACTOR
from govcloud.jobs.purge import purge
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.signon.errors import SignInRefused
from govcloud.signon.sessions import CurrentSession
from tests.commands.signon.conftest import sign_in
from tests.commands.signon.test_tickets import desk
from tests.factories.world import World


def test_what_expired_is_deleted_a_day_later_and_successes_after_a_quarter(
    services: Services, world: World, session: CurrentSession, clock: ManualClock
) -> None:
    assistance = desk(services, "assistance-web")
    ticket = assistance.issue(session)
    assistance.redeem(ticket)
    assert purge(services) == 0
    assert assistance.refused(ticket) == "reused"  # the ticket is still known
    clock.advance(timedelta(days=1, minutes=6))
    assert purge(services) == 2  # the ticket and its token
    assert assistance.refused(ticket) == "unknown"
    clock.advance(timedelta(days=6))
    assert purge(services) == 1  # her refresh token, which had lasted as long as her session
    clock.advance(timedelta(days=83))
    assert purge(services) == 1  # the attempt that signed her in
    assert purge(services) == 0
    names = [entry.name for entry in services.audit_queries.by_subject("signon:expired")]
    assert names == ["signon:expired:purged"] * 3


def test_failed_attempts_still_count_after_a_purge(services: Services, world: World, clock: ManualClock) -> None:
    for _ in range(4):
        with pytest.raises(SignInRefused):
            sign_in(services, password="wrong")
    purge(services)
    with pytest.raises(SignInRefused):
        sign_in(services, password="wrong")
    with pytest.raises(Exception, match="锁定"):
        sign_in(services)


def test_people_do_not_purge(services: Services, world: World) -> None:
    with pytest.raises(Denied):
        services.signon.purge(world.system_admin.actor())
    assert services.signon.purge(ACTOR) == 0
