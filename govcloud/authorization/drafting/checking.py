"""Checking a text before anything is done with it: every finding with its line, and the cases that it has to stand up to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from govcloud.authorization.deciding.cases import load_cases
from govcloud.authorization.deciding.enforcing import refuse_unkept
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.document import ALLOW, MAX_BYTES, PolicyDocument, RuleSpec, read_document
from govcloud.authorization.shipped import policies_folder
from govcloud.kernel.errors import FieldError
from govcloud.kernel.messages import Message
from govcloud.subsystems.views import FunctionView

_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")
_YAML_PLACE = re.compile(r"line ([0-9]+), column ([0-9]+)")
#: So many failed cases are kept and shown.
_MOST_FAILED = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a text: line and column (from 1; ``None``: it belongs to none), the place in words, and the sentence."""

    line: int | None
    place: str
    message: Message
    column: int | None = None


@dataclass(frozen=True, slots=True)
class CaseRun:
    """What the cases said: how many there were, how many did not hold, and the first of those with what differed."""

    cases: int
    failed: int
    shown: tuple[tuple[str, str], ...] = ()


def keepable(text: str) -> str:
    """Return ``text`` if it can be kept as a draft at all, right or wrong.

    Raises:
        PolicyError: it is longer than a policy may be, or is no text that a database keeps.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise PolicyError([FieldError("document", Message("正文里有不成文字的字符。"))]) from error
    if size > MAX_BYTES:
        raise PolicyError([FieldError("document", Message("文件超过 %(most)s 字节。", most=MAX_BYTES))])
    if "\0" in text:
        raise PolicyError([FieldError("document", Message("正文里有不成文字的字符。"))])
    return text


def checked(text: str, source: str, zones: Collection[str] | None = None, functions: Iterable[FunctionView] = ()) -> PolicyDocument:
    """Read a text as somebody wrote it.

    Args:
        text: the YAML.
        source: names it in the record.
        zones: the network zones that its conditions may name; ``None``: any, where there is no installation whose zones could be asked.
        functions: the catalogue, whose integration levels have to keep what rules bound.

    Raises:
        PolicyError: with every finding.
    """
    document = read_document(keepable(text), source, zones)
    if wrong := [_installs(rule) for rule in document.rules if _goes_around(rule)]:
        raise PolicyError(wrong)
    refuse_unkept(document, functions)
    return document


def _goes_around(rule: RuleSpec) -> bool:
    """Say whether a rule lets somebody install a policy without a second person: only the server may, and only the first one."""
    return rule.function == "govcloud:policy:install" and rule.effect == ALLOW and not rule.role.startswith("system:")


def _installs(rule: RuleSpec) -> FieldError:
    message = Message("安装策略的功能只能留给首次安装的程序；修改策略须起草并由第二人批准。")
    return FieldError(f"roles.{rule.role}.rules", message, rule.function)


def findings(text: str, source: str, zones: Collection[str] | None = None, functions: Iterable[FunctionView] = ()) -> tuple[Finding, ...]:
    """Return everything that is wrong with ``text``, in the order of its lines; nothing when it can be submitted."""
    try:
        checked(text, source, zones, functions)
    except PolicyError as error:
        return located(text, error)
    return ()


def located(text: str, error: PolicyError) -> tuple[Finding, ...]:
    """Return the findings of ``error`` with the lines and columns of ``text`` that they are about."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        node = None
    found = [_located(text, node, item) for item in error.fields]
    return tuple(sorted(found, key=lambda item: (item.line is None, item.line or 0, item.column or 0)))


def run_cases(document: PolicyDocument, folder: Path | None = None) -> CaseRun:
    """Run the cases of ``folder`` (by default those that ship) against ``document``.

    Raises:
        PolicyError: a file of cases cannot be read, or cannot be joined to the document.
    """
    count, failed, shown = 0, 0, list[tuple[str, str]]()
    for case in load_cases(folder or policies_folder() / "cases", document):
        count += 1
        differences = case.run()
        if differences:
            failed += 1
            if len(shown) < _MOST_FAILED:
                shown.append((str(case), "; ".join(differences)))
    return CaseRun(count, failed, tuple(shown))


def _located(text: str, tree: yaml.Node | None, item: FieldError) -> Finding:
    """Return a finding at the place that it is about: as YAML says it, or where the named place stands."""
    if item.field == "document":
        said = _YAML_PLACE.search(str(item.message))
        return Finding(int(said[1]) if said else None, item.field, item.message, int(said[2]) if said else None)
    if tree is None:
        return Finding(None, item.field, item.message)
    place = _walk(tree, [name or int(number) for name, number in _STEP.findall(item.field)])
    node = _naming(place, item.value) or place
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    within, reason = item.message.values.get("column"), item.message.values.get("reason")
    if not isinstance(within, int) or not isinstance(reason, Message):
        return Finding(line, item.field, item.message, column)
    begins = _begins(text, node)
    # Where a condition stands on several lines, or with escapes, its own columns are not those of the text: the sentence names them.
    return Finding(line, item.field, item.message) if begins is None else Finding(line, item.field, reason, begins + within)


def _begins(text: str, node: yaml.Node) -> int | None:
    """Return how many characters stand before a scalar's content on its line; ``None`` when it is not written there as it is read."""
    if not isinstance(node, yaml.ScalarNode):
        return None
    quote = 1 if node.style in {"'", '"'} else 0
    if not text.startswith(node.value, node.start_mark.index + quote):
        return None
    return int(node.start_mark.column) + quote + len(node.value) - len(node.value.lstrip())


def _walk(node: yaml.Node, steps: Sequence[str | int]) -> yaml.Node:
    """Return the node that the steps lead to, or the last one on the way that is there."""
    for step in steps:
        following = _child(node, step)
        if following is None:
            return node
        node = following
    return node


def _naming(node: yaml.Node, value: str) -> yaml.Node | None:
    """Return the first text below ``node`` that is exactly ``value``: of a whole list of rules, the one that is meant."""
    waiting = [node]
    while value and waiting:
        here = waiting.pop()
        if isinstance(here, yaml.ScalarNode) and here.value == value:
            return here
        if isinstance(here, yaml.SequenceNode):
            waiting += reversed(here.value)
        elif isinstance(here, yaml.MappingNode):
            waiting += [part for pair in reversed(here.value) for part in reversed(pair)]
    return None


def _child(node: yaml.Node, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                # An empty value stands nowhere; its key does.
                empty = isinstance(value, yaml.ScalarNode) and not value.value
                found: yaml.Node = key if empty else value
                return found
        return None
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item: yaml.Node = node.value[step]
        return item
    return None
