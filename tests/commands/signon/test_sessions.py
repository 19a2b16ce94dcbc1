"""The life of a session: found in one read, slid while in use, over at its limits, ended for good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied, NotFound
from govcloud.kernel.ids import new_id
from govcloud.services import Services
from govcloud.signon.sessions import CurrentSession
from tests.commands.signon.conftest import ADDRESS, AGENT, CountQueries, sign_in
from tests.factories.world import PASSWORD, SEED, World


def token_of(services: Services, login: str = "WANGFANG") -> str:
    return services.signon.sign_in(login, PASSWORD, ADDRESS, AGENT).token


def own(session: CurrentSession) -> Actor:
    """Return the official of a session, acting in it."""
    return Actor.official(session.official_id, session.name, appointment_id=session.appointment_id, session_id=session.session_id)


def test_other_tokens_find_nothing(services: Services, session: CurrentSession) -> None:
    for token in ("", "nonsense", "\0", "\ud800", "x" * 5000, str(session.session_id)):
        assert services.signon.current(token) is None


def test_finding_a_session_is_one_query(services: Services, world: World, count_queries: CountQueries) -> None:
    token = token_of(services)
    with count_queries() as statements:
        assert services.signon.current(token) is not None
    assert len(statements) == 1, statements


def test_use_moves_the_idle_limit_on(services: Services, world: World, clock: ManualClock) -> None:
    token = token_of(services)
    for _ in range(4):
        clock.advance(timedelta(minutes=29))
        assert services.signon.current(token) is not None
    clock.advance(timedelta(minutes=30))
    assert services.signon.current(token) is None


def test_use_is_noted_once_a_minute_at_most(services: Services, world: World, clock: ManualClock, count_queries: CountQueries) -> None:
    token = token_of(services)
    clock.advance(timedelta(seconds=59))
    with count_queries() as statements:
        services.signon.current(token)
    assert not [statement for statement in statements if statement.startswith("UPDATE")]
    clock.advance(timedelta(seconds=1))
    for _ in range(3):
        with count_queries() as statements:
            services.signon.current(token)
        # Noted the first time, and not again within the same minute.
    assert not [statement for statement in statements if statement.startswith("UPDATE")]


def test_no_use_outlives_the_absolute_limit(services: Services, world: World, clock: ManualClock) -> None:
    token = token_of(services)
    for _ in range(10 * 60 // 25 - 1):
        clock.advance(timedelta(minutes=25))
        assert services.signon.current(token) is not None
    clock.advance(timedelta(minutes=25))
    assert services.signon.current(token) is None


def test_sessions_that_ran_out_are_put_on_record(services: Services, session: CurrentSession, clock: ManualClock) -> None:
    clock.advance(timedelta(minutes=15))
    later = sign_in(services, "LIQIANG")
    assert services.signon.end_expired(Actor.system("jobs")) == 0
    clock.advance(timedelta(minutes=15))
    assert services.signon.end_expired(Actor.system("jobs")) == 1
    newest = services.audit_queries.by_subject(f"official:{session.official_id}")[0]
    assert (newest.name, newest.data["reason"]) == ("signon:session:ended", "expired")
    assert [item.session_id for item in services.signon.sessions_of(later.official_id)] == [later.session_id]


def test_choosing_another_appointment(services: Services, world: World, session: CurrentSession) -> None:
    second = NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    services.identity.appoint(SEED, world.wang.official_id, second)
    chosen = services.signon.choose_appointment(own(session), session.session_id, second.id)
    assert chosen.department_name == "杭州市西湖区人民政府"
    (now,) = services.signon.sessions_of(world.wang.official_id)
    assert now.appointment_id == second.id


def test_only_ones_own_live_appointment_in_ones_own_session(services: Services, world: World, session: CurrentSession) -> None:
    for appointment_id in (world.li.appointment_id, new_id()):
        with pytest.raises(NotFound):
            services.signon.choose_appointment(own(session), session.session_id, appointment_id)
    with pytest.raises(NotFound):
        services.signon.choose_appointment(world.li.actor(), session.session_id, world.li.appointment_id)
    assert services.signon.sessions_of(world.wang.official_id)[0].appointment_id == world.wang.appointment_id


def test_an_appointment_that_ends_leaves_the_session(services: Services, world: World, session: CurrentSession) -> None:
    services.identity.end_appointment(SEED, world.wang.appointment_id, "调离")
    (now,) = services.signon.sessions_of(world.wang.official_id)
    assert now.appointment_id is None


def test_an_appointment_that_runs_out_leaves_the_session(services: Services, world: World, clock: ManualClock) -> None:
    until = clock.now() + timedelta(minutes=5)
    second = NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="attachment", ends_at=until)
    services.identity.appoint(SEED, world.wang.official_id, second)
    token = token_of(services)
    found = services.signon.current(token)
    assert found is not None
    services.signon.choose_appointment(own(found), found.session_id, second.id)
    clock.advance(timedelta(minutes=5) - timedelta(microseconds=1))
    before = services.signon.current(token)
    clock.advance(timedelta(microseconds=1))
    after = services.signon.current(token)
    assert before is not None
    assert after is not None
    assert (before.appointment_id, after.appointment_id) == (second.id, None)


def test_signing_out_ends_the_session_for_good(services: Services, world: World, clock: ManualClock) -> None:
    token = token_of(services)
    session = services.signon.current(token)
    assert session is not None
    services.signon.sign_out(own(session), session.session_id)
    services.signon.sign_out(own(session), session.session_id)
    assert services.signon.current(token) is None
    entries = services.audit_queries.by_subject(f"official:{session.official_id}")
    assert [entry.name for entry in entries].count("signon:session:ended") == 1


def test_nobody_ends_somebody_elses_session(services: Services, world: World, session: CurrentSession) -> None:
    with pytest.raises(NotFound):
        services.signon.sign_out(world.li.actor(), session.session_id)
    with pytest.raises(Denied):
        services.signon.end_sessions_of(world.li.actor(), [world.wang.official_id], "curious")
    assert services.signon.sessions_of(world.wang.official_id)


def test_disabling_an_official_ends_every_session(services: Services, world: World) -> None:
    tokens = [token_of(services), token_of(services)]
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离职")
    assert [services.signon.current(token) for token in tokens] == [None, None]


def test_officers_may_end_sessions(services: Services, world: World, session: CurrentSession) -> None:
    assert services.signon.end_sessions_of(world.security_admin.actor(), [world.wang.official_id], "suspicious") == 1
    assert services.signon.sessions_of(world.wang.official_id) == ()
