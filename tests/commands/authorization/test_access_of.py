"""What may this person do, and why: exactly what decisions allow, each with its cause, now and as of a date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Question, Reason
from govcloud.authorization.deciding.explaining import AccessView, CauseKind
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.shipped import baseline
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.factories.policies import install, province_policy
from tests.factories.world import SEED, XIHU, Person, World

OPERATOR = Actor.system("operator")
READ, REGISTER = "assistance:case:read", "housing:register:read"


def access(services: Services, person: Person, **at: Any) -> AccessView:  # noqa: ANN401 - ``at``, or nothing
    return services.authorization_queries.access_of(person.official_id, person.appointment_id, **at)


def opened(view: AccessView) -> set[str]:
    return {item.function for item in view.functions}


def allowed(services: Services, person: Person) -> set[str]:
    """Ask ``decide`` for every function of the catalogue, one by one."""
    catalogue = {item.code for item in services.subsystem_queries.functions()} | set(baseline().functions)
    catalogue |= {f"{item.code}:door:enter" for item in services.subsystem_queries.all() if item.code != "govcloud"}
    return {code for code in catalogue if services.authorization.decide(Question(code, person.appointment_id)).allowed}


def grant(services: Services, person: Person, function: str = REGISTER, **changes: Any) -> None:  # noqa: ANN401 - any field
    now = services.clock.now()
    usual: dict[str, Any] = {
        "official_id": person.official_id,
        "appointment_id": person.appointment_id,
        "subsystem_code": function.partition(":")[0],
        "function": function,
        "starts_at": now,
        "ends_at": now + timedelta(days=10),
        "scope": Scope((XIHU,)),
    }
    services.authorization.open_grant(SEED, NewGrant(**{**usual, **changes}))


def test_it_says_what_decisions_say_for_everybody(services: Services, world: World) -> None:
    grant(services, world.wang)
    rule = NewDutyRule("department_admin", "机构负责人", AppointmentCriteria(positions=("内设机构负责人",)), "管理本部门", bound=True)
    services.authorization.add_duty_rules(SEED, [rule])
    for person in world.people.values():
        assert opened(access(services, person)) == allowed(services, person), person.name


def test_each_function_goes_back_to_its_causes(services: Services, world: World, clock: ManualClock) -> None:
    criteria = AppointmentCriteria(positions=("窗口受理员",))
    [rule_id] = services.authorization.add_duty_rules(SEED, [NewDutyRule("counter_clerk", "窗口岗位", criteria, "岗位职责")])
    grant(services, world.wang, chain="R-1")
    view = access(services, world.wang)
    by_code = {item.function: item for item in view.functions}
    causes = {cause.kind: cause for cause in by_code[READ].causes}
    assert set(causes) == {CauseKind.DUTY, CauseKind.ASSIGNMENT}
    duty = causes[CauseKind.DUTY]
    assert (duty.id, duty.held_role, duty.role, duty.because) == (rule_id, "counter_clerk", "counter_clerk", "窗口岗位")
    assert duty.rule == "民政窗口岗位职责"
    assert duty.scope == Scope((XIHU,))
    assert causes[CauseKind.ASSIGNMENT].because == "岗位职责"
    [lent] = by_code[REGISTER].causes
    assert (lent.kind, lent.chain, lent.ends_at) == (CauseKind.GRANT, "R-1", clock.now() + timedelta(days=10))
    assert by_code[REGISTER].ends_at == lent.ends_at
    assert by_code["govcloud:request:submit"].causes[0].kind is CauseKind.EVERYBODY
    assert {(cause.held_role, cause.kind) for cause in view.roles} == {
        ("official", CauseKind.EVERYBODY),
        ("counter_clerk", CauseKind.DUTY),
        ("counter_clerk", CauseKind.ASSIGNMENT),
    }


def test_a_role_that_is_included_names_the_one_that_is_held(services: Services, world: World) -> None:
    extra = "roles: {chief: {name: 科长, includes: [housing_clerk]}}"
    install(services, province_policy(extra))
    criteria = AppointmentCriteria(posts=("科员",), business_lines=("民政",))
    services.authorization.add_duty_rules(SEED, [NewDutyRule("chief", "民政科员", criteria, "岗位职责")])
    by_code = {item.function: item for item in access(services, world.wang).functions}
    [cause] = by_code[REGISTER].causes
    assert (cause.held_role, cause.role) == ("chief", "housing_clerk")


def test_as_of_a_date(services: Services, world: World, clock: ManualClock) -> None:
    """The past answers with the policy, the duties and the place of that day; the future with what is planned."""
    wang, before = world.wang, clock.now()
    criteria = AppointmentCriteria(positions=("窗口受理员",), business_lines=("民政",))
    start = clock.now() + timedelta(days=2)
    services.authorization.add_duty_rules(SEED, [NewDutyRule("housing_clerk", "窗口", criteria, "支援住房", starts_at=start)])
    assert REGISTER not in opened(access(services, wang))
    assert REGISTER in opened(access(services, wang, at=start))
    clock.advance(timedelta(days=1))
    install(services, baseline().extended_by("roles: {counter_clerk: {}, housing_clerk: {}}", "bare"))
    assert READ not in opened(access(services, wang))
    assert READ in opened(access(services, wang, at=before))
    services.identity.disable_official(SEED, wang.official_id, "停职")
    assert access(services, wang).refused is Reason.SUBJECT_INACTIVE
    assert opened(access(services, wang)) == allowed(services, wang) == set()
    assert READ in opened(access(services, wang, at=before))


def test_under_another_appointment_or_none(services: Services, world: World) -> None:
    wang = world.wang
    also = NewAppointment(world.organisation.ids["xihu_housing"], "业务审核员", kind="concurrent")
    services.identity.appoint(SEED, wang.official_id, also)
    queries = services.authorization_queries
    assert READ in opened(queries.access_of(wang.official_id, wang.appointment_id))
    assert READ not in opened(queries.access_of(wang.official_id, also.id))
    assert READ not in opened(queries.access_of(wang.official_id, None))
    assert queries.access_of(world.li.official_id, wang.appointment_id).refused is Reason.UNKNOWN_SUBJECT


_MOVES = st.lists(st.sampled_from(("duty", "bound", "later", "assign", "grant", "end", "day", "move")), min_size=1, max_size=4)


@pytest.mark.timeout(300)
@hypothesis_settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_MOVES)
def test_it_says_what_decisions_say_whatever_happened(services: Services, world: World, clock: ManualClock, moves: list[str]) -> None:
    wang, rules = world.people["CHENJIE"], []
    counter = AppointmentCriteria(positions=("窗口受理员",), business_lines=("住房和城乡建设", "数据"))
    for number, step in enumerate(moves):
        label = f"{step}{number}{clock.now():%j%H%M%S}"
        match step:
            case "duty":
                rules += services.authorization.add_duty_rules(SEED, [NewDutyRule("counter_clerk", label, counter, "x")])
            case "bound":
                rules += services.authorization.add_duty_rules(SEED, [NewDutyRule("senior_admin", label, counter, "x", bound=True)])
            case "later":
                start = clock.now() + timedelta(hours=20)
                new = NewDutyRule("housing_clerk", label, counter, "x", starts_at=start, ends_at=start + timedelta(days=1))
                rules += services.authorization.add_duty_rules(SEED, [new])
            case "assign":
                services.authorization.assign_role(SEED, wang.official_id, "counter_clerk", until=clock.now() + timedelta(days=1))
            case "grant":
                grant(services, wang, READ, ends_at=clock.now() + timedelta(hours=30))
            case "end" if rules:
                services.authorization.end_duty_rule(OPERATOR, rules.pop(), "x")
            case "move":
                target = world.organisation.ids["data" if number % 2 else "government"]
                services.identity.move_department(SEED, world.organisation.ids["xihu_housing"], target)
            case _:
                clock.advance(timedelta(hours=13))
        assert opened(access(services, wang)) == allowed(services, wang)
