"""A revocation and an entry in the same moment: whichever comes first, nobody stays in a subsystem that cannot ask by itself."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from flask import Flask

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import GovcloudError, NotFound
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.cas.errors import CasRefused
from govcloud.signon.cas.views import Caller, Validation
from govcloud.signon.errors import NotAdmitted
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.views import TicketRequest
from govcloud.subsystems.protocols import CasSettings
from tests.commands.signon.conftest import sign_in
from tests.commands.signon.logout.test_stays import DAYS, a_grant, a_subsystem, client
from tests.commands.signon.test_sessions import own
from tests.factories.racing import WAIT_SECONDS, together
from tests.factories.receiving import CHALLENGE, JOBS, Listener, a_client, enter
from tests.factories.world import SEED, World

_STAYS = "SELECT count(*) FROM participant WHERE client_id = 'ledger-web' AND ended_at IS NULL"
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def ticket(services: Services, session: CurrentSession) -> str:
    found = client(services)
    return services.signon.issue_ticket(own(session), session, found, TicketRequest(found.redirect_uris[0], CHALLENGE, "openid"))


@pytest.mark.parametrize("first", ["revocation", "entry"])
def test_a_stay_that_begins_beside_a_revocation_does_not_outlive_it(
    *,
    app: Flask,
    services: Services,
    settings: Settings,
    world: World,
    session: CurrentSession,
    listener: Listener,
    clock: ManualClock,
    superuser_url: str,
    first: str,
) -> None:
    grant = a_grant(services, world, clock, a_subsystem(services, world, listener, 0))
    admin = world.security_admin.actor()
    commands = [lambda: services.access.revoke(admin, grant, "不再需要"), lambda: ticket(services, session)]
    came = together(
        app,
        settings,
        f"SELECT 1 FROM access_grant WHERE id = '{grant}' FOR UPDATE",
        *(commands if first == "revocation" else commands[::-1]),
    )
    assert [type(item) for item in came if isinstance(item, GovcloudError)] in ([], [NotAdmitted])
    with psycopg.connect(superuser_url.replace("+psycopg", "")) as hand:
        assert hand.execute(_STAYS).fetchone() == (0,)


def test_an_entry_waits_for_a_revocation_that_is_under_way_even_in_a_session_that_began_after_it(
    *, app: Flask, services: Services, settings: Settings, world: World, listener: Listener, clock: ManualClock
) -> None:
    grant = a_grant(services, world, clock, a_subsystem(services, world, listener, 1))
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")

    def come_in() -> object:
        with app.app_context():
            try:
                return ticket(services, sign_in(services))
            except GovcloudError as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(1) as pool, psycopg.connect(url, autocommit=True) as eye:
        with services.uow.begin(SEED, "govcloud:platform:seed"):
            services.authorization.close_grant(world.security_admin.actor(), grant, "不再需要")
            came = pool.submit(come_in)
            deadline = time.monotonic() + WAIT_SECONDS
            while eye.execute(_WAITING).fetchone() == (0,):
                assert time.monotonic() < deadline, "the entry never waited"
                threading.Event().wait(0.01)
        refused = came.result(timeout=WAIT_SECONDS)
    assert isinstance(refused, NotAdmitted)
    [kept] = [
        item for item in services.audit_queries.by_subject(f"official:{world.wang.official_id}") if item.name == "signon:entry:refused"
    ]
    assert (kept.data["client_id"], kept.data["subsystem_code"]) == ("ledger-web", "ledger")


def test_whoever_lost_the_appointment_meanwhile_does_not_enter_without_one(
    *, services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock, superuser_url: str
) -> None:
    a_grant(services, world, clock, a_subsystem(services, world, listener, 0))
    assert enter(services, session, client(services))
    with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as hand:
        hand.execute("UPDATE session SET appointment_id = NULL WHERE id = %s", (session.session_id,))
    with pytest.raises(NotFound):
        ticket(services, session)


def test_a_service_that_validates_a_ticket_beside_the_sign_out_is_told_of_it(
    *, app: Flask, services: Services, settings: Settings, world: World, session: CurrentSession, listener: Listener
) -> None:
    """A CAS client knows of a stay by its ticket: one that is being validated must not be overlooked."""
    service = "http://127.0.0.1/old-web/page"
    cas = a_client(services, "old-web", CasSettings(logout_url=f"{listener.base}/slo"))
    ticket = services.cas.issue(own(session), session, cas, service)
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")

    def leave() -> None:
        with app.app_context():
            try:
                services.signon.sign_out(own(session), session.session_id)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(1) as pool, psycopg.connect(url, autocommit=True) as eye:
        with services.uow.begin(SEED, "govcloud:platform:seed"):
            assert services.cas.validate(Caller(), Validation(ticket, service)).user == session.employee_code
            gone = pool.submit(leave)
            deadline = time.monotonic() + WAIT_SECONDS
            while eye.execute(_WAITING).fetchone() == (0,):
                assert time.monotonic() < deadline, "the sign-out never waited"
                threading.Event().wait(0.01)
        gone.result(timeout=WAIT_SECONDS)
    services.delivery.deliver_due(JOBS)
    assert [ticket in told.form["logoutRequest"] for told in listener.told] == [True]


def test_a_ticket_that_is_brought_again_is_on_record_as_that(services: Services, world: World, session: CurrentSession) -> None:
    service = "http://127.0.0.1/old-web/page"
    cas = a_client(services, "old-web", CasSettings())
    ticket = services.cas.issue(own(session), session, cas, service)
    services.cas.validate(Caller(), Validation(ticket, service))
    with pytest.raises(CasRefused) as refused:
        services.cas.validate(Caller(), Validation(ticket, service))
    assert "reused" not in refused.value.description  # whoever guesses does not learn that it was one
    assert services.audit_queries.by_subject("client:old-web")[0].data["reason"] == "reused"


def test_two_appointments_that_end_in_one_command_do_not_wait_in_a_circle_with_an_entry(
    *, app: Flask, services: Services, settings: Settings, world: World, listener: Listener, clock: ManualClock
) -> None:
    """The grant under the first is closed before the session under the second is looked for; the entry wants them the other way round."""
    function = a_subsystem(services, world, listener, 0)
    ids, person = world.organisation.ids, world.wang
    first, second = (
        services.identity.appoint(SEED, person.official_id, NewAppointment(ids[key], "专员", kind="concurrent"))
        for key in ("data", "yuhang_civil_affairs")
    )
    now = clock.now()
    new = NewGrant(
        official_id=person.official_id,
        appointment_id=first,
        subsystem_code="ledger",
        function=function,
        scope=PROVINCE,
        starts_at=now,
        ends_at=now + DAYS,
    )
    services.authorization.open_grant(SEED, new)
    acting = sign_in(services)
    services.signon.choose_appointment(own(acting), acting.session_id, second)
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")

    def come_in() -> object:
        with app.app_context():
            try:
                return ticket(services, replace(acting, appointment_id=second))
            except GovcloudError as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(1) as pool, psycopg.connect(url, autocommit=True) as eye:
        with services.uow.begin(SEED, "govcloud:platform:seed"):
            services.identity.end_appointment(SEED, first, "任期届满")
            came = pool.submit(come_in)
            deadline = time.monotonic() + WAIT_SECONDS
            while eye.execute(_WAITING).fetchone() == (0,):
                assert time.monotonic() < deadline, "the entry never waited"
                threading.Event().wait(0.01)
            services.identity.end_appointment(SEED, second, "任期届满")
        refused = came.result(timeout=WAIT_SECONDS)
    assert isinstance(refused, NotFound), refused
