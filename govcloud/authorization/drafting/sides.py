"""One of the two policies that are compared, with the engines that say what is open for certain and what perhaps.

Both engines are the platform's own, by the same model; they differ in what they make of a condition that nobody can decide without
knowing the thing, the time or the place. For certain: it opens no allow and lifts no deny, as in production. Perhaps: the other way
round. What the first opens is open on some rows at least, whenever it is asked; what the second closes is closed whatever is asked about.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from govcloud.authorization.deciding.asking import Asking, rows_in
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.policy import CompiledPolicy, all_of
from govcloud.authorization.drafting.effects import Outcome, Reach
from govcloud.authorization.policies.document import ALLOW, RuleSpec
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.authorization.shipped import model_text
from govcloud.authorization.subjects.snapshot import Snapshot, grant_role
from govcloud.subsystems.levels import OWN, Traits

#: What an allow rests on that is for everything, always and without bounds: beside it, narrower ones say nothing.
_EVERYTHING = (RuleSpec("", ""), frozenset({(PROVINCE, None)}))


class Side:
    """A policy, asked about functions of which nothing else is known."""

    def __init__(self, policy: CompiledPolicy) -> None:
        """Make its engines."""
        self.policy = policy
        self._certainly = Engine(model_text(), policy)
        self._possibly = Engine(model_text(), policy, possibly=True)
        by_function: dict[str, list[RuleSpec]] = {}
        for rule in policy.rules[1:]:
            by_function.setdefault(rule.function, []).append(rule)
        self._by_function: Mapping[str, Sequence[RuleSpec]] = by_function

    def rules_on(self, function: str) -> Sequence[RuleSpec]:
        """Return the rules that name a function, by itself or with all of its subsystem."""
        return [*self._by_function.get(function, ()), *self._by_function.get(all_of(function), ())]

    def outcome(self, snapshot: Snapshot, function: str, now: int, traits: Traits = OWN) -> Outcome:
        """Return how far ``function`` is open to the subject; windows that begin later count as perhaps.

        Args:
            snapshot: the subject under this policy.
            function: what is asked for.
            now: the moment, as an ``instant``.
            traits: the security label and the integration level of the function.
        """
        if self._certainly.decide(_asking(snapshot, function, now, traits), function).allowed:
            reach = Reach.OPEN
        elif self._possibly.decide(_asking(loosened(snapshot), function, now, traits), function).allowed:
            reach = Reach.CONDITIONAL
        else:
            return Outcome(Reach.CLOSED)
        found = frozenset(self._rests_on(snapshot, function, _asking(snapshot, function, now, traits)))
        return Outcome(reach, frozenset((_EVERYTHING,)) if _EVERYTHING in found and reach is Reach.OPEN else found)

    def _rests_on(self, snapshot: Snapshot, function: str, asking: Asking) -> list[object]:
        """Return what the answer rests on: each rule that can match, without its words and its role, with the bounds it is held in.

        What the function's integration level does not keep opens nothing.
        """
        facts = {"subject": snapshot.attributes, "resource": {}, "context": {}}
        found: list[object] = []
        for rule in self.rules_on(function):
            windows = snapshot.roles.get(rule.role, ())
            if rule.effect == ALLOW:
                own = asking.own_rows(self.policy.scopes[rule.scope_expr])
                windows = tuple(window for window in windows if asking.keeps(rows_in(window, own), rule.fields))
            met = self.policy.conditions[rule.condition].holds(facts) if rule.condition else True
            if not windows or met is False:
                continue
            condition = "" if met and rule.effect == ALLOW else rule.condition
            bounds = frozenset((window.scope, window.department_path) for window in windows)
            found.append((dataclasses.replace(rule, role="", function="", label="", condition=condition), bounds))
        if granted := snapshot.roles.get(grant_role(function)):
            found.append(("grant", frozenset(window.scope for window in granted if asking.keeps(window.scope))))
        return found


def loosened(snapshot: Snapshot) -> Snapshot:
    """Return the subject with every window begun: what is held later is open perhaps."""
    begun = {role: tuple(msgspec.structs.replace(window, starts_at=0) for window in windows) for role, windows in snapshot.roles.items()}
    return Snapshot(snapshot.id, snapshot.attributes, MappingProxyType(begun))


def _asking(snapshot: Snapshot, function: str, now: int, traits: Traits) -> Asking:
    """Return the question "on anything at all?", of which neither the thing nor the time nor the place is known."""
    return Asking(snapshot, function, now, label=traits.label, level=traits.level, resource={}, context={}, bounded=False)
