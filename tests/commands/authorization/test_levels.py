"""What a function's integration level cannot enforce cannot be given, and if it was given before, it opens nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.authorization.commands import NewAssignment, NewGrant
from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.authorization.deciding.obligations import obligations_of
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.authorization.scopes.scope import RowCondition, Scope
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.inputs import OfficialChange
from govcloud.kernel.errors import Conflict, GovcloudError, Invalid
from govcloud.services import Services
from govcloud.subsystems.changes import FunctionChange
from govcloud.subsystems.inputs import NewClient, NewFunction, NewItem, NewSubsystem
from govcloud.subsystems.protocols import PUBLIC, CasSettings
from tests.factories.clients import register_unchecked
from tests.factories.policies import drafted, install, province_policy, put_in_force
from tests.factories.world import SEED, XIHU, Person, World

BOOK, PAGE, DOOR = "ledger:book:read", "ledger:page:read", "ledger:door:enter"
ROWS = {"any": [{"division": XIHU}]}
RULES = """
roles:
  reader:
    name: 查阅
    rules: [{{allow: {function}{bounds}}}]
"""


@pytest.fixture
def ledger(services: Services, world: World) -> World:
    """Return the province with a subsystem at L1, not yet in service: a door, a book at L1, a page at L1."""
    services.subsystems.register_subsystem(SEED, NewSubsystem("ledger", "旧台账系统", world.organisation.ids["housing"], 3))
    functions = [NewFunction(code, code, "查阅", integration_level=1) for code in (DOOR, BOOK, PAGE)]
    services.subsystems.add_functions(SEED, functions)
    return world


def policy(function: str, bounds: str = "") -> str:
    return RULES.format(function=f'"{function}"', bounds=bounds)


def level(services: Services, world: World, code: str, to: int) -> None:
    services.subsystems.change_function(world.people["HEWEI"].actor(), code, FunctionChange(code, "查阅", integration_level=to), "接入级别")


def put(services: Services, world: World, text: str) -> int:
    return put_in_force(services, world, province_policy(text).text)


def given_to(services: Services, world: World, person: Person, scope: object = None) -> None:
    security = world.security_admin.actor()
    services.authorization.assign_roles(security, [NewAssignment(person.official_id, "reader", scope=scope, reason="查阅")])  # type: ignore[arg-type]


def ask(services: Services, person: Person, function: str = BOOK, **resource: object) -> Decision:
    return services.authorization.decide(Question(function, person.appointment_id, resource=resource))


# When it is saved


@pytest.mark.parametrize(
    ("function", "bounds", "at"),
    [
        (BOOK, ", scope: own_division", 0),
        (BOOK, ", scope: own_division", 1),
        (BOOK, ", scope: case in my matters", 1),
        (BOOK, ", fields: {mask: [phone]}", 1),
        (BOOK, ", fields: {hide: [phone]}", 2),
        ("ledger:*", ", scope: own_department", 1),
    ],
)
def test_a_rule_that_nobody_would_keep_is_refused_with_the_remedy(
    services: Services, ledger: World, function: str, bounds: str, at: int
) -> None:
    level(services, ledger, BOOK, at)
    with pytest.raises(PolicyError) as refused:
        put(services, ledger, policy(function, bounds))
    [finding] = refused.value.fields
    said = str(finding.message)
    assert (finding.field, finding.value) == ("roles.reader.rules", function)
    assert BOOK in said
    assert f"L{at}" in said
    assert "提高" in said


@pytest.mark.parametrize(
    ("function", "bounds", "at"),
    [
        (BOOK, "", 0),
        (BOOK, ", scope: province", 0),
        (BOOK, ", scope: own_division or province", 0),
        (BOOK, ", scope: own_division", 2),
        (BOOK, ", fields: {mask: [phone]}", 3),
        (DOOR, ", scope: own_division", 0),
        ("ledger:*", ", scope: own_division", 2),
        ("ledger:none:such", ", scope: own_division", 0),
    ],
)
def test_a_rule_that_is_kept_is_taken(services: Services, ledger: World, function: str, bounds: str, at: int) -> None:
    level(services, ledger, BOOK, at)
    assert put(services, ledger, policy(function, bounds)) > 0


def test_a_draft_shows_it_at_its_line(services: Services, ledger: World) -> None:
    text = province_policy(policy(BOOK, ", scope: own_division")).text
    found = services.draft_queries.findings(drafted(services, ledger.security_admin, text))
    assert [BOOK in str(finding.message) and finding.line is not None for finding in found] == [True]


@pytest.mark.parametrize("scope", [{"divisions": [XIHU]}, {"department_path": "/x/"}])
def test_a_role_of_which_nothing_would_be_kept_is_not_given_for_certain_rows(
    services: Services, ledger: World, scope: dict[str, object]
) -> None:
    put(services, ledger, policy("ledger:*"))
    with pytest.raises(Invalid) as refused:
        given_to(services, ledger, ledger.wang, scope)
    [finding] = refused.value.fields
    assert finding.field == "scope"
    assert BOOK in str(finding.message)
    assert "L1" in str(finding.message)
    given_to(services, ledger, ledger.wang)
    assert ask(services, ledger.wang).allowed


def test_a_duty_of_which_nothing_would_be_kept_is_not_bound_to_the_department(services: Services, ledger: World) -> None:
    put(services, ledger, policy("ledger:*"))
    rule = NewDutyRule("reader", "窗口查阅", AppointmentCriteria(positions=("窗口受理员",)), "岗位职责", bound=True)
    with pytest.raises(Invalid) as refused:
        services.authorization.add_duty_rules(ledger.security_admin.actor(), [rule])
    assert [finding.field for finding in refused.value.fields] == ["bound"]


def test_of_mixed_levels_what_keeps_it_opens_and_the_rest_says_why_not(services: Services, ledger: World) -> None:
    level(services, ledger, PAGE, 3)
    put(services, ledger, policy("ledger:*"))
    given_to(services, ledger, ledger.wang, {"divisions": [XIHU]})
    assert obligations_of(ask(services, ledger.wang, PAGE))["rows"] == {"divisions": [XIHU]}
    refused = ask(services, ledger.wang)
    assert (refused.allowed, refused.code) == (False, Reason.LEVEL_CANNOT_ENFORCE)
    assert ask(services, ledger.wang, division=XIHU).code is Reason.LEVEL_CANNOT_ENFORCE
    assert BOOK not in services.authorization_queries.open_functions(ledger.wang.appointment_id)
    door = ask(services, ledger.wang, DOOR)
    assert (door.allowed, door.scope) == (True, Scope())


# Labels of rows are kept by whoever keeps to rows; they are no bound that an answer opens less for


@pytest.mark.parametrize(("at", "bound"), [(0, None), (1, None), (2, 3), (3, 3)])
def test_a_yes_says_up_to_which_label_where_rows_are_kept(services: Services, ledger: World, at: int, bound: int | None) -> None:
    services.identity.change_official(ledger.system_admin.actor(), ledger.wang.official_id, OfficialChange(security_label=3))
    level(services, ledger, BOOK, at)
    put(services, ledger, policy("ledger:*"))
    given_to(services, ledger, ledger.wang)
    answer = ask(services, ledger.wang)
    assert (answer.allowed, answer.label_at_most) == (True, bound)
    assert obligations_of(answer) == ({} if bound is None else {"label_at_most": bound})
    assert ask(services, ledger.wang, label=3).allowed
    assert ask(services, ledger.wang, label=4).code is Reason.LABEL_TOO_LOW
    assert obligations_of(ask(services, ledger.wang, DOOR)) == {}


# When levels change afterwards


def test_a_level_that_is_lowered_afterwards_closes_what_it_cannot_keep(services: Services, ledger: World) -> None:
    level(services, ledger, BOOK, 3)
    put(services, ledger, policy(BOOK, ", scope: own_division"))
    given_to(services, ledger, ledger.wang)
    assert ask(services, ledger.wang).allowed
    level(services, ledger, BOOK, 1)
    assert ask(services, ledger.wang).code is Reason.LEVEL_CANNOT_ENFORCE
    now = services.clock.now()
    new = NewGrant(ledger.wang.official_id, ledger.wang.appointment_id, "ledger", BOOK, now, now + timedelta(days=1))
    services.authorization.open_grant(SEED, new)
    assert ask(services, ledger.wang).scope == Scope()
    level(services, ledger, BOOK, 2)
    assert ask(services, ledger.wang).allowed


def test_in_service_a_level_is_not_lowered_below_what_is_promised(services: Services, world: World) -> None:
    he = world.people["HEWEI"].actor()
    with pytest.raises(Conflict) as refused:
        services.subsystems.change_function(
            he, "housing:register:read", FunctionChange("查询住房登记信息", "查询", sensitive=True, integration_level=1), "降级"
        )
    said = " ".join(str(refusal.message) for refusal in refused.value.refusals)
    assert "住房保障经办" in said
    assert "L1" in said


# What is lent out has an end


def test_below_l2_nothing_is_lent_out_whose_end_nobody_would_hear_of(services: Services, ledger: World) -> None:
    register_unchecked(
        services,
        NewClient(
            "ledger",
            "ledger-web",
            "台账",
            services=("https://ledger.zj.example/",),
            auth_method=PUBLIC,
            settings=CasSettings(single_logout=False),
        ),
    )
    now = services.clock.now()
    new = NewGrant(ledger.wang.official_id, ledger.wang.appointment_id, "ledger", BOOK, now, now + timedelta(days=1))
    with pytest.raises(Conflict) as refused:
        services.authorization.open_grant(SEED, new)
    assert refused.value.code == "end_not_told"
    assert "ledger-web" in str(refused.value.message)
    services.subsystems.offer_items(SEED, [NewItem(BOOK, "查阅台账", "题名", scope_kind="none")])
    assert "grants_end" in {finding.key for finding in services.subsystems.checklist("ledger").blocking}
    level(services, ledger, BOOK, 2)
    services.authorization.open_grant(SEED, new)


# Whatever is done in whatever order

_FUNCTIONS = st.sampled_from([BOOK, PAGE, DOOR, "ledger:*"])
_BOUNDS = st.sampled_from(["", ", scope: own_division", ", scope: own_department", ", fields: {mask: [phone]}"])
_SCOPES = st.sampled_from([None, {"divisions": [XIHU]}])
_STEPS = st.one_of(
    st.tuples(st.just("level"), st.sampled_from([BOOK, PAGE, DOOR]), st.integers(0, 3)),
    st.tuples(st.just("policy"), _FUNCTIONS, _BOUNDS),
    st.tuples(st.just("forced"), _FUNCTIONS, _BOUNDS),
    st.tuples(st.just("role"), _SCOPES, st.none()),
    st.tuples(st.just("grant"), st.sampled_from([BOOK, PAGE]), st.booleans()),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(_STEPS, min_size=3, max_size=8))
def test_no_sequence_of_commands_opens_what_the_level_cannot_enforce(
    services: Services, ledger: World, steps: list[tuple[str, object, object]]
) -> None:
    wang = ledger.wang
    now = services.clock.now()

    def grant(function: str, bounded: bool) -> None:  # noqa: FBT001 - of a step
        rows = Scope(any_of=[RowCondition(division=XIHU)]) if bounded else Scope()
        services.authorization.open_grant(
            SEED, NewGrant(wang.official_id, wang.appointment_id, "ledger", function, now, now + timedelta(days=1), rows)
        )

    commands: dict[str, Callable[..., object]] = {
        "level": lambda code, to: level(services, ledger, code, to),
        "policy": lambda function, bounds: put(services, ledger, policy(function, bounds)),
        "forced": lambda function, bounds: install(services, province_policy(policy(function, bounds))),
        "role": lambda scope, _: given_to(services, ledger, wang, scope),
        "grant": grant,
    }
    for command, first, second in steps:
        with suppress(GovcloudError):
            commands[command](first, second)
        levels = services.subsystem_queries.levels([BOOK, PAGE, DOOR])
        for function in (BOOK, PAGE, DOOR):
            for resource in ({}, {"division": XIHU}):
                decision = ask(services, wang, function, **resource)
                if not decision.allowed:
                    continue
                assert decision.scope is not None
                assert decision.scope.whole or levels[function] >= 2
                assert levels[function] >= 3 or not any(view.fields.names for view in decision.views)
