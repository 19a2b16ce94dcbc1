"""The generated province: sizes, the same for the same seed, right at every reference, and the story's cast in every size."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import islice

import pytest
from stdnum.cn import uscc

from govcloud.authorization.policies.document import RuleSpec, parse_document
from govcloud.authorization.scopes.fields import ALL_FIELDS, FieldRule
from govcloud.cli.seed.cast import CAST
from govcloud.cli.seed.catalogue_loader import client_settings
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.sizes import SHAPES
from govcloud.identity.codes import id_number_fault, phone_fault, uscc_fault
from govcloud.identity.inputs import STAFFING_TYPES
from govcloud.identity.queries import Subject
from govcloud.identity.ranks import LADDER
from govcloud.subsystems.levels import asks_each_time
from tests.factories.subjects import serving

TODAY = date(2026, 11, 24)
SIZES = ["dev", "demo"]


@pytest.fixture(scope="module", params=SIZES)
def plan(request: pytest.FixtureRequest) -> Plan:
    return Plan(SHAPES[request.param], 1)


@pytest.mark.parametrize(
    ("size", "officials", "departments", "subsystems"),
    [("dev", 2_000, 100, 20), ("demo", 20_000, 300, 60), ("province", 1_500_000, 9_145, 1_000)],
)
def test_sizes(size: str, officials: int, departments: int, subsystems: int) -> None:
    plan = Plan(SHAPES[size], 1)
    assert plan.shape.officials == officials
    assert len(plan.departments) == plan.shape.departments == departments
    assert len(plan.subsystems) == subsystems


def test_the_same_seed_gives_the_same_province(plan: Plan) -> None:
    again = Plan(plan.shape, plan.seed)
    assert again.departments == plan.departments
    assert again.subsystems == plan.subsystems
    assert again.duties.policy_text() == plan.duties.policy_text()
    assert list(again.powers()) == list(plan.powers())
    assert list(islice(again.officials(), 2_000)) == list(islice(plan.officials(), 2_000))


def test_another_seed_gives_other_people() -> None:
    one, other = (list(Plan(SHAPES["dev"], seed).officials()) for seed in (1, 2))
    assert not {official.id_number for official in one} & {official.id_number for official in other}
    assert [official.name for official in one] != [official.name for official in other]


def test_divisions_are_the_whole_of_zhejiang(plan: Plan) -> None:
    levels = Counter(division.level for division in plan.divisions.by_code.values())
    assert levels == {"province": 1, "city": 11, "county": 90, "township": 1360}
    assert plan.divisions.by_code["330106000000"].full_name == "杭州市西湖区"
    assert plan.divisions.by_code["330782000000"].full_name == "义乌市"
    for division in plan.divisions.by_code.values():
        assert division.parent_code is None or division.parent_code in plan.divisions.by_code


def test_departments_are_valid_and_stand_under_one_another(plan: Plan) -> None:
    seen: set[str] = set()
    for department in plan.departments:
        assert uscc.is_valid(department.uscc)
        assert uscc_fault(department.uscc) is None
        assert department.parent_key is None or department.parent_key in seen
        assert department.division in plan.divisions.by_code
        assert len(set(department.offices)) == len(department.offices) > 0
        seen.add(department.key)
    assert len({department.uscc for department in plan.departments}) == len(plan.departments)
    assert len({department.name for department in plan.departments}) == len(plan.departments)


def test_officials_are_valid_and_unique(plan: Plan) -> None:
    officials = list(plan.officials())
    assert len(officials) == plan.shape.officials
    for field in ("employee_code", "id_number", "phone"):
        assert len({getattr(official, field) for official in officials}) == len(officials)
    for official in officials:
        assert id_number_fault(official.id_number, TODAY) is None
        assert phone_fault(official.phone) is None
        assert official.rank in LADDER
        assert official.staffing_type in STAFFING_TYPES


def test_appointments_fit_the_organisation(plan: Plan) -> None:
    offices = {department.key: department.offices for department in plan.departments}
    for official in plan.officials():
        kinds = [appointment.kind for appointment in official.appointments]
        assert kinds[0] == "primary"
        assert "primary" not in kinds[1:]
        for appointment in official.appointments:
            assert appointment.office is None or appointment.office in offices[appointment.department_key]


def test_every_department_has_one_head(plan: Plan) -> None:
    heads = Counter(
        official.appointments[0].department_key for official in plan.officials() if official.appointments[0].position == "主要负责人"
    )
    assert set(heads.values()) == {1}
    assert len(heads) == len(plan.departments)


@pytest.mark.parametrize("size", [*SIZES, "province"])
def test_the_cast_of_the_story_is_in_every_size(size: str) -> None:
    plan = Plan(SHAPES[size], 7)
    offices = {department.key: department.offices for department in plan.departments}
    for member in CAST:
        assert member.office in offices[member.department_key]
        assert all(key in offices for key, _ in member.also)
    assert {"housing", "assistance"} <= {system.code for system in plan.subsystems}


def test_the_cast_stands_once_in_the_plan(plan: Plan) -> None:
    cast = [official for official in plan.officials() if official.cast]
    assert sorted(official.employee_code for official in cast) == sorted(member.login for member in CAST)
    assert {official.cast.name: official.name for official in cast if official.cast} == {member.name: member.name for member in CAST}


def test_officers_are_three_different_people() -> None:
    held = [role for member in CAST for role in member.roles]
    assert {"system_admin", "security_admin", "audit_admin"} <= set(held)
    assert all(len(member.roles) <= 1 for member in CAST)
    assert held.count("security_admin") == 2, "one drafts a policy, another approves it"


def test_the_story_has_a_label_people_on_both_sides_of_it_and_masked_rows(plan: Plan) -> None:
    labels = {function.code: function.label for system in plan.subsystems for function in system.functions}
    assert labels["assistance:payment:read"] == 2
    assert labels["assistance:case:read"] == 0
    clearance = {member.login: member.security_label for member in CAST}
    assert clearance["WANGFANG"] < 2 <= clearance["ZHAOMIN"]
    rules = _rules_of(plan, {"civil_affairs_counter", "civil_affairs_lead"})
    payment = {rule.role for rule in rules if rule.function == "assistance:payment:read"}
    assert payment == {"civil_affairs_counter", "civil_affairs_lead"}, "the label alone tells them apart"
    seen = {rule.role: rule.fields for rule in rules if rule.function == "assistance:case:read"}
    assert seen["civil_affairs_lead"] == FieldRule(frozenset({"name"}), frozenset({"id_number"}))
    assert seen["civil_affairs_counter"] == ALL_FIELDS


def test_memory_stays_flat_at_the_size_of_a_province() -> None:
    plan = Plan(SHAPES["province"], 1)
    stream = plan.officials()
    for _ in islice(stream, 1_000):
        pass
    tracemalloc.start()
    for _ in islice(stream, 20_000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_what_stands_at_the_door_of_the_story(plan: Plan) -> None:
    counter = serving("窗口受理员", "民政", "county")
    rules = {rule.function: rule for rule in _rules_of(plan, _roles_of(plan, counter))}
    assert {"assistance:door:enter", "assistance:case:read", "housing:door:enter", "housing:guide:read"} <= set(rules)
    assert "housing:register:read" not in rules
    assert rules["assistance:case:read"].scope_expr == "own_division"


def test_a_duty_gives_its_role_in_its_line_only(plan: Plan) -> None:
    def roles(position: str, line: str, level: str = "county") -> set[str]:
        return _roles_of(plan, serving(position, line, level))

    assert roles("窗口受理员", "民政") == {"civil_affairs_counter", "any_counter"}
    assert roles("业务审核员", "民政") == {"civil_affairs_review"}
    assert roles("窗口受理员", "住房和城乡建设") >= {"any_counter", "housing_counter"}
    assert roles("窗口受理员", "民政", "township") == {"any_counter"}
    assert roles("司机", "民政") == set()
    assert len({new.label for new in plan.duties.rules()}) == len(list(plan.duties.rules())) > 10
    assert {new.role_code for new in plan.duties.rules()} == set(plan.duties.role_names)


def test_policy_names_only_functions_of_the_catalogue(plan: Plan) -> None:
    known = {function.code for system in plan.subsystems for function in system.functions}
    assert {rule.function for rule in parse_document(plan.duties.policy_text(), "seed").rules} <= known


def test_catalogue_is_sound(plan: Plan) -> None:
    keys = {department.key for department in plan.departments}
    functions = [function for system in plan.subsystems for function in system.functions]
    assert len({function.code for function in functions}) == len(functions)
    for system in plan.subsystems:
        assert system.owner_key in keys
        assert system.functions[0].code == f"{system.code}:door:enter"
    items = {function.code: function.item for function in functions if function.item}
    register = items["housing:register:read"]
    assert (register.tier, register.scope_kind, register.requires_case_number) == ("one", "division", True)
    assert not any(code.endswith(":approve") for code in items)


def test_matters_link_departments(plan: Plan) -> None:
    owners = {function.code: system.owner_key for system in plan.subsystems for function in system.functions}
    codes = [matter.code for matter in plan.matters]
    assert "public_rental_housing" in codes
    assert len(codes) == len(set(codes)) >= 8
    for matter in plan.matters:
        assert len({owners[code] for code, _ in matter.items}) > 1
        assert len({code for code, _ in matter.items}) == len(matter.items)


def test_service_items_have_codes_of_31_characters(plan: Plan) -> None:
    departments = {department.key: department for department in plan.departments}
    codes = set()
    for power in plan.powers():
        department = departments[power.department_key]
        assert len(power.service_code) == 31
        assert power.service_code.startswith(department.uscc)
        assert power.service_code.endswith(power.code)
        assert len(power.code) == 12
        assert power.code[2:4] == power.kind
        codes.add(power.service_code)
    assert len(codes) == len(list(plan.powers())) > 100


def _roles_of(plan: Plan, subject: Subject) -> set[str]:
    return {new.role_code for new in plan.duties.rules() if new.criteria.met_by(subject)}


def _rules_of(plan: Plan, roles: Iterable[str]) -> list[RuleSpec]:
    wanted = set(roles)
    return [rule for rule in parse_document(plan.duties.policy_text(), "seed").rules if rule.role in wanted]


@pytest.mark.parametrize("size", ["dev", "demo", "province"])
def test_what_is_lent_out_below_l2_can_be_ended(size: str) -> None:
    lent = [system for system in Plan(SHAPES[size], 1).subsystems if any(function.item for function in system.functions)]
    below = [system for system in lent if not asks_each_time(system.integration_level)]
    assert below or size == "dev"
    assert all(client_settings(system, "https://x.example/").backchannel_logout_uri for system in below)
