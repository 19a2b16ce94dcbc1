"""The ten defects of stock Casbin, each with what stock does where that is cheap to show, and that the engine does not do it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import casbin
import pytest
from casbin.model import FastModel, FunctionMap
from casbin.persist import Adapter
from casbin.persist.adapters import FileAdapter
from casbin.rbac import default_role_manager

from govcloud.authorization.deciding import engine as engine_module
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.policy import NEVER, compile_policy
from govcloud.authorization.policies.document import RoleSpec, RuleSpec, parse_document
from govcloud.authorization.policies.inclusion import role_closure
from govcloud.authorization.shipped import model_text
from govcloud.authorization.subjects.snapshot import grant_role
from tests.unit.authorization.asking import READ, ask, engine_of

RBAC = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""
DENYING = """
[request_definition]
r = sub, obj
[policy_definition]
p = sub, obj, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = (p.sub == "*" || g(r.sub, p.sub)) && r.obj == p.obj
"""


def stock(text: str = RBAC, *rules: list[str], adapter: Any = None) -> casbin.Enforcer:  # noqa: ANN401 - casbin has no types
    """Return a stock enforcer with ``rules``."""
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=text), adapter)
    for rule in rules:
        enforcer.get_model()["p"]["p"].policy.append(rule)
    return enforcer


# 1. Zero rules can allow everyone


@pytest.mark.parametrize("matcher", ['p.cond == "" || r.sub == p.sub', "regexMatch(r.obj, p.obj)"])
def test_1_stock_with_zero_rules_allows_everyone(matcher: str) -> None:
    text = f"""
[request_definition]
r = sub, obj
[policy_definition]
p = sub, obj, cond
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = {matcher}
"""
    assert stock(text).enforce("mallory", "everything") is True


def test_1_no_rules_deny_everyone() -> None:
    assert not ask(engine_of())
    assert not ask(engine_of(), "clerk")
    assert not ask(engine_of(), "")
    assert not ask(engine_of(), "", function="")


def test_1_an_empty_slice_is_the_row_that_never_matches() -> None:
    policy = engine_of(RuleSpec("clerk", READ)).policy
    assert policy.slice_for("housing:other:read", {"clerk": ()}, grant_role("housing:other:read")) == (NEVER,)


def test_1_even_a_matcher_that_accepts_empty_fields_denies_when_nothing_is_in_force() -> None:
    careless = model_text().replace("m = (", 'm = p.cond == "" && noted(r.sub, p.id) || (')
    engine = Engine(careless, compile_policy(1, (), ()))
    assert not ask(engine, "clerk")


# 2. FastEnforcer under threads


class _Meeting(FunctionMap):  # type: ignore[misc]  # casbin ships no types
    """Lets another request in where an enforcer has chosen its rules and not yet looked at them."""

    def __init__(self, meet: Callable[[], None]) -> None:
        super().__init__()
        self._meet = meet

    def get_functions(self) -> dict[str, Any]:
        self._meet()
        return {}


def test_2_stock_fast_enforcer_decides_by_the_rules_of_another_request() -> None:
    model = FastModel([0, 1])
    model.load_model_from_text(RBAC.replace("g(r.sub, p.sub)", "r.sub == p.sub"))
    enforcer = casbin.FastEnforcer(model, cache_key_order=[0, 1])
    policy = model["p"]["p"].policy
    for rule in (["wang", "register", "read"], ["li", "register", "read"]):
        policy.append(rule)
    assert enforcer.enforce("wang", "register", "read") is True
    # Another thread asks about somebody else just then: both choose their rules in the one policy that they share.
    enforcer.fm = _Meeting(lambda: policy.apply_filter("li", "register"))
    assert enforcer.enforce("wang", "register", "read") is False


def test_2_a_question_that_comes_in_between_changes_nothing() -> None:
    engine = engine_of(RuleSpec("clerk", READ), RuleSpec("barred", READ, effect="deny"))
    rows = engine.policy.slice_for(READ, {"clerk": ()}, grant_role(READ))
    view = engine._casbin.over(rows)
    assert not ask(engine, "clerk", "barred")
    assert view.model["p"]["p"].policy is rows
    assert ask(engine, "clerk")


# 3. A policy loaded under readers


class _Reloading(default_role_manager.RoleManager):  # type: ignore[misc]  # casbin ships no types
    """Lets a reader in while the links are being built anew."""

    def __init__(self) -> None:
        super().__init__(10)
        self.reader: Callable[[], None] | None = None

    def add_link(self, *names: str) -> None:
        if self.reader is not None:
            self.reader()
        super().add_link(*names)


class _Rules(Adapter):  # type: ignore[misc]  # casbin ships no types
    """An adapter that holds rules in memory; the interface is Casbin's."""

    def __init__(self, *lines: tuple[str, ...]) -> None:
        self.lines = list(lines)

    def load_policy(self, model: Any) -> None:  # noqa: ANN401 - casbin's
        for key, *rest in self.lines:
            model[key[0]][key].policy.append(list(rest))

    def remove_policy(self, _section: str, _kind: str, _rule: list[str]) -> None:
        raise ConnectionError("the database went away")


@pytest.mark.parametrize(
    ("lines", "before", "meanwhile"),
    [
        ((("p", "clerk", "register", "allow"), ("g", "wang", "clerk")), True, False),
        ((("p", "*", "register", "allow"), ("p", "barred", "register", "deny"), ("g", "wang", "barred")), False, True),
    ],
)
def test_3_stock_reloads_under_readers_and_answers_wrongly(lines: tuple[tuple[str, ...], ...], *, before: bool, meanwhile: bool) -> None:
    enforcer = stock(DENYING, adapter=_Rules(*lines))
    links = _Reloading()
    enforcer.set_role_manager(links)
    enforcer.load_policy()
    assert enforcer.enforce("wang", "register") is before
    seen: list[bool] = []
    links.reader = lambda: seen.append(enforcer.enforce("wang", "register"))
    enforcer.load_policy()
    assert seen == [meanwhile]


def test_3_a_new_policy_is_another_engine_and_the_old_one_answers_on() -> None:
    old, new = engine_of(RuleSpec("clerk", READ)), engine_of(RuleSpec("clerk", READ, effect="deny"))
    before = dict(old._casbin.__dict__)
    assert (ask(old, "clerk"), ask(new, "clerk"), ask(old, "clerk")) == (True, False, True)
    assert old._casbin.__dict__ == before


# 4. Removing several rules: see tests/commands/authorization/test_policy_defects.py, for that is the database's part


# 5. Fields joined with commas


def test_5_stock_adapter_makes_an_administrator_of_a_name_with_a_comma(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    file = tmp_path / "policy.csv"
    file.write_text("", encoding="utf-8")
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=RBAC), FileAdapter(str(file)))
    enforcer.add_policy("admin", "register", "burn")
    enforcer.add_grouping_policy("mallory, admin", "nobody")
    assert enforcer.enforce("mallory", "register", "burn") is False
    enforcer.save_policy()
    enforcer.load_policy()
    assert enforcer.enforce("mallory", "register", "burn") is True


def test_5_commas_and_quotes_in_names_are_only_characters() -> None:
    engine = engine_of(RuleSpec("clerk", READ, label='says "a, b"'))
    assert ask(engine, "clerk")
    for name in ("mallory, clerk", 'clerk"', "clerk, housing:register:read", "p, clerk"):
        assert not ask(engine, name)
        assert not ask(engine, "clerk", function=f"{READ}, {name}")


def test_5_a_document_with_quotes_and_commas_says_what_it_said() -> None:
    text = "roles: {clerk: {rules: [{allow: 'housing:a:b', when: 'resource.a == \"x, \\\"y\\\"\"', label: 'a, \"b\"'}]}}"
    rule = parse_document(text, "test").rules[0]
    assert (rule.condition, rule.label) == ('resource.a == "x, \\"y\\""', 'a, "b"')


# 6. Unknown subjects grow the role manager


def test_6_stock_keeps_every_name_that_it_was_ever_asked_about() -> None:
    enforcer = stock(RBAC, ["clerk", "register", "read"])
    for number in range(50):
        assert enforcer.enforce(f"stranger{number}", "register", "read") is False
    assert len(enforcer.get_role_manager().all_roles) > 50


def test_6_unknown_subjects_leave_nothing_behind() -> None:
    engine = engine_of(RuleSpec("clerk", READ))
    manager = engine._casbin.rm_map["g"]
    before = dict(vars(manager))
    for number in range(500):
        assert not ask(engine, f"stranger{number}")
    assert vars(manager) == before == {}


# 7. Failures between memory and database


def test_7_stock_forgets_a_rule_that_the_database_still_has() -> None:
    adapter = _Rules(("p", "clerk", "register", "allow"), ("g", "wang", "clerk"))
    enforcer = stock(DENYING, adapter=adapter)
    enforcer.enable_auto_save(auto_save=True)
    assert enforcer.enforce("wang", "register") is True
    with pytest.raises(ConnectionError):
        enforcer.remove_policy("clerk", "register", "allow")
    assert enforcer.enforce("wang", "register") is False
    enforcer.load_policy()
    assert enforcer.enforce("wang", "register") is True


# 7 and 8 of ours (nothing in memory to fall behind, no watcher that could die): tests/commands/authorization/test_policy_defects.py


# 9. What is given out aliases what decides


def test_9_stock_gives_its_rules_out_of_hand_and_can_be_switched_off() -> None:
    enforcer = stock(RBAC, ["clerk", "register", "read"])
    assert enforcer.enforce("mallory", "register", "read") is False
    enforcer.get_policy().append(["mallory", "register", "read"])
    assert enforcer.enforce("mallory", "register", "read") is True
    enforcer.enable_enforce(enabled=False)
    assert enforcer.enforce("anybody", "anything", "at all") is True


def test_9_nothing_that_comes_out_reaches_the_rules_inside() -> None:
    policy = engine_of(RuleSpec("clerk", READ)).policy
    rows = policy.slice_for(READ, {"clerk": ()}, grant_role(READ))
    assert isinstance(rows, tuple)
    assert all(isinstance(row, tuple) for row in rows)
    assert isinstance(policy.rules, tuple)
    assert policy.closure.get("clerk") == frozenset({"clerk"})


def test_9_the_enforcer_is_not_part_of_any_public_interface() -> None:
    engine = engine_of(RuleSpec("barred", READ, effect="deny"))
    assert sorted(name for name in vars(engine) if not name.startswith("_")) == ["policy", "surroundings"]
    assert not any("nforcer" in name for name in engine_module.__all__)


# 10. Depth and growth of role links


def test_10_stock_stops_at_ten_inclusions_without_a_word() -> None:
    enforcer = stock(RBAC, ["r11", "register", "read"])
    links = enforcer.get_role_manager()
    for number in range(11):
        links.add_link(f"r{number}", f"r{number + 1}")
    assert enforcer.enforce("r2", "register", "read") is True
    assert enforcer.enforce("r0", "register", "read") is False


def test_10_inclusion_has_no_silent_limit_and_is_not_quadratic() -> None:
    depth = 2000
    includes = {f"r{number}": (f"r{number + 1}",) for number in range(depth)} | {f"r{depth}": ()}
    assert len(role_closure(includes)["r0"]) == depth + 1
    roles = [RoleSpec(code, code, includes=included) for code, included in list(includes.items())[-40:]]
    engine = Engine(model_text(), compile_policy(1, roles, [RuleSpec(f"r{depth}", READ)]))
    reached = engine.policy.closure[roles[0].code]
    assert len(reached) == 40
    assert ask(engine, *reached)


# And the packages: one distribution that is Casbin, and only one


def test_the_abandoned_distribution_is_not_installed() -> None:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    assert version("pycasbin")
    with pytest.raises(PackageNotFoundError):
        version("casbin")


def test_threads_that_ask_the_same_engine_see_their_own_subject() -> None:
    engine = engine_of(RuleSpec("clerk", READ), RuleSpec("barred", READ, effect="deny"))
    wrong: list[str] = []
    start = threading.Barrier(4)

    def run(roles: tuple[str, ...], *, allowed: bool) -> None:
        start.wait()
        wrong.extend("x" for _ in range(2_000) if ask(engine, *roles) is not allowed)

    people = ((("clerk",), True), (("clerk", "barred"), False), ((), False), (("clerk",), True))
    threads = [threading.Thread(target=run, args=(roles,), kwargs={"allowed": allowed}) for roles, allowed in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
