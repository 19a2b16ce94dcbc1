"""The language on the database: labels of functions, rows by department and case, fields that are kept, and a clearance that changes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from govcloud.authorization.answers.entries import State
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.authorization.deciding.obligations import obligations_of
from govcloud.authorization.models import AccessGrant
from govcloud.authorization.scopes.fields import FieldRule
from govcloud.authorization.scopes.scope import RowCondition, Scope
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.identity.inputs import OfficialChange
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Denied, Invalid
from govcloud.services import Services
from govcloud.subsystems.changes import FunctionChange
from tests.factories.launching import entered
from tests.factories.policies import install, province_policy
from tests.factories.world import SEED, Person, World

READ = "housing:register:read"
OPERATOR = Actor.system("operator")
MORE = """
roles:
  case_reader:
    name: 办案人员
    rules:
      - allow: assistance:case:read
        scope: case in my matters
  department_reader:
    name: 本部门查询
    rules:
      - allow: assistance:case:read
        scope: own_department
        fields: {mask: [phone], hide: [id_number]}
"""


@pytest.fixture
def more(services: Services, world: World) -> World:
    """Return the province with roles about cases and departments."""
    install(services, province_policy(MORE))
    return world


def ask(services: Services, person: Person, function: str = READ, **resource: object) -> Decision:
    return services.authorization.decide(Question(function, person.appointment_id, resource=resource))


def labelled(services: Services, world: World, code: str, label: int) -> None:
    view = services.subsystem_queries.function(code)
    assert view is not None
    change = FunctionChange(view.name, view.description, view.sensitive, view.integration_level, view.basis_note, label)
    services.subsystems.change_function(world.people["HEWEI"].actor(), code, change, "定级")


def cleared(services: Services, world: World, person: Person, label: int) -> None:
    services.identity.change_official(world.system_admin.actor(), person.official_id, OfficialChange(security_label=label))


# Labels


def test_a_label_counts_in_the_very_next_decision_and_a_clearance_too(services: Services, world: World) -> None:
    chen = world.people["CHENJIE"]
    assert ask(services, chen).allowed
    labelled(services, world, READ, 2)
    assert ask(services, chen).code is Reason.LABEL_TOO_LOW
    assert READ not in services.authorization_queries.open_functions(chen.appointment_id)
    assert services.authorization_queries.open_among(chen.official_id, chen.appointment_id, [READ]) == frozenset()
    assert services.authorization_queries.holders_in_department(READ, chen.department_id) == frozenset()
    view = services.authorization_queries.access_of(chen.official_id, chen.appointment_id, services.clock.now())
    assert READ not in {item.function for item in view.functions}
    cleared(services, world, chen, 2)
    assert ask(services, chen).allowed
    assert ask(services, chen, label=3).code is Reason.LABEL_TOO_LOW
    assert READ in services.authorization_queries.open_functions(chen.appointment_id)
    assert services.authorization_queries.holders_in_department(READ, chen.department_id) == {chen.official_id}
    labelled(services, world, READ, 0)
    cleared(services, world, chen, 0)
    assert ask(services, chen).allowed


def test_a_labelled_door_is_closed_to_who_is_not_cleared(services: Services, world: World) -> None:
    chen = world.people["CHENJIE"]
    labelled(services, world, "housing:door:enter", 1)
    assert services.authorization.decide(Question(door_of("housing"), chen.appointment_id)).code is Reason.LABEL_TOO_LOW
    assert entered(services, chen.appointment_id) == {}
    cleared(services, world, chen, 1)
    assert services.authorization.decide(Question(door_of("housing"), chen.appointment_id)).allowed
    assert entered(services, chen.appointment_id) == {"housing": State.ALLOWED}


def test_a_label_belongs_to_a_moment(services: Services, world: World, clock: object) -> None:
    before = services.clock.now()
    clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    labelled(services, world, READ, 4)
    view = services.subsystem_queries.function(READ, before)
    assert view is not None
    assert (view.label, services.subsystem_queries.function_traits([READ])[READ].label) == (0, 4)
    chen = world.people["CHENJIE"]
    then = services.authorization_queries.access_of(chen.official_id, chen.appointment_id, before)
    assert READ in {item.function for item in then.functions}


def test_lowering_a_label_is_on_record(services: Services, world: World) -> None:
    labelled(services, world, "housing:guide:read", 3)
    labelled(services, world, "housing:guide:read", 1)
    query = text("SELECT canonical FROM audit_event WHERE name = 'subsystems:function:loosened'")
    (record,) = services.uow.read().scalars(query)
    data = json.loads(bytes(record))["data"]
    assert (data["old_label"], data["label"], data["sensitive_dropped"]) == (3, 1, False)


@pytest.mark.parametrize("label", [-1, 5])
def test_a_label_that_is_none(services: Services, world: World, label: int) -> None:
    with pytest.raises(Invalid) as refused:
        labelled(services, world, READ, label)
    assert [item.field for item in refused.value.fields] == ["label"]


def test_nobody_else_lowers_a_label(services: Services, world: World) -> None:
    labelled(services, world, READ, 2)
    for login in ("CHENJIE", "LIQIANG", "WUXIAOYAN", "ZHENGGUOHUA"):
        with pytest.raises(Denied):
            services.subsystems.change_function(world.people[login].actor(), READ, FunctionChange("查询"), "试试")


# Rows


def test_the_cases_of_grants_are_the_matters_of_their_holder(services: Services, more: World) -> None:
    wang, now = more.wang, services.clock.now()
    services.authorization.assign_role(more.security_admin.actor(), more.people["SHANXUEMEI"].official_id, "case_reader", reason="办案")
    services.authorization.assign_role(more.security_admin.actor(), wang.official_id, "case_reader", reason="办案")
    new = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=5), case_number=" XH-2026-0382 ")
    grant_id = services.authorization.open_grant(SEED, new)
    stored = services.uow.read().scalar(select(AccessGrant.scope).where(AccessGrant.id == grant_id))
    assert stored == {"divisions": None, "case_number": "XH-2026-0382"}
    decision = ask(services, wang, "assistance:case:read", case_number="XH-2026-0382")
    assert decision.scope is not None
    assert RowCondition(case_number="XH-2026-0382") in decision.scope.alternatives
    assert ask(services, wang, "assistance:case:read", case_number="XH-2026-0383").code is Reason.OUT_OF_SCOPE
    assert ask(services, more.people["SHANXUEMEI"], "assistance:case:read", case_number="XH-2026-0382").code is Reason.OUT_OF_SCOPE
    # The grant itself is not bounded by the case that it was given for.
    assert ask(services, wang).scope == Scope()
    services.authorization.close_grant(SEED, grant_id, "办结")
    assert ask(services, wang, "assistance:case:read", case_number="XH-2026-0382").code is Reason.OUT_OF_SCOPE


@pytest.mark.parametrize("case_number", ["", "   ", "\u200b\n", "x" * 101])
def test_a_case_number_that_is_none(services: Services, world: World, case_number: str) -> None:
    wang, now = world.wang, services.clock.now()
    new = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=5), case_number=case_number)
    with pytest.raises(Invalid) as refused:
        services.authorization.open_grant(SEED, new)
    assert [item.field for item in refused.value.fields] == ["case_number"]


def test_a_grant_of_a_department_s_rows_needs_a_subsystem_that_keeps_them(services: Services, world: World) -> None:
    wang, now = world.wang, services.clock.now()
    rows = Scope(any_of=[RowCondition(department_path=world.organisation.paths["xihu"])])
    new = NewGrant(wang.official_id, wang.appointment_id, "housing", "housing:guide:read", now, now + timedelta(days=5), rows)
    with pytest.raises(Exception, match="接入级别"):
        services.authorization.open_grant(SEED, new)


def test_rows_and_fields_of_the_own_department_come_from_the_database(services: Services, more: World) -> None:
    chen, case = more.people["CHENJIE"], "assistance:case:read"
    sun = more.people["SUNLI"]
    services.authorization.assign_role(more.security_admin.actor(), sun.official_id, "department_reader", reason="值班")
    path = more.organisation.paths["xihu_civil_affairs"]
    rows = {"any": [{"department_path": path}]}
    assert obligations_of(ask(services, sun, case)) == {
        "rows": rows,
        "views": [{"rows": rows, "fields": {"mask": ["phone"], "hide": ["id_number"]}}],
        "label_at_most": 0,
    }
    assert ask(services, sun, case, department_path=path).allowed
    assert ask(services, sun, case, department_path=more.organisation.paths["xihu_housing"]).code is Reason.OUT_OF_SCOPE
    assert obligations_of(ask(services, chen)) == {"rows": {"divisions": ["330106000000"]}, "label_at_most": 0}


# Fields, as they are kept


def test_a_rule_keeps_its_fields_and_another_one_of_them_is_another_rule(services: Services, more: World) -> None:
    fields = FieldRule(frozenset({"phone"}), frozenset({"id_number"}))
    kept = [rule for rule in services.authorization_queries.policy().rules if rule.role == "department_reader"]
    assert [rule.fields for rule in kept] == [fields]
    clear = MORE.replace("fields: {mask: [phone], hide: [id_number]}", "fields: {hide: [id_number]}")
    install(services, province_policy(clear))
    now = [rule for rule in services.authorization_queries.policy().rules if rule.role == "department_reader"]
    assert [rule.fields for rule in now] == [FieldRule(hidden=frozenset({"id_number"}))]


@pytest.mark.parametrize(
    ("effect", "masked", "hidden"), [("allow", "{phone}", "{phone}"), ("deny", "{phone}", "{}"), ("deny", "{}", "{phone}")]
)
def test_the_database_itself_refuses_fields_that_make_no_sense(
    services: Services, world: World, effect: str, masked: str, hidden: str
) -> None:
    statement = text(
        "INSERT INTO policy_rule (id, role_code, function, effect, masked, hidden, valid_from)"
        f" VALUES (gen_random_uuid(), 'x', 'x:y:z', '{effect}', '{masked}', '{hidden}', now())"
    )
    with pytest.raises(IntegrityError), services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        tx.session.execute(statement)
