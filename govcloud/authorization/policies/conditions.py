"""The small typed language of a rule's condition: read and checked when a policy is saved, compiled once, never parsed on a request.

It borrows Python's expression grammar and allows a whitelist of it::

    resource.division == subject.division
    under(resource.department_path, subject.department_path) and subject.label >= 2
    context.workday and "08:00" <= context.time < "18:00"
    subject.rank >= "县处级副职" and context.network_zone == "government_extranet"
    resource.role in ["department_admin", "subsystem_admin"] and resource.secret != true

A condition is true, false or *undetermined*: what reads an attribute that this request does not carry is undetermined (Kleene's
three values), which never opens an allow and never lifts a deny. The words stand in ``vocabulary.py``, what they compute in
``terms.py``, and the whole language for people in ``docs/policies.md``.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from govcloud.authorization.errors import ConditionError
from govcloud.authorization.policies import terms
from govcloud.authorization.policies.terms import Compiled, Facts, Lacks, Term
from govcloud.authorization.policies.vocabulary import EVERYWHERE, OWNERS, ZONE, Domain, Kind, attribute, can_be_told, zone_domain
from govcloud.kernel.messages import Message

__all__ = ["EVERYWHERE", "Condition", "Facts", "compile_condition", "parse_expression"]

MAX_LENGTH = 1000

_SIGNS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_LISTS = {Kind.TEXT: Kind.TEXTS, Kind.NUMBER: Kind.NUMBERS}

#: On Python 3.11 parsing in several threads at once can raise SystemError (python/cpython#106905).
_PARSING = threading.Lock()


def parse_expression(text: str) -> ast.expr:
    """Return the syntax tree of one expression; one thread at a time.

    Raises:
        SyntaxError: ``text`` is not one expression, or is nested too deeply.
    """
    with _PARSING:
        try:
            return ast.parse(text, mode="eval").body
        except (RecursionError, MemoryError, ValueError) as error:
            raise SyntaxError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that has been checked; ``holds`` gives True, False or None (undetermined).

    ``subject_reads`` names the attributes of the subject that it reads.
    """

    text: str
    evaluate: Compiled
    lacks: Lacks
    subject_reads: frozenset[str] = frozenset()

    def holds(self, facts: Facts) -> bool | None:
        """Return whether the condition is true for these facts; ``None`` when an attribute that it needs is missing."""
        result: bool | None = self.evaluate(facts)
        return result

    def missing(self, facts: Facts, *, wanted: bool = True) -> frozenset[str]:
        """Return what the question did not tell and what could bring an undetermined condition to ``wanted`` (``resource.level``).

        Empty when the condition is determined, or when nothing that a question can tell would help.
        """
        return self.lacks(facts, wanted) if self.evaluate(facts) is None else frozenset()


def compile_condition(text: str, *, saving: bool = True, zones: Collection[str] | None = None) -> Condition:
    """Read and check ``text``.

    Args:
        text: the condition.
        saving: also refuse values that an attribute never has. A policy in force was saved once, perhaps by an older release with
            fewer checks; it still decides, and such a comparison is simply never true.
        zones: the network zones that there are; ``None``: whatever is written.

    Raises:
        ConditionError: names the column (from 1), what is wrong there, and what can be written instead.
    """
    flat = text.replace("\n", " ").strip()
    if len(flat) > MAX_LENGTH:
        raise ConditionError(Message("条件过长（%(length)s 个字符），最多 %(most)s 个。", length=len(flat), most=MAX_LENGTH), 1)
    try:
        tree = parse_expression(flat)
    except SyntaxError as error:
        # Where the text breaks off, Python points behind the end, or at a line that is not there.
        column = error.offset if error.offset and error.lineno == 1 else len(flat) + 1
        raise ConditionError(Message("条件的写法有误：“%(text)s”。", text=flat[:100]), column) from error
    reader = _Reader(flat, saving=saving, zones=zones)
    term = reader.boolean(tree)
    return Condition(flat, term.evaluate, term.lacks, frozenset(reader.subject_reads))


class _Reader:
    """Turns a syntax tree into terms, checking types and values on the way."""

    def __init__(self, text: str, *, saving: bool, zones: Collection[str] | None) -> None:
        self._bytes = text.encode()
        self._saving = saving
        self._zones = None if zones is None else zone_domain(zones)
        self.subject_reads: set[str] = set()

    def _error(self, node: ast.AST, message: Message) -> ConditionError:
        offset: int = getattr(node, "col_offset", 0)
        return ConditionError(message, len(self._bytes[:offset].decode()) + 1)

    def read(self, node: ast.expr) -> Term:  # noqa: PLR0911 - one return for each form of the language
        """Return the term that ``node`` stands for."""
        match node:
            case ast.Constant(value=value):
                return self._constant(node, value)
            case ast.Name(id="true" | "false" as word):
                return self._constant(node, word == "true")
            case ast.List(elts=elements):
                return self._list(node, elements)
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                return self._attribute(node, owner, name)
            case ast.BoolOp(op=op, values=values):
                return terms.junction([self.boolean(value) for value in values], is_and=isinstance(op, ast.And))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return terms.negation(self.boolean(operand))
            case ast.Compare():
                return self._compare(node)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, arguments)
            case _:
                raise self._error(node, Message("条件里不能用这种写法，可用的只有比较、in、and、or、not、括号、under(…)、within(…)。"))

    def _constant(self, node: ast.expr, value: object) -> Term:
        for accepted, kind in ((bool, Kind.BOOLEAN), (int, Kind.NUMBER), (str, Kind.TEXT)):
            if isinstance(value, accepted):
                return terms.constant(kind, value, (value,))
        raise self._error(node, Message("条件里不能用值 %(value)s，可用的只有文字、整数、true 和 false。", value=repr(value)))

    def _list(self, node: ast.expr, elements: list[ast.expr]) -> Term:
        values = [element.value for element in elements if isinstance(element, ast.Constant)]
        for accepted, kind in ((str, Kind.TEXTS), (int, Kind.NUMBERS)):
            if values and len(values) == len(elements) and all(type(value) is accepted for value in values):
                return terms.constant(kind, values, tuple(values))
        raise self._error(node, Message("列表里只能全是文字或全是数字，且不能为空。"))

    def _attribute(self, node: ast.expr, owner: str, name: str) -> Term:
        if owner not in OWNERS:
            raise self._error(node, Message("不认识“%(name)s”，只能用 subject、resource、context。", name=owner))
        found = attribute(owner, name)
        if found is None:
            known = OWNERS[owner]
            near = get_close_matches(name, known, n=1) or sorted(known)
            raise self._error(
                node, Message("%(owner)s 没有属性“%(name)s”，可用：%(known)s。", owner=owner, name=name, known="、".join(near))
            )
        if owner == "subject":
            self.subject_reads.add(name)
        domain = self._zones if (owner, name) == ZONE else found.domain
        return terms.reading(owner, name, found.kind, domain=domain, told=can_be_told(owner, name))

    def boolean(self, node: ast.expr) -> Term:
        """Return the term of ``node``, which must be true or false; a resource's attribute is checked when read."""
        term = self.read(node)
        if term.kind not in {Kind.BOOLEAN, Kind.ANY}:
            raise self._error(node, Message("这里要真或假，却是%(kind)s。请写成比较，如 … == …。", kind=term.kind.label))
        return terms.truth(term) if isinstance(node, ast.Attribute) else term

    def _compare(self, node: ast.Compare) -> Term:
        parts: list[Term] = []
        left_node, left = node.left, self.read(node.left)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.read(right_node)
            sign = _SIGNS.get(type(op))
            if sign is None or not _comparable(sign, left, right):
                kinds = {"left": left.kind.label, "right": right.kind.label}
                raise self._error(left_node, Message("不能这样比较：%(left)s 与 %(right)s。", **kinds))
            self._check_values(sign, left, right, right_node)
            self._check_values(sign, right, left, left_node)
            parts.append(terms.comparison(sign, left, right))
            left_node, left = right_node, right
        return parts[0] if len(parts) == 1 else terms.junction(parts, is_and=True)

    def _check_values(self, sign: str, read: Term, written: Term, node: ast.expr) -> None:
        """Refuse a value that the attribute compared with never has: the comparison would silently never be true."""
        domain = read.domain
        if not self._saving or domain is None or (domain.ordered_only and sign not in terms.ORDERINGS):
            return
        for value in written.literals:
            if not domain.holds(value):
                raise self._error(node, Message("这里不能写“%(value)s”：%(remedy)s", value=str(value)[:100], remedy=domain.remedy))

    def _call(self, node: ast.expr, name: str, arguments: list[ast.expr]) -> Term:
        if name not in terms.FUNCTIONS or len(arguments) != 2:  # noqa: PLR2004 - both functions take two texts
            raise self._error(node, Message("没有函数“%(name)s”，可用 under(路径, 上级路径)、within(区划, 上级区划)。", name=name))
        read = []
        for argument in arguments:
            term = self.read(argument)
            if term.kind not in {Kind.TEXT, Kind.ANY}:
                raise self._error(argument, Message("函数“%(name)s”的参数要文字，却是%(kind)s。", name=name, kind=term.kind.label))
            read.append(term)
        return terms.call(name, read[0], read[1])


def _comparable(sign: str, left: Term, right: Term) -> bool:
    kinds = {left.kind, right.kind}
    if sign in terms.MEMBERSHIPS:
        lists = {Kind.TEXTS, Kind.NUMBERS}
        return right.kind is Kind.ANY or (right.kind in lists and (left.kind is Kind.ANY or _LISTS.get(left.kind) is right.kind))
    if sign in terms.ORDERINGS and (not kinds <= {Kind.TEXT, Kind.NUMBER, Kind.ANY} or _ordered_otherwise(left.domain, right.domain)):
        return False
    return len(kinds) == 1 or Kind.ANY in kinds


def _ordered_otherwise(left: Domain | None, right: Domain | None) -> bool:
    """Return whether both are attributes, and not of one order: a rank is neither above nor below a level."""
    return left is not None and right is not None and left is not right
