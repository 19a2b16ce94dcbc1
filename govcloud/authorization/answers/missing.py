"""What a denied question lacks: whether it is undetermined only for want of attributes, and which (Kleene's three values).

It explains, and decides nothing: whether something is allowed is for the engine alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from govcloud.authorization.asking import Asking
from govcloud.authorization.conditions import parse_expression
from govcloud.authorization.document import ALLOW, DENY
from govcloud.authorization.policy import CompiledPolicy
from govcloud.authorization.scope import NOTHING

#: Whose attributes whoever asks can give; the subject's are ours.
_GIVEN = ("resource", "context")


class Matched(NamedTuple):
    """Whether a rule matches: yes, no, or (``None``) not to be said without ``missing``."""

    value: bool | None
    missing: frozenset[str] = frozenset()


_YES, _NO = Matched(value=True), Matched(value=False)


def undetermined(policy: CompiledPolicy, asking: Asking, function: str) -> tuple[str, ...]:
    """Return the attributes for want of which a denied question is undetermined, sorted; none when it is a plain no."""
    allows, denies = _by_effect(policy, asking, function)
    if any(found.value is True for found in denies):
        return ()
    open_allows = [found for found in allows if found.value is not False]
    if not open_allows:
        return ()
    settled = any(found.value is True for found in open_allows)
    # An allow that stands waits only for the denies; what else might allow as well is of no interest.
    waiting = [] if settled else open_allows
    return tuple(sorted(_names([*waiting, *(found for found in denies if found.value is None)])))


def rule_match(policy: CompiledPolicy, asking: Asking, number: int) -> tuple[Matched, Matched, Matched]:
    """Return, for one rule: whether its role is held now, whether its rows reach the resource, whether its condition holds."""
    rule = policy.rules[number]
    role = asking.role_of(rule.role)
    held = _YES if asking.holds_role(role) else _NO
    return held, _rows(policy, asking, number), _condition(policy, asking, number)


def reads_of(condition: str) -> frozenset[str]:
    """Return the attributes of resource and context that a condition reads, as ``owner.name``."""
    return _reads(condition)


def _by_effect(policy: CompiledPolicy, asking: Asking, function: str) -> tuple[list[Matched], list[Matched]]:
    found: dict[str, list[Matched]] = {ALLOW: [], DENY: []}
    for row in policy.slice_for(function, asking.snapshot.roles, asking.grant):
        number: int = row[-1]  # type: ignore[assignment]  # the last field of Casbin's row is the rule's number
        if number >= 0:
            found[policy.rules[number].effect].append(_all(rule_match(policy, asking, number)))
    return found[ALLOW], found[DENY]


def _all(parts: Iterable[Matched]) -> Matched:
    """Return Kleene's *and*."""
    parts = list(parts)
    if any(part.value is False for part in parts):
        return _NO
    lacking = frozenset(_names(part for part in parts if part.value is None))
    return Matched(None, lacking) if lacking else _YES


def _names(found: Iterable[Matched]) -> Iterator[str]:
    for part in found:
        yield from part.missing


def _condition(policy: CompiledPolicy, asking: Asking, number: int) -> Matched:
    """Return whether the condition holds; undetermined for another reason than a missing attribute is the engine's no (or a deny's yes)."""
    rule = policy.rules[number]
    if not rule.condition:
        return _YES
    value = policy.conditions[rule.condition].holds(asking.facts)
    if value is None:
        lacking = _lacking(_reads(rule.condition), asking.facts)
        return Matched(None, lacking) if lacking else (_YES if rule.effect == DENY else _NO)
    return _YES if value else _NO


def _rows(policy: CompiledPolicy, asking: Asking, number: int) -> Matched:
    """Return whether the rule's rows reach the resource; one that does not say where it stands may be within a delegated role's reach."""
    rule = policy.rules[number]
    role, scope = asking.role_of(rule.role), policy.scopes[rule.scope_expr]
    if asking.reaches_rows(role, scope, rule.effect):
        return _YES
    if rule.effect == DENY or not asking.bounded or asking.department_path is not None:
        return _NO
    own = scope.of(asking.snapshot.attributes)
    for window in asking.snapshot.roles.get(role, ()):
        if window.department_path is None or not window.live(asking.now):
            continue
        opened = own.intersect(window.scope)
        if opened != NOTHING and (asking.division is None or opened.covers(asking.division)):
            return Matched(None, frozenset({"resource.department_path"}))
    return _NO


def _lacking(reads: Iterable[str], facts: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return those of the attributes that the question does not carry."""
    found = set()
    for name in reads:
        owner, _, attribute = name.partition(".")
        if facts[owner].get(attribute) is None:
            found.add(name)
    return frozenset(found)


@lru_cache(maxsize=4096)
def _reads(condition: str) -> frozenset[str]:
    return frozenset(
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(parse_expression(condition))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _GIVEN
    )
