"""Which functions a change of policy can touch at all, and through which roles; everything else is left out of the count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from govcloud.authorization.deciding.policy import CompiledPolicy, all_of
from govcloud.authorization.policies.document import RuleSpec
from govcloud.authorization.subjects.snapshot import door_of, grant_role, subsystem_of
from govcloud.subsystems.levels import OWN, Traits


@dataclass(frozen=True)
class Changes:
    """``functions`` that may come out otherwise, each with the roles that rules on it name; ``unknown`` are those without a catalogue.

    ``holding`` are the roles that bring somebody one of the naming roles, themselves or by inclusion, before or after. ``traits`` are
    what the catalogue says of those functions; ``traits_after``, where it is this that changes, what it would say.
    """

    functions: Mapping[str, frozenset[str]]
    unknown: tuple[str, ...]
    holding: frozenset[str]
    traits: Mapping[str, Traits] = field(default_factory=dict)
    traits_after: Mapping[str, Traits] | None = None

    @property
    def labelled(self) -> bool:
        """Say whether who is cleared for what matters to any of them."""
        return any(item.label for item in (*self.traits.values(), *(self.traits_after or {}).values()))

    def before(self, function: str) -> Traits:
        """Return what a function is like."""
        return self.traits.get(function, OWN)

    def after(self, function: str) -> Traits:
        """Return what a function would be like."""
        return (self.traits if self.traits_after is None else self.traits_after).get(function, OWN)

    @property
    def subsystems(self) -> frozenset[str]:
        """Return the subsystems whose door may come out otherwise: any grant in them opens it."""
        return frozenset(subsystem_of(code) for code in self.functions if code == door_of(subsystem_of(code)))


def changes(old: CompiledPolicy, new: CompiledPolicy, catalogue: Collection[str]) -> Changes:
    """Return what differs between two policies.

    Args:
        old: what is in force.
        new: what would be.
        catalogue: every function of relying systems that can be asked for, doors included.
    """
    named = _named(old, new)
    known = {code for code in catalogue if code in named or all_of(code) in named}
    platform = {code for code in named if subsystem_of(code) == "govcloud"}
    touched = known | platform
    functions = {code: _naming(old, code) | _naming(new, code) for code in sorted(touched)}
    naming = frozenset[str]().union(*functions.values())
    holding = {role for policy in (old, new) for role, included in policy.closure.items() if included & naming}
    unknown = sorted(code for code in named - platform if code not in known and not (code.endswith(":*") and _any_of(code, known)))
    return Changes(functions, tuple(unknown), frozenset(holding))


def relabelled(policy: CompiledPolicy, function: str, traits: tuple[Traits, Traits]) -> Changes:
    """Return what differs when a function's security label gives way to another (before, after), under the same policy.

    A label binds grants as well as roles, so whoever holds a grant of the function counts.
    """
    naming = _naming(policy, function)
    holding = frozenset(role for role, included in policy.closure.items() if included & naming)
    before, after = traits
    return Changes({function: naming | {grant_role(function)}}, (), holding, {function: before}, {function: after})


def _any_of(everything: str, known: Iterable[str]) -> bool:
    return any(all_of(code) == everything for code in known)


def _named(old: CompiledPolicy, new: CompiledPolicy) -> set[str]:
    """Return the functions, as rules write them, whose rules or whose roles' inclusions differ."""
    before, after = Counter(map(_meaning, old.rules[1:])), Counter(map(_meaning, new.rules[1:]))
    named = {rule.function for rule in (before - after) | (after - before)}
    moved = {
        role
        for holder in {*old.closure, *new.closure}
        for role in old.closure.get(holder, frozenset((holder,))) ^ new.closure.get(holder, frozenset((holder,)))
    }
    return named | {rule.function for policy in (old, new) for rule in policy.rules[1:] if rule.role in moved}


def _meaning(rule: RuleSpec) -> RuleSpec:
    """Return the rule without its words for people."""
    return replace(rule, label="")


def _naming(policy: CompiledPolicy, function: str) -> frozenset[str]:
    keys = {function, all_of(function)}
    return frozenset(rule.role for rule in policy.rules[1:] if rule.function in keys)
