"""What separates two policies: roles, inclusions and rules that come and go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from govcloud.authorization.policies.document import PolicyDocument, RuleSpec


@dataclass(frozen=True, slots=True)
class Difference:
    """What a new policy adds to an old one and takes away from it; empty when both say the same."""

    roles_added: tuple[str, ...]
    roles_removed: tuple[str, ...]
    inclusions_added: tuple[tuple[str, str], ...]
    inclusions_removed: tuple[tuple[str, str], ...]
    rules_added: tuple[RuleSpec, ...]
    rules_removed: tuple[RuleSpec, ...]

    def __bool__(self) -> bool:
        """Return whether there is any difference."""
        return any(
            (
                self.roles_added,
                self.roles_removed,
                self.inclusions_added,
                self.inclusions_removed,
                self.rules_added,
                self.rules_removed,
            )
        )


def compare(old: PolicyDocument, new: PolicyDocument) -> Difference:
    """Return what separates ``new`` from ``old``; the order of rules, and texts for people on roles, do not count."""
    before, after = {role.code for role in old.roles}, {role.code for role in new.roles}
    links_before, links_after = _inclusions(old), _inclusions(new)
    return Difference(
        roles_added=tuple(sorted(after - before)),
        roles_removed=tuple(sorted(before - after)),
        inclusions_added=tuple(sorted(links_after - links_before)),
        inclusions_removed=tuple(sorted(links_before - links_after)),
        rules_added=_without(new.rules, old.rules),
        rules_removed=_without(old.rules, new.rules),
    )


def _inclusions(document: PolicyDocument) -> set[tuple[str, str]]:
    return {(role.code, included) for role in document.roles for included in role.includes}


def _without(rules: tuple[RuleSpec, ...], others: tuple[RuleSpec, ...]) -> tuple[RuleSpec, ...]:
    """Return the rules that ``others`` does not have, in their order; one that stands twice counts twice."""
    left = Counter(others)
    kept: list[RuleSpec] = []
    for rule in rules:
        if left[rule] > 0:
            left[rule] -= 1
        else:
            kept.append(rule)
    return tuple(kept)
