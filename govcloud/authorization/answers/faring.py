"""How one rule fares with a question, part by part: for explanations and trials. It decides nothing; see also ``lacking.py``."""

from __future__ import annotations

from typing import NamedTuple

from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.policies.document import ALLOW, DENY


class Fared(NamedTuple):
    """Whether the role is held now, whether the rows reach the resource, whether the condition holds.

    ``None`` is not to be said without ``missing`` (``resource.level``), or not at all. ``cleared`` is the mandatory control: a label
    binds allows only. ``kept`` says whether the function's integration level enforces the rows and fields that an allow bounds.
    """

    held: bool
    reaches: bool | None
    holds: bool | None
    cleared: bool
    missing: frozenset[str] = frozenset()
    kept: bool = True


def fared(policy: CompiledPolicy, asking: Asking, number: int) -> Fared:
    """Return how rule ``number`` fares."""
    rule = policy.rules[number]
    role, scope = asking.role_of(rule.role), policy.scopes[rule.scope_expr]
    wanted = rule.effect == ALLOW
    holds: bool | None = True
    missing = frozenset[str]()
    if rule.condition:
        condition = policy.conditions[rule.condition]
        holds = condition.holds(asking.facts)
        missing = condition.missing(asking.facts, wanted=wanted)
    kept = asking.kept(role, scope, rule.fields) if wanted else True
    reaches: bool | None = kept is not None if wanted else asking.opens(role, scope, rule.effect) is not None
    if not reaches and rule.effect != DENY:
        unsaid = [
            lacks
            for window in asking.snapshot.roles.get(role, ())
            if window.live(asking.now) and (lacks := asking.rows_of(window, scope).lacks(asking.row or {})) is not None
        ]
        if nearest := min(unsaid, key=len, default=None):
            reaches, missing = None, missing | {f"resource.{key}" for key in nearest}
    cleared = not wanted or asking.clearance >= asking.label
    return Fared(asking.holds_role(role), reaches, holds, cleared, missing, kept is not False)
