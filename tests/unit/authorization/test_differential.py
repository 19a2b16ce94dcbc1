"""The engine against stock ``casbin.Enforcer`` on the same model: unsliced policy, simpleeval, Casbin's own role manager.

The reference shares Casbin and the model with the engine and nothing else: which roles are live, which rows they reach and
which rules there are it works out by itself, plainly.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import casbin
from hypothesis import HealthCheck, given, settings

from govcloud.authorization.conditions import compile_condition
from govcloud.authorization.document import RuleSpec
from govcloud.authorization.policy import GRANT_RULE
from govcloud.authorization.scope import NOTHING, PROVINCE, Scope
from govcloud.authorization.shipped import model_text
from tests.unit.authorization.worlds import ROLES, World, worlds

SUBJECT = "someone"


def _live(world: World, start: datetime, end: datetime | None) -> bool:
    return start <= world.now and (end is None or world.now < end)


def _reaches(world: World, scope: dict[str, Any], effect: str) -> bool:
    """Return whether a window of this scope reaches the world's resource, as a rule of ``effect`` counts it."""
    division, path = world.resource.get("division"), world.resource.get("department_path")
    bound = scope.get("department_path")
    if bound is not None and world.resource:
        if path is None:
            return effect == "deny"
        if not path.startswith(bound):
            return False
    return division is None or Scope.from_json(scope).covers(division)


def _links(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the roles that the subject holds now, before inclusion, each with the window's scope."""
    for fact in world.assignments:
        if _live(world, fact.starts_at, fact.ends_at):
            yield fact.role_code, dict(fact.scope or {})
    for grant in world.grants:
        if grant.closed_at is None and not grant.suspended and _live(world, grant.starts_at, grant.ends_at):
            yield f"grant:{grant.function}", dict(grant.scope or {})


class Reference:
    """Stock Casbin over every rule of the world."""

    def __init__(self, world: World) -> None:
        """Load the policy and the links of the one subject."""
        self.world = world
        self.matched: list[int] = []
        model = casbin.Enforcer.new_model(text=model_text())
        self.enforcer = casbin.Enforcer(model)
        self.rules: list[RuleSpec] = [*world.rules, GRANT_RULE]
        for number, rule in enumerate(self.rules):
            model["p"]["p"].policy.append([rule.role, rule.function, rule.condition, rule.scope_expr, rule.effect, number])
        self.roles = self.enforcer.get_role_manager()
        for role, _ in _links(world):
            self.roles.add_link(SUBJECT, role)
        for role, included in world.includes.items():
            for other in included:
                self.roles.add_link(role, other)
        self.enforcer.add_function("holds", self._holds)
        self.enforcer.add_function("covers", self._covers)
        self.enforcer.add_function("noted", self._noted)

    def _holds(self, _subject: str, condition: str, effect: str) -> bool:
        if not condition:
            return True
        facts = {"subject": self.world.attributes, "resource": self.world.resource, "context": {"time": f"{self.world.now:%H:%M}"}}
        value = compile_condition(condition).holds(facts)
        return value is not False if effect == "deny" else value is True

    def rows(self, rule: RuleSpec) -> Scope:
        """Return the rows that a rule opens, from the links before inclusion."""
        own = PROVINCE
        if rule.scope_expr == "own_division":
            own = Scope((self.world.attributes["division"],)) if self.world.attributes else NOTHING
        elif rule.scope_expr:
            own = Scope(tuple(rule.scope_expr.removeprefix("divisions: ").split(", ")))
        wanted = f"grant:{self.world.function}" if rule is GRANT_RULE else rule.role
        found = NOTHING
        for role, scope in _links(self.world):
            held = role == wanted or (role in ROLES and self.roles.has_link(role, wanted))
            if held and _reaches(self.world, scope, rule.effect):
                found = found.union(own.intersect(Scope.from_json(scope)))
        return found

    def _covers(self, _subject: str, role: str, scope_expr: str, effect: str) -> bool:
        rows = self.rows(GRANT_RULE if role == "grant:*" else RuleSpec(role, "", effect=effect, scope_expr=scope_expr))
        division = self.world.resource.get("division")
        return rows != NOTHING if division is None else rows.covers(division)

    def _noted(self, _subject: str, number: int) -> bool:
        self.matched.append(number)
        return True

    def decide(self) -> tuple[bool, RuleSpec | None, Scope]:
        """Return Casbin's answer, the rule it explains it with, and the rows of all rules that matched."""
        function = self.world.function
        everything = f"{function.partition(':')[0]}:*"
        allowed, explained = self.enforcer.enforce_ex(SUBJECT, function, everything, f"grant:{function}")
        rows = NOTHING
        for number in self.matched if allowed else ():
            rows = rows.union(self.rows(self.rules[number]))
        return allowed, self.rules[explained[5]] if explained else None, rows


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_the_engine_answers_as_stock_casbin_does(world: World) -> None:
    verdict = world.verdict(world.engine())
    assert (verdict.allowed, verdict.rule, verdict.rows) == Reference(world).decide()
