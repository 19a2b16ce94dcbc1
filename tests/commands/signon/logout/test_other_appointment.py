"""Another appointment: subsystems that were told of the one before sign out, and those that ask are answered by the new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.errors import NotAdmitted
from govcloud.signon.logout.views import NoticeState
from govcloud.signon.sessions import CurrentSession
from govcloud.subsystems.protocols import CasSettings
from tests.commands.signon.conftest import CountQueries, sign_in
from tests.commands.signon.logout.test_entering_races import ticket
from tests.commands.signon.logout.test_stays import a_grant, a_subsystem, client
from tests.commands.signon.test_sessions import own
from tests.factories.racing import meanwhile
from tests.factories.receiving import JOBS, Listener, a_client, enter, enter_by_cas, told_at
from tests.factories.world import SEED, World

CAUSE = "appointment_changed"


@pytest.fixture
def second(services: Services, world: World) -> UUID:
    """Give 王芳 another appointment."""
    new = NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    return services.identity.appoint(SEED, world.wang.official_id, new)


def choose(services: Services, session: CurrentSession, appointment: UUID) -> object:
    return services.signon.choose_appointment(own(session), session.session_id, appointment)


@pytest.mark.parametrize("level", [0, 1])
def test_where_nobody_asks_the_stay_ends_and_the_client_hears_of_it(
    *, services: Services, world: World, session: CurrentSession, second: UUID, listener: Listener, clock: ManualClock, level: int
) -> None:
    a_grant(services, world, clock, a_subsystem(services, world, listener, level))
    sid = enter(services, session, client(services))
    by_cas = a_client(services, "ledger-cas", CasSettings(logout_url=f"{listener.base}/slo"), "ledger")
    service_ticket = enter_by_cas(services, session, by_cas, "https://old.zj.example/")
    choose(services, session, second)
    assert services.signon.session_by_sid(sid, "ledger-web") is None
    services.delivery.deliver_due(JOBS)
    assert sorted(told.path for told in listener.told) == ["/ledger", "/slo"]
    assert service_ticket in listener.at("/slo")[0].form["logoutRequest"]
    notices = services.logout_queries.of_session(session.session_id)
    assert {(notice.cause, notice.state) for notice in notices} == {(CAUSE, NoticeState.ACKNOWLEDGED)}
    # The session goes on, and both facts are on record, in this order.
    assert services.signon.sessions_of(world.wang.official_id)[0].appointment_id == second
    ended, chosen = services.audit_queries.by_subject(f"official:{world.wang.official_id}")[:2]
    assert (ended.name, ended.data["cause"], ended.data["client_ids"]) == ("signon:stay:ended", CAUSE, ["ledger-cas", "ledger-web"])
    assert (chosen.name, chosen.data["previous_appointment_id"]) == ("signon:appointment:chosen", str(world.wang.appointment_id))


@pytest.mark.parametrize("level", [2, 3])
def test_where_the_subsystem_asks_the_stay_goes_on_under_the_other(
    *, services: Services, world: World, session: CurrentSession, second: UUID, listener: Listener, clock: ManualClock, level: int
) -> None:
    a_grant(services, world, clock, a_subsystem(services, world, listener, level))
    sid = enter(services, session, client(services))
    choose(services, session, second)
    found = services.signon.session_by_sid(sid, "ledger-web")
    assert found is not None
    assert found.appointment_id == second
    assert services.logout_queries.of_session(session.session_id) == ()


def test_one_function_that_is_not_asked_about_is_enough(
    services: Services, world: World, session: CurrentSession, second: UUID, listener: Listener
) -> None:
    """Housing is at level 3, but its guide is at 0: there the claims of the sign-in are all that it has."""
    housing = enter(services, session, a_client(services, "guide-web", told_at(listener, "/guide")))
    choose(services, session, second)
    assert services.signon.session_by_sid(housing, "guide-web") is None


def test_choosing_the_same_again_ends_nothing(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    a_grant(services, world, clock, a_subsystem(services, world, listener, 0))
    sid = enter(services, session, client(services))
    choose(services, session, world.wang.appointment_id)
    assert services.signon.session_by_sid(sid, "ledger-web") is not None
    assert services.logout_queries.of_session(session.session_id) == ()


def test_another_session_of_the_same_person_is_left_alone(
    *, services: Services, world: World, session: CurrentSession, second: UUID, listener: Listener, clock: ManualClock
) -> None:
    a_grant(services, world, clock, a_subsystem(services, world, listener, 0))
    elsewhere = sign_in(services)
    choose(services, elsewhere, world.wang.appointment_id)
    there = enter(services, services.signon.sessions_of(world.wang.official_id)[0], client(services))
    choose(services, session, second)
    assert services.signon.session_by_sid(there, "ledger-web") is not None


def test_nobody_chooses_in_somebody_elses_session_and_nothing_ends_of_it(
    services: Services, world: World, session: CurrentSession, listener: Listener, clock: ManualClock
) -> None:
    a_grant(services, world, clock, a_subsystem(services, world, listener, 0))
    sid = enter(services, session, client(services))
    with pytest.raises(GovcloudError):
        services.signon.choose_appointment(world.li.actor(), session.session_id, world.li.appointment_id)
    assert services.signon.session_by_sid(sid, "ledger-web") is not None


def test_a_choice_that_is_rolled_back_tells_nobody(
    *, services: Services, world: World, session: CurrentSession, second: UUID, listener: Listener, clock: ManualClock
) -> None:
    a_grant(services, world, clock, a_subsystem(services, world, listener, 0))
    sid = enter(services, session, client(services))

    def choose_and_crash() -> None:
        with services.uow.begin(own(session), "govcloud:appointment:choose"):
            choose(services, session, second)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        choose_and_crash()
    assert services.signon.session_by_sid(sid, "ledger-web") is not None
    services.delivery.deliver_due(JOBS)
    assert listener.told == []


@pytest.mark.parametrize("first", ["choice", "entry"])
def test_an_entry_beside_the_choice_is_of_the_new_appointment_or_over(
    *,
    app: Flask,
    services: Services,
    settings: Settings,
    world: World,
    session: CurrentSession,
    second: UUID,
    listener: Listener,
    clock: ManualClock,
    superuser_url: str,
    first: str,
) -> None:
    """The grant opens the door under the first appointment alone, so no stay may be left under the second."""
    a_grant(services, world, clock, a_subsystem(services, world, listener, 1))
    commands: dict[str, Callable[[], object]] = {
        "choice": lambda: choose(services, session, second),
        "entry": lambda: ticket(services, session),
    }

    @contextmanager
    def under_way() -> Iterator[None]:
        with services.uow.begin(SEED, "govcloud:platform:seed"):
            commands[first]()
            yield

    [after] = [name for name in commands if name != first]
    came = meanwhile(app, settings, under_way(), commands[after])
    assert isinstance(came, NotAdmitted) == (first == "choice"), came
    with psycopg.connect(superuser_url.replace("+psycopg", "")) as hand:
        left = hand.execute("SELECT count(*) FROM participant WHERE client_id = 'ledger-web' AND ended_at IS NULL").fetchone()
    assert left == (0,)


def test_it_takes_no_more_statements_for_many_stays_than_for_one(
    *,
    services: Services,
    world: World,
    session: CurrentSession,
    second: UUID,
    listener: Listener,
    clock: ManualClock,
    count_queries: CountQueries,
) -> None:
    a_grant(services, world, clock, a_subsystem(services, world, listener, 0))
    taken = []
    for number in (1, 6):
        for one in range(number):
            enter(services, session, a_client(services, f"ledger-{number}-{one}", told_at(listener, "/x"), "ledger"))
        with count_queries() as statements:
            choose(services, session, second)
        taken.append(len(statements))
        choose(services, session, world.wang.appointment_id)
    assert taken[0] == taken[1]
