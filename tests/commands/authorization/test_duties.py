"""Duty rules: they give at once and to everybody they describe, follow every move, and never make an officer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.models import OFFICER_ROLES, DutyRule, EpochChange, RoleAssignment
from govcloud.authorization.rights.duty_inputs import DutyChange, NewDutyRule
from govcloud.authorization.shipped import baseline
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.inputs import NewAppointment
from govcloud.identity.queries import Wanted
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.kernel.ids import new_id
from govcloud.services import Services
from tests.factories.policies import install, province_policy
from tests.factories.requests import ask
from tests.factories.world import SEED, World

REGISTER = "housing:register:read"
COUNTER = AppointmentCriteria(positions=("窗口受理员",))


def rule(role: str = "housing_clerk", criteria: AppointmentCriteria = COUNTER, **changes: Any) -> NewDutyRule:  # noqa: ANN401 - any field
    return NewDutyRule(**{"role_code": role, "label": "窗口岗位", "criteria": criteria, "reason": "岗位职责所需", **changes})


def add(services: Services, world: World, *rules: NewDutyRule) -> list[UUID]:
    return services.authorization.add_duty_rules(world.security_admin.actor(), list(rules))


def may(services: Services, appointment_id: UUID, function: str = REGISTER) -> bool:
    return services.authorization.decide(Question(function, appointment_id)).allowed


def test_a_rule_gives_and_takes_at_once_and_writes_nobody_down(services: Services, world: World) -> None:
    before = services.uow.read().scalars(select(RoleAssignment.id)).all()
    assert not may(services, world.wang.appointment_id)
    [rule_id] = add(services, world, rule())
    assert may(services, world.wang.appointment_id)
    assert may(services, world.people["SHANXUEMEI"].appointment_id)
    assert not may(services, world.li.appointment_id)
    assert services.uow.read().scalars(select(RoleAssignment.id)).all() == before
    decision = services.authorization.decide(Question(REGISTER, world.wang.appointment_id))
    assert decision.role == "housing_clerk"
    assert services.authorization.end_duty_rule(world.security_admin.actor(), rule_id, "职责调整") is True
    assert not may(services, world.wang.appointment_id)
    assert services.authorization.end_duty_rule(world.security_admin.actor(), rule_id, "职责调整") is False


def test_the_same_rule_twice_is_one(services: Services, world: World) -> None:
    first = add(services, world, rule())
    assert add(services, world, rule(criteria=AppointmentCriteria(positions=("窗口受理员 ", "窗口受理员")))) == first


def test_a_mover_never_keeps_what_the_old_duty_gave(services: Services, world: World, clock: ManualClock) -> None:
    add(services, world, rule(criteria=AppointmentCriteria(positions=("窗口受理员",), business_lines=("民政",))))
    wang = world.wang
    move = clock.now() + timedelta(days=3)
    services.identity.end_appointment(SEED, wang.appointment_id, "调动")
    new = NewAppointment(world.organisation.ids["xihu_housing"], "窗口受理员", starts_at=move)
    services.identity.appoint(SEED, wang.official_id, new)
    assert not may(services, wang.appointment_id)
    clock.advance(timedelta(days=3))
    assert not may(services, new.id)
    again = NewAppointment(world.organisation.ids["xihu_civil_affairs"], "窗口受理员", kind="concurrent")
    services.identity.appoint(SEED, wang.official_id, again)
    assert may(services, again.id)
    assert not may(services, new.id)


def test_a_rule_may_begin_and_end_later(services: Services, world: World, clock: ManualClock) -> None:
    start, end = clock.now() + timedelta(days=1), clock.now() + timedelta(days=2)
    add(services, world, rule(starts_at=start, ends_at=end))
    seen = []
    for _ in range(4):
        seen.append(may(services, world.wang.appointment_id))
        clock.advance(timedelta(hours=23, minutes=59) if len(seen) == 3 else timedelta(days=1) if len(seen) == 1 else timedelta(minutes=1))
    assert seen == [False, True, True, False]


def test_the_end_of_the_window_is_told(services: Services, world: World, clock: ManualClock) -> None:
    end = clock.now() + timedelta(days=2)
    add(services, world, rule(ends_at=end))
    assert services.authorization.decide(Question(REGISTER, world.wang.appointment_id)).ends_at == end


def test_a_changed_rule_follows_the_old_one_without_a_gap(services: Services, world: World, clock: ManualClock) -> None:
    [old] = add(services, world, rule())
    at = clock.now() + timedelta(days=1)
    guard = world.security_admin.actor()
    new = services.authorization.change_duty_rule(
        guard, old, rule(criteria=AppointmentCriteria(positions=("窗口受理员",), division_code="330106000000"), starts_at=at)
    )
    assert new != old
    wang, shan = world.wang.appointment_id, world.people["SHANXUEMEI"].appointment_id
    assert may(services, wang)
    assert may(services, shan)
    clock.advance(timedelta(days=1))
    assert may(services, wang)
    assert not may(services, shan)
    with pytest.raises(Conflict):
        services.authorization.change_duty_rule(guard, old, rule())


def test_a_bounded_role_delegates_over_the_own_department(services: Services, world: World) -> None:
    head = AppointmentCriteria(positions=("内设机构负责人",), business_lines=("民政",))
    add(services, world, rule("senior_admin", head, bound=True))
    queries, paths, sun = services.authorization_queries, world.organisation.paths, world.people["SUNLI"]
    assert queries.department_paths(sun.official_id, sun.appointment_id, "senior_admin") == (paths["xihu_civil_affairs"],)
    holders = queries.role_holders("senior_admin", [paths["xihu_civil_affairs"], paths["xihu"], paths["civil_affairs"]])
    assert {(holder.official_id, holder.department_path) for holder in holders} == {
        (sun.official_id, paths["xihu_civil_affairs"]),
        (world.zhao.official_id, paths["civil_affairs"]),
    }
    services.identity.move_department(SEED, world.organisation.ids["xihu_civil_affairs"], world.organisation.ids["data"])
    moved = paths["data"] + paths["xihu_civil_affairs"].removeprefix(paths["xihu"])
    assert queries.department_paths(sun.official_id, sun.appointment_id, "senior_admin") == (moved,)


def test_a_request_is_routed_to_and_decided_by_whoever_has_the_duty(services: Services, world: World) -> None:
    guard, li = world.security_admin.actor(), world.li
    for login in ("LIQIANG", "QIANWEI"):
        for held in services.authorization_queries.assignments_of(world.people[login].official_id):
            services.authorization.end_assignment(guard, held.id, "改由岗位获得")
    head = AppointmentCriteria(posts=("处长",), business_lines=("住房和城乡建设",), levels=("province",))
    with pytest.raises(Conflict, match="没有可以审批"):
        ask(services, world)
    [rule_id] = add(services, world, rule("senior_admin", head, bound=True))
    line_id = ask(services, world).line_id
    assert [entry.line_id for entry in services.access_queries.inbox(li.actor()).entries] == [line_id]
    assert services.access.approve(li.actor(), line_id, 1).grant_id is not None
    second = ask(services, world, who=world.people["SHANXUEMEI"]).line_id
    services.authorization.end_duty_rule(guard, rule_id, "职责调整")
    with pytest.raises(Denied):
        services.access.approve(li.actor(), second, 1)


def test_colleagues_who_may_by_duty_are_found(services: Services, world: World) -> None:
    add(services, world, rule())
    found = services.authorization_queries.holders_in_department(REGISTER, world.organisation.ids["xihu_civil_affairs"])
    assert found == {world.wang.official_id}


def test_a_subtree_follows_the_tree(services: Services, world: World) -> None:
    ids = world.organisation.ids
    add(services, world, rule(criteria=AppointmentCriteria(department_id=ids["xihu"])))
    assert may(services, world.wang.appointment_id)
    assert not may(services, world.people["SHANXUEMEI"].appointment_id)
    services.identity.move_department(SEED, ids["xihu_civil_affairs"], ids["government"])
    assert not may(services, world.wang.appointment_id)


def test_officers_never_come_from_a_rule(services: Services, world: World) -> None:
    for role in OFFICER_ROLES:
        with pytest.raises(Invalid) as refused:
            add(services, world, rule(role))
        assert [item.field for item in refused.value.fields] == ["role_code"]
        with services.uow.begin(SEED, "govcloud:duty_rule:add") as tx:
            nothing: list[str] = []
            row = DutyRule(
                id=new_id(),
                role_code=role,
                label="",
                bound=False,
                reason="",
                created_by="",
                valid_from=tx.now,
                positions=nothing,
                posts=nothing,
                ranks=nothing,
                kinds=nothing,
                levels=nothing,
                business_lines=nothing,
            )
            with pytest.raises(IntegrityError, match="ck_duty_rule_no_officer"), tx.session.begin_nested():
                tx.session.add(row)


@pytest.mark.parametrize(
    "extra", ["roles: {chief: {includes: [security_admin]}}", "roles: {housing_clerk: {name: 住房保障经办, includes: [audit_admin]}}"]
)
def test_nor_through_a_role_that_includes_one(extra: str) -> None:
    with pytest.raises(PolicyError, match="_admin"):
        province_policy(extra)


def test_a_policy_may_not_drop_a_role_that_a_duty_gives(services: Services, world: World) -> None:
    people = [world.people["CHENJIE"].official_id]
    add(services, world, rule())
    for person in people:
        for held in services.authorization_queries.assignments_of(person):
            services.authorization.end_assignment(world.security_admin.actor(), held.id, "清理")
    with pytest.raises(Conflict, match="housing_clerk"):
        install(services, baseline().extended_by("roles: {counter_clerk: {}}", "c"))


#: What is wrong → the field that says so.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"role_code": "no_such_role"}, "role_code"),
    ({"role_code": "official"}, "role_code"),
    ({"role_code": "provisioning"}, "role_code"),
    ({"role_code": "system:operator"}, "role_code"),
    ({"role_code": "senior_admin"}, "bound"),
    ({"label": " "}, "label"),
    ({"reason": ""}, "reason"),
    ({"criteria": AppointmentCriteria()}, "positions"),
    ({"criteria": AppointmentCriteria(kinds=("temporary",))}, "kinds"),
    ({"criteria": AppointmentCriteria(levels=("country",))}, "levels"),
    ({"criteria": AppointmentCriteria(positions=("",))}, "positions"),
    ({"criteria": AppointmentCriteria(posts=tuple(str(number) for number in range(51)))}, "posts"),
    ({"criteria": AppointmentCriteria(department_id=uuid4())}, "department_id"),
    ({"criteria": AppointmentCriteria(division_code="990000000000")}, "division_code"),
]


def test_what_is_wrong_with_a_rule_is_said_by_field(services: Services, world: World, clock: ManualClock) -> None:
    later: list[tuple[dict[str, Any], str]] = [
        ({"starts_at": clock.now() - timedelta(seconds=1)}, "starts_at"),
        ({"ends_at": clock.now()}, "ends_at"),
    ]
    for changes, field in WRONG + later:
        with pytest.raises(Invalid) as refused:
            add(services, world, rule(**changes))
        assert [item.field for item in refused.value.fields] == [field], changes
    with pytest.raises(NotFound):
        services.authorization.end_duty_rule(world.security_admin.actor(), uuid4(), "清理")
    assert services.uow.read().scalars(select(DutyRule.id)).all() == []


def test_only_the_security_administrator_writes_rules_and_none_for_herself(services: Services, world: World) -> None:
    for login in ("WANGFANG", "LIQIANG", "SUNLI", "HEWEI", "ZHOUJIANJUN", "ZHENGGUOHUA"):
        with pytest.raises(Denied):
            services.authorization.add_duty_rules(world.people[login].actor(), [rule()])
    own = AppointmentCriteria(business_lines=("数据",))
    with pytest.raises(Denied) as refused:
        add(services, world, rule(criteria=own))
    assert refused.value.code == "own_benefit"
    services.authorization.add_duty_rules(SEED, [rule(criteria=own)])
    assert add(services, world, rule(criteria=own, label="不变"))


def test_the_preview_says_who_gains_and_who_loses(services: Services, world: World) -> None:
    queries = services.authorization_queries.duties
    shown = queries.preview(DutyChange(new=rule()))
    # 陈杰 holds the role by assignment, under his appointment only.
    assert (shown.matching, shown.gains, shown.losses) == (3, 2, 0)
    assert {row.name for row in shown.gainers.rows} == {"王芳", "单雪梅"}
    [first] = add(services, world, rule())
    narrower = rule(criteria=AppointmentCriteria(positions=("窗口受理员",), division_code="330106000000"))
    shown = queries.preview(DutyChange(new=narrower, rule_id=first))
    assert (shown.matching, shown.gains, shown.losses) == (2, 0, 1)
    assert [row.name for row in shown.losers.rows] == ["单雪梅"]
    shown = queries.preview(DutyChange(rule_id=first), limit=1)
    assert (shown.matching, shown.gains, shown.losses) == (3, 0, 2)
    assert shown.losers.after is not None
    rest = queries.preview(DutyChange(rule_id=first), limit=1, losers_after=shown.losers.after)
    assert len(rest.losers.rows) == 1
    assert rest.losers.after is None
    with pytest.raises(Invalid):
        queries.preview(DutyChange(new=rule("official")))
    add(services, world, rule(label="另一条"))
    assert queries.preview(DutyChange(rule_id=first)).losses == 0


def test_the_preview_comes_true(services: Services, world: World) -> None:
    """Whoever the preview names may do more afterwards, and nobody else."""
    new = rule(criteria=AppointmentCriteria(levels=("county",)))
    before = {login for login, person in world.people.items() if may(services, person.appointment_id)}
    shown = services.authorization_queries.duties.preview(DutyChange(new=new), limit=100)
    add(services, world, new)
    after = {login for login, person in world.people.items() if may(services, person.appointment_id)}
    assert {row.employee_code for row in shown.gainers.rows} == after - before


def test_the_state_is_read_in_one_statement(services: Services, world: World) -> None:
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    add(services, world, rule())
    facts = services.authorization._decider.facts
    event.listen(db.engine, "before_cursor_execute", note)
    state = facts.state()
    assert len(statements) == 1
    event.remove(db.engine, "before_cursor_execute", note)
    newest = services.uow.read().scalars(select(EpochChange.epoch).where(EpochChange.kind == "duty")).all()
    assert state.duties == max(newest)
    plan = services.uow.read().execute(text("EXPLAIN SELECT max(epoch) FROM epoch_change WHERE kind = 'duty'")).scalars().all()
    assert any("ix_epoch_change_duty" in line for line in plan), plan


def test_a_refused_rule_leaves_no_trace_in_decisions(services: Services, world: World) -> None:
    wang = world.wang.appointment_id

    def add_and_fail() -> None:
        with services.uow.begin(SEED, "govcloud:duty_rule:add"):
            services.authorization.add_duty_rules(SEED, [rule()])
            services.authorization.end_duty_rule(SEED, uuid4(), "没有这条")

    with pytest.raises(Denied):
        add_and_fail()
    assert not may(services, wang)


def test_conditions_may_ask_over_all_appointments(services: Services, world: World) -> None:
    extra = """
roles:
  two_counters:
    rules:
      - allow: [assistance:case:accept]
        when: '"业务审核员" in subject.all_positions and subject.department_id in subject.all_department_ids'
"""
    install(services, province_policy(extra))
    chen = world.people["CHENJIE"]
    services.authorization.assign_role(SEED, chen.official_id, "two_counters")
    assert not may(services, chen.appointment_id, "assistance:case:accept")
    also = NewAppointment(world.organisation.ids["data"], "业务审核员", kind="concurrent")
    services.identity.appoint(SEED, chen.official_id, also)
    assert may(services, chen.appointment_id, "assistance:case:accept")
    services.identity.end_appointment(SEED, also.id, "结束兼职")
    assert not may(services, chen.appointment_id, "assistance:case:accept")


_LISTS = st.fixed_dictionaries(
    {},
    optional={
        "positions": st.lists(st.sampled_from(("窗口受理员", "内设机构负责人", "数据管理员")), max_size=2).map(tuple),
        "posts": st.lists(st.sampled_from(("科员", "处长", "主任")), max_size=2).map(tuple),
        "ranks": st.lists(st.sampled_from(("一级科员", "县处级正职")), max_size=2).map(tuple),
        "kinds": st.lists(st.sampled_from(("primary", "concurrent")), max_size=2).map(tuple),
        "levels": st.lists(st.sampled_from(("province", "county")), max_size=2).map(tuple),
        "business_lines": st.lists(st.sampled_from(("民政", "数据", "审计")), max_size=2).map(tuple),
        "division_code": st.sampled_from(("330000000000", "330100000000", "330106000000")),
        "department_id": st.sampled_from(("government", "xihu", "xihu_civil_affairs")),
    },
)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_LISTS, _LISTS)
def test_the_database_finds_whom_the_plain_comparison_finds(
    services: Services, world: World, one: dict[str, Any], other: dict[str, Any]
) -> None:
    def made(parts: dict[str, Any]) -> AppointmentCriteria:
        criteria = AppointmentCriteria(**{**parts, "department_id": None})
        key = parts.get("department_id")
        return replace(criteria, department_id=world.organisation.ids[key]) if key else criteria

    queries = services.identity_queries
    everybody = [queries.subject(person.appointment_id) for person in world.people.values()]
    wanted = Wanted((made(one),), (made(other),))
    expected = {row.appointment_id for row in everybody if row and made(one).met_by(row) and not made(other).met_by(row)}
    assert {row.appointment_id for row in queries.subjects_wanted(wanted, 200).rows} == expected
    assert queries.count_wanted(wanted) == len(expected)
