"""A policy made ready to decide: conditions and scopes compiled, roles closed, rules indexed by function and role. Immutable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TypeVar

from govcloud.authorization.deciding.asking import ANY_GRANT
from govcloud.authorization.policies.conditions import EVERYWHERE, Condition, compile_condition
from govcloud.authorization.policies.document import ALLOW, RoleSpec, RuleSpec
from govcloud.authorization.policies.inclusion import role_closure
from govcloud.authorization.policies.scope_rules import ScopeRule, compile_scope
from govcloud.authorization.subjects.snapshot import subsystem_of
from govcloud.kernel.messages import Message

T = TypeVar("T")

#: One row of Casbin's policy: role, function, condition, scope, effect, number of the rule.
Row = tuple[str, str, str, str, str, int]

#: The fixed rule of temporary grants, and the row that never matches: no role and no function is called "".
GRANT_RULE = RuleSpec(ANY_GRANT, "*", label="临时权限")
NEVER: Row = ("", "", "", "", "deny", -1)


@dataclass(frozen=True)
class CompiledPolicy:
    """One version of the policy. ``rules[0]`` is the fixed rule of temporary grants; a rule's number is its place here."""

    number: int
    roles: Mapping[str, RoleSpec]
    closure: Mapping[str, frozenset[str]]
    rules: tuple[RuleSpec, ...]
    conditions: Mapping[str, Condition]
    scopes: Mapping[str, ScopeRule]
    _tables: Mapping[str, tuple[Mapping[str, tuple[Row, ...]], ...]]
    """For each function that rules name, and each ``subsystem:*``: the rules about it, by role."""
    asks_everywhere: bool = False
    """Whether some condition asks about all appointments of the official, which are read only then."""

    def slice_for(self, function: str, roles: Mapping[str, object], grant: str) -> tuple[Row, ...]:
        """Return the rules that may match, in their order; never empty.

        What is left out are rules of another function, and of roles that the subject's snapshot does not have: both are
        conjuncts of the matcher, so the answer provably stays the same. An empty policy is run by Casbin as one rule of empty
        fields, which some matchers accept; so nothing at all becomes the row that never matches.
        """
        found: list[Row] = []
        held = roles.keys()
        for by_role in self._tables.get(function) or self._tables.get(all_of(function), ()):
            for role in held & by_role.keys() if len(held) < len(by_role) else by_role:
                if role in held:
                    found += by_role[role]
        if len(found) > 1:
            found.sort(key=_number)
        if grant in held:
            found.append(_GRANT_ROW)
        return tuple(found) or _NOTHING

    def functions_of(self, roles: Iterable[str]) -> frozenset[str]:
        """Return the functions (and ``subsystem:*``) that some allow rule of these roles names."""
        held = frozenset(roles)
        return frozenset(rule.function for rule in self.rules[1:] if rule.effect == ALLOW and rule.role in held)

    def roles_naming(self, function: str) -> frozenset[str]:
        """Return every role with an allow rule on ``function``, and every role that includes such a role."""
        keys = keys_of((function,))
        direct = {rule.role for rule in self.rules[1:] if rule.effect == ALLOW and rule.function in keys}
        return frozenset(role for role, closed in self.closure.items() if closed & direct)

    def knows(self, function: str) -> bool:
        """Return whether some rule names exactly ``function``."""
        return function in self._tables


def _number(row: Row) -> int:
    return row[5]


def row_of(number: int, rule: RuleSpec) -> Row:
    """Return the rule as Casbin's policy has it."""
    return (rule.role, rule.function, rule.condition, rule.scope_expr, rule.effect, number)


_GRANT_ROW: Row = row_of(0, GRANT_RULE)
_NOTHING: tuple[Row, ...] = (NEVER,)


@lru_cache(65_536)
def all_of(function: str) -> str:
    """Return the name of all functions of the same subsystem."""
    return f"{subsystem_of(function)}:*"


def keys_of(functions: Iterable[str]) -> frozenset[str]:
    """Return by which names rules can be about ``functions``: each of them, and all of its subsystem."""
    return frozenset(key for function in functions for key in (function, all_of(function)))


def compile_policy(
    number: int, roles: Sequence[RoleSpec], rules: Sequence[RuleSpec], closure: Mapping[str, frozenset[str]] | None = None
) -> CompiledPolicy:
    """Make a policy ready to decide.

    Args:
        number: the version's number.
        roles: its roles.
        rules: its rules in their order, or those alone about the functions that it will be asked about.
        closure: for each role, itself and everything that it includes, where that is known already.

    Raises:
        ConditionError: a condition or scope cannot be read; a policy that was saved through ``install_policy`` has none such.
    """
    numbered = (GRANT_RULE, *rules)
    index: dict[str, dict[str, list[Row]]] = {}
    for place, rule in enumerate(numbered[1:], start=1):
        index.setdefault(rule.function, {}).setdefault(rule.role, []).append(row_of(place, rule))
    frozen = {function: {role: tuple(rows) for role, rows in by_role.items()} for function, by_role in index.items()}
    conditions = _compiled({rule.condition for rule in numbered if rule.condition}, partial(compile_condition, saving=False))
    return CompiledPolicy(
        number=number,
        roles={role.code: role for role in roles},
        closure=role_closure({role.code: role.includes for role in roles}) if closure is None else closure,
        rules=numbered,
        conditions=conditions,
        scopes=_compiled({rule.scope_expr for rule in numbered}, compile_scope),
        _tables={
            function: tuple(frozen[key] for key in dict.fromkeys((function, all_of(function))) if key in frozen) for function in frozen
        },
        asks_everywhere=any(condition.subject_reads & EVERYWHERE for condition in conditions.values()),
    )


def _compiled(texts: Iterable[str], compile_text: Callable[[str], T]) -> Mapping[str, T]:
    return {text: compile_text(text) for text in texts}


def rule_label(rule: RuleSpec) -> Message:
    """Return what a rule is called for people: its label, or what it says."""
    return Message(rule.label) if rule.label else Message("角色“%(role)s”使用 %(function)s", role=rule.role, function=rule.function)
