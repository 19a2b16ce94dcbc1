"""Small changes to a policy's text, made where they belong, so that its comments and its order stay: a rule more, a rule less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from govcloud.authorization.drafting.checking import checked
from govcloud.authorization.policies.comparing import compare
from govcloud.authorization.policies.document import PolicyDocument, RuleSpec, parse_document
from govcloud.kernel.errors import Conflict
from govcloud.kernel.messages import Message


def with_rule(base: PolicyDocument, role: str, rule: Mapping[str, Any], zones: Collection[str] | None = None) -> PolicyDocument:
    """Return ``base`` with a rule more at the end of a role's.

    Args:
        base: the policy.
        role: which role.
        rule: as it stands in a document: ``allow`` or ``deny`` with functions, ``when``, ``scope``, ``label``.
        zones: the network zones that conditions may name; ``None``: any.

    Raises:
        PolicyError: the rule is wrong.
        Conflict: the text is written so that nobody but a person can change it.
    """
    rules = _rules(base, role)
    written = yaml.safe_dump([dict(rule)], allow_unicode=True, sort_keys=False, width=1000)
    if rules is None or rules.flow_style or not rules.value:
        raise _by_hand(role)
    after = _last_line(rules.value[-1]) + 1
    indent = rules.value[-1].start_mark.column - 2
    lines = base.text.splitlines(keepends=True)
    text = "".join([*lines[:after], *(" " * indent + line for line in written.splitlines(keepends=True)), *lines[after:]])
    return checked(text, base.source, zones)


def without_rule(base: PolicyDocument, gone: RuleSpec) -> PolicyDocument:
    """Return ``base`` without one rule; of an entry that names several functions only that one goes.

    Raises:
        Conflict: there is no such rule any more, or the text is written so that nobody but a person can change it.
    """
    rules = _rules(base, gone.role)
    for node in rules.value if rules is not None and not rules.flow_style else ():
        entry = yaml.safe_load(yaml.serialize(node))
        named = entry.get(gone.effect, []) if isinstance(entry, dict) else []
        functions = [named] if isinstance(named, str) else list(named)
        said = (entry.get("when") or "", entry.get("scope") or "", entry.get("label") or "") if functions else ("", "", "")
        if gone.function not in functions or not _same(said, gone):
            continue
        left = [function for function in functions if function != gone.function]
        result = checked(_replaced(base.text, node, entry | {gone.effect: left} if left else None), base.source)
        difference = compare(base, result)
        if Counter(difference.rules_removed) == Counter((gone,)) and not difference.rules_added:
            return result
    raise _by_hand(gone.role)


def _same(said: tuple[str, str, str], rule: RuleSpec) -> bool:
    """Return whether an entry's condition, scope and label are the rule's; a document keeps them trimmed and on one line."""
    condition, scope, label = (" ".join(str(part).split()) for part in said)
    return (condition, scope, label) == tuple(" ".join(part.split()) for part in (rule.condition, rule.scope_expr, rule.label))


def _rules(document: PolicyDocument, role: str) -> yaml.SequenceNode | None:
    """Return where the rules of a role stand in a text."""
    parse_document(document.text, document.source)
    node: yaml.Node | None = yaml.compose(document.text, Loader=yaml.SafeLoader)
    for step in ("roles", role, "rules"):
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for key, value in node.value if key.value == step), None)
    return node if isinstance(node, yaml.SequenceNode) else None


def _replaced(text: str, node: yaml.Node, entry: Mapping[str, Any] | None) -> str:
    """Return the text with the lines of one entry replaced by another, or taken out."""
    lines = text.splitlines(keepends=True)
    first, last, indent = node.start_mark.line, _last_line(node), node.start_mark.column - 2
    written = yaml.safe_dump([dict(entry)], allow_unicode=True, sort_keys=False, width=1000) if entry else ""
    return "".join([*lines[:first], *(" " * indent + line for line in written.splitlines(keepends=True)), *lines[last + 1 :]])


def _last_line(node: yaml.Node) -> int:
    """Return the last line of a node; a block ends, for YAML, only where the next thing begins."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end = node.end_mark
    return int(end.line if end.column else end.line - 1)


def _by_hand(role: str) -> Conflict:
    return Conflict(
        "edit_by_hand",
        Message("角色“%(role)s”的规则在正文中的写法不能自动修改，或该规则已不在其中。", role=role),
        remedy=Message("请新建草稿，直接修改正文。"),
    )
