"""The small typed language of a rule's condition: read and checked when a policy is saved, compiled once, never parsed on a request.

It borrows Python's expression grammar and allows a whitelist of it::

    resource.division == subject.division
    under(resource.department_path, subject.department_path) and subject.label >= 2
    not (context.weekday in [6, 7]) and "08:00" <= context.time < "18:00"
    resource.role in ["department_admin", "subsystem_admin"] and resource.secret != true

A condition is true, false or *undetermined*: what reads an attribute that this request does not carry is undetermined (Kleene's
three values), which never opens an allow and never lifts a deny.
"""

from __future__ import annotations

import ast
import operator
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from govcloud.authorization.errors import ConditionError
from govcloud.authorization.scope import division_covers
from govcloud.kernel.messages import Message

#: What a condition reads: the attributes of subject, resource and context.
Facts = Mapping[str, Mapping[str, Any]]
Compiled = Callable[[Facts], Any]
MAX_LENGTH = 1000


class Kind(Enum):
    """The types of the language; ``ANY`` is a resource's attribute, whose type the owning subsystem knows."""

    TEXT = "文字"
    NUMBER = "数字"
    BOOLEAN = "真假值"
    TEXTS = "文字列表"
    NUMBERS = "数字列表"
    ANY = "未定类型"

    @property
    def label(self) -> Message:
        """Return the type's name for people."""
        return Message(self.value)


SUBJECT: dict[str, Kind] = {
    "kind": Kind.TEXT,
    "official_id": Kind.TEXT,
    "appointment_id": Kind.TEXT,
    "department_id": Kind.TEXT,
    "department_path": Kind.TEXT,
    "division": Kind.TEXT,
    "business_lines": Kind.TEXTS,
    "level": Kind.TEXT,
    "rank": Kind.TEXT,
    "post": Kind.TEXT,
    "position": Kind.TEXT,
    "appointment_kind": Kind.TEXT,
    "all_department_ids": Kind.TEXTS,
    "all_positions": Kind.TEXTS,
    "label": Kind.NUMBER,
    "client_id": Kind.TEXT,
    "subsystem": Kind.TEXT,
}
#: Of all live appointments of the official, not only the one that is acted under; read only when a condition asks for them.
EVERYWHERE = frozenset({"all_department_ids", "all_positions"})
RESOURCE: dict[str, Kind] = {"division": Kind.TEXT, "department_path": Kind.TEXT, "type": Kind.TEXT, "id": Kind.TEXT}
CONTEXT: dict[str, Kind] = {"time": Kind.TEXT, "weekday": Kind.NUMBER, "network_zone": Kind.TEXT, "case_number": Kind.TEXT}

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}


def under(path: str, ancestor: str) -> bool:
    """Return whether department ``path`` is ``ancestor`` or lies below it (materialised paths, ``/…/`` at both ends)."""
    return bool(ancestor) and path.startswith(ancestor)


def within(division: str, outer: str) -> bool:
    """Return whether ``division`` is ``outer`` or lies in it."""
    return division_covers(outer, division)


_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {"under": under, "within": within}

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
    subject_reads: frozenset[str] = frozenset()

    def holds(self, facts: Facts) -> bool | None:
        """Return whether the condition is true for these facts; ``None`` when an attribute that it needs is missing."""
        result: bool | None = self.evaluate(facts)
        return result


def compile_condition(text: str) -> Condition:
    """Read and check ``text``.

    Raises:
        ConditionError: names the column (from 1) and what is wrong there.
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
    reader = _Reader(flat)
    return Condition(flat, reader.boolean(tree), frozenset(reader.subject_reads))


class _Reader:
    """Turns a syntax tree into nested closures, checking types on the way."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()
        self.subject_reads: set[str] = set()

    def _error(self, node: ast.AST, message: Message) -> ConditionError:
        offset: int = getattr(node, "col_offset", 0)
        return ConditionError(message, len(self._bytes[:offset].decode()) + 1)

    def read(self, node: ast.expr) -> tuple[Kind, Compiled]:  # noqa: PLR0911 - one return for each form of the language
        """Return the type of ``node`` and the closure that computes it."""
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
                return Kind.BOOLEAN, _join(isinstance(op, ast.And), [self.boolean(value) for value in values])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.boolean(operand)
                return Kind.BOOLEAN, lambda facts: None if (value := inner(facts)) is None else not value
            case ast.Compare():
                return self._compare(node)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, arguments)
            case _:
                raise self._error(node, Message("条件里不能用这种写法。"))

    def _constant(self, node: ast.expr, value: object) -> tuple[Kind, Compiled]:
        for accepted, kind in ((bool, Kind.BOOLEAN), (int, Kind.NUMBER), (str, Kind.TEXT)):
            if isinstance(value, accepted):
                return kind, lambda _facts: value
        raise self._error(node, Message("条件里不能用值 %(value)s。", value=repr(value)))

    def _list(self, node: ast.expr, elements: list[ast.expr]) -> tuple[Kind, Compiled]:
        values = [element.value for element in elements if isinstance(element, ast.Constant)]
        for accepted, kind in ((str, Kind.TEXTS), (int, Kind.NUMBERS)):
            if values and len(values) == len(elements) and all(type(value) is accepted for value in values):
                return kind, lambda _facts: values
        raise self._error(node, Message("列表里只能全是文字或全是数字，且不能为空。"))

    def _attribute(self, node: ast.expr, owner: str, name: str) -> tuple[Kind, Compiled]:
        known = {"subject": SUBJECT, "resource": RESOURCE, "context": CONTEXT}.get(owner)
        if known is None:
            raise self._error(node, Message("不认识“%(name)s”，只能用 subject、resource、context。", name=owner))
        kind = known.get(name, Kind.ANY if owner == "resource" else None)
        if kind is None:
            raise self._error(node, Message("%(owner)s 没有属性“%(name)s”。", owner=owner, name=name))
        if owner == "subject":
            self.subject_reads.add(name)
        return kind, lambda facts: facts[owner].get(name)

    def boolean(self, node: ast.expr) -> Compiled:
        """Return the closure that computes ``node``, which must be true or false; a resource's attribute is checked when read."""
        kind, evaluate = self.read(node)
        if kind is Kind.ANY:
            return lambda facts: value if isinstance(value := evaluate(facts), bool) else None
        if kind is not Kind.BOOLEAN:
            raise self._error(node, Message("这里要真或假，却是%(kind)s。", kind=kind.label))
        return evaluate

    def _compare(self, node: ast.Compare) -> tuple[Kind, Compiled]:
        parts: list[Compiled] = []
        left_node, (left_kind, left) = node.left, self.read(node.left)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right_kind, right = self.read(right_node)
            compare = _COMPARISONS.get(type(op))
            if compare is None or not _comparable(op, left_kind, right_kind):
                raise self._error(left_node, Message("不能这样比较：%(left)s 与 %(right)s。", left=left_kind.label, right=right_kind.label))
            parts.append(_comparison(compare, left, right, is_membership=isinstance(op, ast.In | ast.NotIn)))
            left_node, left_kind, left = right_node, right_kind, right
        return Kind.BOOLEAN, parts[0] if len(parts) == 1 else _join(is_and=True, parts=parts)

    def _call(self, node: ast.expr, name: str, arguments: list[ast.expr]) -> tuple[Kind, Compiled]:
        function = _FUNCTIONS.get(name)
        if function is None or len(arguments) != 2:  # noqa: PLR2004 - both functions take two texts
            raise self._error(node, Message("没有函数“%(name)s”，可用 under(路径, 上级路径)、within(区划, 上级区划)。", name=name))
        closures = []
        for argument in arguments:
            kind, closure = self.read(argument)
            if kind not in {Kind.TEXT, Kind.ANY}:
                raise self._error(argument, Message("函数“%(name)s”的参数要文字，却是%(kind)s。", name=name, kind=kind.label))
            closures.append(closure)
        first, second = closures
        return Kind.BOOLEAN, _text_call(function, first, second)


def _comparable(op: ast.cmpop, left: Kind, right: Kind) -> bool:
    if isinstance(op, ast.In | ast.NotIn):
        pairs = {(Kind.TEXT, Kind.TEXTS), (Kind.NUMBER, Kind.NUMBERS)}
        return (left, right) in pairs or (left is Kind.ANY and right in {Kind.TEXTS, Kind.NUMBERS}) or right is Kind.ANY
    if isinstance(op, ast.Eq | ast.NotEq):
        return left is right or Kind.ANY in {left, right}
    ordered = {Kind.TEXT, Kind.NUMBER, Kind.ANY}
    return {left, right} <= ordered and (left is right or Kind.ANY in {left, right})


def _comparison(compare: Callable[[Any, Any], bool], left: Compiled, right: Compiled, *, is_membership: bool) -> Compiled:
    """Return the comparison; missing operands, and values whose types do not fit at run time, leave it undetermined."""

    def evaluate(facts: Facts) -> bool | None:
        first, second = left(facts), right(facts)
        if first is None or second is None:
            return None
        fits = isinstance(second, list | tuple) if is_membership else type(first) is type(second)
        return compare(first, second) if fits else None

    return evaluate


def _text_call(function: Callable[[str, str], bool], first: Compiled, second: Compiled) -> Compiled:
    def evaluate(facts: Facts) -> bool | None:
        one, two = first(facts), second(facts)
        if not isinstance(one, str) or not isinstance(two, str):
            return None
        try:
            return function(one, two)
        except ValueError:  # not a division code: nothing can be said about it
            return None

    return evaluate


def _join(is_and: bool, parts: list[Compiled]) -> Compiled:  # noqa: FBT001 - one private call site per value
    """Return Kleene's *and* (or *or*) of the parts."""
    decisive = not is_and

    def evaluate(facts: Facts) -> bool | None:
        undetermined = False
        for part in parts:
            value: bool | None = part(facts)
            if value is decisive:
                return decisive
            undetermined = undetermined or value is None
        return None if undetermined else is_and

    return evaluate
