"""The engine itself: stock Casbin's defects that it must not have, and that nothing changes one that answers."""

from __future__ import annotations

import threading
from uuid import UUID

import casbin
from hypothesis import given, settings

from govcloud.authorization import engine as engine_module
from govcloud.authorization.asking import Asking
from govcloud.authorization.document import RoleSpec, RuleSpec, role_closure
from govcloud.authorization.engine import Engine
from govcloud.authorization.policy import NEVER, compile_policy
from govcloud.authorization.shipped import model_text
from govcloud.authorization.snapshot import Snapshot, Window, grant_role
from tests.unit.authorization.worlds import World, worlds

READ = "housing:register:read"
GRANT = UUID("01a20be4-d9fa-76bd-858d-e3b505a433d2")


def _engine(*rules: RuleSpec, roles: tuple[str, ...] = ("clerk", "barred")) -> Engine:
    return Engine(model_text(), compile_policy(1, [RoleSpec(role, role) for role in roles], rules))


def _ask(engine: Engine, *roles: str, function: str = READ) -> bool:
    snapshot = Snapshot("someone", {}, dict.fromkeys(roles, (Window(0),)))
    asking = Asking(snapshot, function, 10, resource={}, context={}, bounded=False)
    return engine.decide(asking, function).allowed


def test_defect_1_stock_casbin_with_zero_rules_can_allow_everyone() -> None:
    text = """
[request_definition]
r = sub, obj
[policy_definition]
p = sub, obj, cond
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = p.cond == "" || r.sub == p.sub
"""
    assert casbin.Enforcer(casbin.Enforcer.new_model(text=text)).enforce("mallory", "everything") is True


def test_defect_1_no_rules_deny_everyone() -> None:
    assert not _ask(_engine())
    assert not _ask(_engine(), "clerk")
    assert not _ask(_engine(), "")
    assert not _ask(_engine(), "", function="")


def test_defect_1_an_empty_slice_is_the_row_that_never_matches() -> None:
    policy = _engine(RuleSpec("clerk", READ)).policy
    assert policy.slice_for("housing:other:read", {"clerk": ()}, grant_role("housing:other:read")) == (NEVER,)


def test_defect_1_even_a_matcher_that_accepts_empty_fields_denies_when_nothing_is_in_force() -> None:
    careless = model_text().replace("m = (", 'm = p.cond == "" && noted(r.sub, p.id) || (')
    engine = Engine(careless, compile_policy(1, (), ()))
    assert not _ask(engine, "clerk")


def test_defect_5_commas_and_quotes_in_names_are_only_characters() -> None:
    engine = _engine(RuleSpec("clerk", READ, label='says "a, b"'))
    assert _ask(engine, "clerk")
    for name in ("mallory, clerk", 'clerk"', "clerk, housing:register:read", "p, clerk"):
        assert not _ask(engine, name)
        assert not _ask(engine, "clerk", function=f"{READ}, {name}")


def test_defect_6_unknown_subjects_leave_nothing_behind() -> None:
    engine = _engine(RuleSpec("clerk", READ))
    manager = engine._casbin.rm_map["g"]
    before = dict(vars(manager))
    for number in range(500):
        assert not _ask(engine, f"stranger{number}")
    assert vars(manager) == before == {}


def test_defect_9_nothing_that_comes_out_reaches_the_rules_inside() -> None:
    policy = _engine(RuleSpec("clerk", READ)).policy
    rows = policy.slice_for(READ, {"clerk": ()}, grant_role(READ))
    assert isinstance(rows, tuple)
    assert all(isinstance(row, tuple) for row in rows)
    assert isinstance(policy.rules, tuple)
    assert policy.closure.get("clerk") == frozenset({"clerk"})


def test_defect_9_the_enforcer_is_not_part_of_any_public_interface() -> None:
    engine = _engine(RuleSpec("barred", READ, effect="deny"))
    assert [name for name in vars(engine) if not name.startswith("_")] == ["policy"]
    assert not any("nforcer" in name for name in engine_module.__all__)


def test_defect_10_inclusion_has_no_silent_limit_and_is_not_quadratic() -> None:
    depth = 2000
    includes = {f"r{number}": (f"r{number + 1}",) for number in range(depth)} | {f"r{depth}": ()}
    assert len(role_closure(includes)["r0"]) == depth + 1
    roles = [RoleSpec(code, code, includes=included) for code, included in list(includes.items())[-40:]]
    engine = Engine(model_text(), compile_policy(1, roles, [RuleSpec(f"r{depth}", READ)]))
    reached = engine.policy.closure[roles[0].code]
    assert len(reached) == 40
    assert _ask(engine, *reached)


def test_a_grant_of_the_whole_subsystem_is_not_one_of_its_functions() -> None:
    snapshot = Snapshot("someone", {}, {grant_role("housing:*"): (Window(0, None, grant_id=GRANT),)})
    asking = Asking(snapshot, READ, 10, resource={}, context={}, bounded=False)
    assert not _engine().decide(asking, READ).allowed


def test_a_role_that_is_called_like_the_fixed_rule_opens_nothing() -> None:
    assert not _ask(_engine(), "grant:*")


@settings(max_examples=200)
@given(worlds())
def test_a_question_changes_neither_engine_nor_answer(world: World) -> None:
    engine = world.engine()
    before = dict(engine._casbin.__dict__)
    first = world.verdict(engine)
    assert world.verdict(engine) == first
    assert engine._casbin.__dict__ == before


def test_many_threads_ask_while_engines_are_swapped() -> None:
    """Defects 2 and 3: stock enforcers give wrong answers here, both ways."""
    allow = RuleSpec("clerk", READ)
    others = [RuleSpec("clerk", f"housing:thing{number}:read") for number in range(50)]
    current = [_engine(allow, *others)]
    stop = threading.Event()
    wrong: list[str] = []

    def ask() -> None:
        while not stop.is_set():
            engine = current[0]
            if not _ask(engine, "clerk"):
                wrong.append("a clerk was denied")
            if _ask(engine, "stranger") or _ask(engine, "clerk", "barred", function="housing:other:read"):
                wrong.append("somebody was allowed")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(60):
        current[0] = _engine(*others[: number % 40], allow, RuleSpec("barred", "housing:other:read", effect="deny"))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
