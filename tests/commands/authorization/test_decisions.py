"""Decisions on the database: every change counts in the very next answer, and an answer says what stands behind it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.authorization.answers.entries import State
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from tests.factories.launching import entered
from tests.factories.world import HANGZHOU, SEED, XIHU, YUHANG, Person, World

READ = "housing:register:read"


def ask(services: Services, person: Person, function: str = READ, **resource: object) -> Decision:
    return services.authorization.decide(Question(function, person.appointment_id, resource=resource))


def grant(services: Services, person: Person, *, days: int = 5, scope: Scope = PROVINCE, function: str = READ) -> NewGrant:
    now = services.clock.now()
    return NewGrant(person.official_id, person.appointment_id, "housing", function, now, now + timedelta(days=days), scope)


def test_a_standing_role_opens_its_functions_on_its_own_rows(services: Services, world: World) -> None:
    decision = ask(services, world.people["CHENJIE"])
    assert (decision.allowed, decision.code, decision.role) == (True, Reason.ALLOWED, "housing_clerk")
    assert decision.scope == Scope((XIHU,))
    assert decision.rule == "住房保障岗位职责"
    assert decision.ends_at is None
    assert ask(services, world.people["CHENJIE"], division=YUHANG).code is Reason.OUT_OF_SCOPE


def test_a_denial_names_the_item_that_would_mend_it(services: Services, world: World) -> None:
    decision = ask(services, world.wang)
    assert (decision.allowed, decision.code) == (False, Reason.NO_PERMISSION)
    assert decision.remedy_item_id == world.items[READ]


def test_a_grant_counts_at_once_and_until_its_end(services: Services, world: World, clock: ManualClock) -> None:
    before = ask(services, world.wang).epoch
    grant_id = services.authorization.open_grant(SEED, grant(services, world.wang, scope=Scope((XIHU,))))
    decision = ask(services, world.wang)
    assert (decision.allowed, decision.grant_id, decision.scope) == (True, grant_id, Scope((XIHU,)))
    assert decision.ends_at == clock.now() + timedelta(days=5)
    assert decision.epoch > before
    clock.advance(timedelta(days=5) - timedelta(microseconds=1))
    assert ask(services, world.wang).allowed
    clock.advance(timedelta(microseconds=1))
    decision = ask(services, world.wang)
    assert (decision.allowed, decision.code) == (False, Reason.GRANT_EXPIRED)
    assert decision.remedy_item_id == world.items[READ]


def test_a_revoked_grant_denies_the_very_next_question(services: Services, world: World) -> None:
    grant_id = services.authorization.open_grant(SEED, grant(services, world.wang))
    assert ask(services, world.wang).allowed
    assert services.authorization.close_grant(SEED, grant_id, "不再需要") is True
    assert ask(services, world.wang).code is Reason.GRANT_REVOKED
    assert services.authorization.close_grant(SEED, grant_id, "again") is False


def test_a_grant_may_be_revoked_in_the_instant_in_which_it_was_opened_and_another_opened(services: Services, world: World) -> None:
    first = services.authorization.open_grant(SEED, grant(services, world.wang))
    services.authorization.close_grant(SEED, first, "错开")
    second = services.authorization.open_grant(SEED, grant(services, world.wang))
    assert ask(services, world.wang).grant_id == second


def test_a_suspended_grant_rests_until_it_is_resumed(services: Services, world: World, clock: ManualClock) -> None:
    grant_id = services.authorization.open_grant(SEED, grant(services, world.wang))
    guard = world.security_admin.actor()
    assert services.authorization.suspend_grant(guard, grant_id, "核查") is True
    assert services.authorization.suspend_grant(guard, grant_id, "核查") is False
    assert ask(services, world.wang).code is Reason.GRANT_SUSPENDED
    assert services.authorization_queries.grant(grant_id).state(clock.now()) == "suspended"  # type: ignore[union-attr]
    clock.advance(timedelta(hours=1))
    assert services.authorization.resume_grant(guard, grant_id) is True
    assert services.authorization.resume_grant(guard, grant_id) is False
    assert ask(services, world.wang).allowed


def test_the_second_grant_outlives_the_first(services: Services, world: World, clock: ManualClock) -> None:
    services.authorization.open_grant(SEED, grant(services, world.wang, days=1, scope=Scope((XIHU,))))
    second = services.authorization.open_grant(SEED, grant(services, world.wang, days=3, scope=Scope((YUHANG,))))
    assert ask(services, world.wang).scope == Scope((XIHU, YUHANG))
    clock.advance(timedelta(days=1))
    decision = ask(services, world.wang)
    assert (decision.scope, decision.grant_id) == (Scope((YUHANG,)), second)
    assert ask(services, world.wang, division=XIHU).code is Reason.OUT_OF_SCOPE


def test_a_grant_hangs_on_the_appointment(services: Services, world: World) -> None:
    services.authorization.open_grant(SEED, grant(services, world.wang))
    place = NewAppointment(world.organisation.ids["yuhang_civil_affairs"], "窗口受理员", "科员", kind="concurrent")
    other = services.identity.appoint(SEED, world.wang.official_id, place)
    other_id = next(a.id for a in services.identity_queries.appointments_of(world.wang.official_id) if a.kind == "concurrent")
    assert other is not None
    assert ask(services, world.wang).allowed
    assert not services.authorization.decide(Question(READ, other_id)).allowed


def test_a_grant_opens_the_door_of_its_subsystem_for_as_long(services: Services, world: World, clock: ManualClock) -> None:
    zhao = world.zhao
    assert not services.authorization.decide(Question(door_of("housing"), zhao.appointment_id)).allowed
    services.authorization.open_grant(SEED, grant(services, zhao, days=1))
    assert services.authorization.decide(Question(door_of("housing"), zhao.appointment_id)).allowed
    assert entered(services, zhao.appointment_id) == {"housing": State.ALLOWED}
    clock.advance(timedelta(days=1))
    assert not services.authorization.decide(Question(door_of("housing"), zhao.appointment_id)).allowed


def test_unknown_subjects_and_functions(services: Services, world: World) -> None:
    decide = services.authorization.decide
    assert decide(Question(READ, uuid4())).code is Reason.UNKNOWN_SUBJECT
    assert decide(Question(READ)).code is Reason.UNKNOWN_SUBJECT
    assert decide(Question(READ, official_id=uuid4())).code is Reason.UNKNOWN_SUBJECT
    assert decide(Question(READ, world.wang.appointment_id, world.li.official_id)).code is Reason.UNKNOWN_SUBJECT
    for function in (
        "housing:register:burn",
        "nowhere:at:all",
        "",
        "housing",
        "HOUSING:REGISTER:READ",
        f"{READ}\x00",
        "'; drop table role",
    ):
        assert decide(Question(function, world.wang.appointment_id)).code is Reason.UNKNOWN_FUNCTION


def test_an_official_without_appointment_has_what_hangs_on_the_person(services: Services, world: World) -> None:
    wang = world.wang
    assert services.authorization.decide(Question("govcloud:request:submit", official_id=wang.official_id)).allowed
    assert services.authorization.decide(Question("housing:door:enter", official_id=wang.official_id)).code is Reason.NO_PERMISSION


def test_somebody_who_was_disabled_may_nothing_and_gets_nothing_back(services: Services, world: World) -> None:
    services.authorization.open_grant(SEED, grant(services, world.wang))
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "调查")
    assert ask(services, world.wang).code is Reason.SUBJECT_INACTIVE
    assert services.authorization_queries.open_functions(world.wang.appointment_id) == frozenset()
    services.identity.restore_official(world.system_admin.actor(), world.wang.official_id, "查清")
    assert ask(services, world.wang).code is Reason.GRANT_REVOKED


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_lists_equal_checks(services: Services, world: World, data: st.DataObject) -> None:
    people = list(world.people.values())
    person = data.draw(st.sampled_from(people))
    if data.draw(st.booleans()):
        divisions = data.draw(st.lists(st.sampled_from((HANGZHOU, XIHU)), min_size=1))
        services.authorization.open_grant(SEED, grant(services, person, scope=Scope(tuple(divisions))))
    open_functions = services.authorization_queries.open_functions(person.appointment_id)
    catalogue = services.subsystem_queries.functions()
    checked = {function.code for function in catalogue if ask(services, person, function.code).allowed}
    assert open_functions == checked
    doors = entered(services, person.appointment_id)
    assert doors.keys() == {code for code in ("housing", "assistance") if ask(services, person, door_of(code)).allowed}


def test_peers_are_those_whom_the_engine_allows(services: Services, world: World) -> None:
    queries, places = services.authorization_queries, world.organisation.ids
    assert queries.holders_in_department(READ, places["xihu_housing"]) == {world.people["CHENJIE"].official_id}
    assert queries.holders_in_department(READ, places["xihu_civil_affairs"]) == frozenset()
    services.authorization.open_grant(SEED, grant(services, world.wang))
    assert queries.holders_in_department(READ, places["xihu_civil_affairs"]) == {world.wang.official_id}
    assert queries.holders_in_department(READ, places["housing"]) == frozenset()
    # Colleagues of the department itself: what lies below a department at the top is the whole province.
    assert queries.holders_in_department(READ, places["xihu"]) == frozenset()


def test_only_those_who_may_open_and_close_grants(services: Services, world: World) -> None:
    grant_id = services.authorization.open_grant(SEED, grant(services, world.wang))
    for actor in (Actor.anonymous(), Actor.subsystem("housing-web", "住房"), Actor.system("jobs"), world.zhao.actor()):
        with pytest.raises(Denied):
            services.authorization.open_grant(actor, grant(services, world.wang))
        with pytest.raises(Denied):
            services.authorization.close_grant(actor, grant_id, "试试")
    assert ask(services, world.wang).allowed
