"""From a SCIM filter (RFC 7644 section 3.4.2.2) to a look-up that an index serves; everything else is refused with what would be.

One filter is a condition, and perhaps a moment: ``meta.lastModified ge`` at the top of it is answered from the record of changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import (
    AttributeBinding,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

from govcloud.entrypoints.scim.schemas import DEPARTMENT, EnterpriseUser, Group, User
from govcloud.identity.directory.lookups import AllOf, AnyOf, Begins, Condition, Effort, Everything, Is, effort
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.locale import say

EQ, SW = CompareOperator.eq, CompareOperator.sw
_NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Attribute:
    """An attribute one may filter by: the field behind it, the operators that are served, and whether its values are ids."""

    field: str
    operators: tuple[CompareOperator, ...] = (EQ,)
    an_id: bool = False


@dataclass(frozen=True)
class Filterable:
    """What a kind of resource may be filtered by, and what every one of it has (``pr``); both by full attribute name."""

    attributes: Mapping[str, Attribute]
    present: frozenset[str]


@dataclass(frozen=True)
class Lookup:
    """What a search looks for: a condition, and the moment since which it changed."""

    condition: Condition
    since: datetime | None = None


_USER, _GROUP, _ENTERPRISE = str(User.__schema__), str(Group.__schema__), str(EnterpriseUser.__schema__)
USERS = Filterable(
    {
        f"{_USER}:id": Attribute("id", an_id=True),
        f"{_USER}:userName": Attribute("employee_code", (EQ, SW)),
        f"{_USER}:externalId": Attribute("employee_code", (EQ, SW)),
        f"{_ENTERPRISE}:employeeNumber": Attribute("employee_code", (EQ, SW)),
        f"{_USER}:name.formatted": Attribute("name", (EQ, SW)),
        f"{_USER}:displayName": Attribute("name", (EQ, SW)),
        f"{_USER}:active": Attribute("active"),
        f"{_USER}:groups.value": Attribute("department", an_id=True),
    },
    frozenset({f"{_USER}:{name}" for name in ("id", "userName", "externalId", "name", "name.formatted", "displayName", "active")}),
)
GROUPS = Filterable(
    {
        f"{_GROUP}:id": Attribute("id", an_id=True),
        f"{_GROUP}:externalId": Attribute("uscc"),
        f"{_GROUP}:displayName": Attribute("name", (EQ, SW)),
        f"{_GROUP}:members.value": Attribute("member", an_id=True),
        f"{DEPARTMENT}:parent": Attribute("parent", an_id=True),
    },
    frozenset({f"{_GROUP}:{name}" for name in ("id", "externalId", "displayName")}),
)
_MODIFIED = "meta.lastModified"


def lookup(given: ScimFilter[Any] | None, filterable: Filterable) -> Lookup:
    """Return what a filter looks for.

    Raises:
        InvalidFilterException: no index serves it; the text says what is served.
    """
    if given is None:
        return Lookup(Everything())
    since, rest = _since(given)
    condition = _Translator(given, filterable).visit(rest) if rest is not None else Everything()
    if effort(condition) is Effort.SIFTS:
        message = Message("这个条件本身没有索引可用，请用 and 加上一个能定位的条件。可用的条件：%(known)s。", known=_known(filterable))
        raise InvalidFilterException(detail=say(message))
    return Lookup(condition, since)


def _since(given: ScimFilter[Any]) -> tuple[datetime | None, FilterNode | None]:
    """Take ``meta.lastModified ge <moment>`` out of a filter: it may stand alone, or beside others under the topmost ``and``."""
    top = given.ast
    conjunction = isinstance(top, LogicalExpr) and top.op is LogicalOperator.and_
    terms = top.terms if isinstance(top, LogicalExpr) and conjunction else (top,)
    moments = [term for term in terms if _is_since(given, term)]
    if len(moments) != 1:
        return None, top
    rest = tuple(term for term in terms if term is not moments[0])
    moment = _moment(given, moments[0])
    return moment, LogicalExpr(LogicalOperator.and_, rest) if len(rest) > 1 else next(iter(rest), None)


def _is_since(given: ScimFilter[Any], node: FilterNode) -> bool:
    if not isinstance(node, Comparison) or node.op is not CompareOperator.ge:
        return False
    binding = given.resolve_comparison(node.attr_path)
    return binding is not None and binding.urn.endswith(f":{_MODIFIED}")


def _moment(given: ScimFilter[Any], node: FilterNode) -> datetime:
    binding = given.resolve_comparison(node.attr_path) if isinstance(node, Comparison) else None
    value = coerce_value(binding, node.value, node.op) if binding and isinstance(node, Comparison) else None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidFilterException(detail=say(Message("%(attribute)s 应与带时区的时刻比较。", attribute=_MODIFIED)))
    return value


class _Translator(FilterVisitor[Condition]):
    """Turns the nodes of a filter into conditions."""

    def __init__(self, given: ScimFilter[Any], filterable: Filterable) -> None:
        self._given = given
        self._filterable = filterable

    def visit_comparison(self, node: Comparison) -> Condition:
        binding = self._given.resolve_comparison(node.attr_path)
        attribute = self._filterable.attributes.get(binding.urn) if binding else None
        if binding is None or attribute is None or node.op not in attribute.operators:
            self._refuse(str(node.attr_path), node.op)
        value = coerce_value(binding, node.value, node.op)
        if attribute.an_id:
            return Is(attribute.field, _id(value))
        if isinstance(value, bool):
            return Is(attribute.field, value)
        if not isinstance(value, str) or not value:
            self._refuse(str(node.attr_path), node.op)
        return Begins(attribute.field, value) if node.op is SW else Is(attribute.field, value)

    def visit_present(self, node: Present) -> Condition:
        binding: AttributeBinding | None = self._given.resolve(node.attr_path)
        if binding is None or binding.urn not in self._filterable.present:
            self._refuse(str(node.attr_path), "pr")
        return Everything()

    def visit_logical_expr(self, node: LogicalExpr) -> Condition:
        parts = tuple(self.visit(term) for term in node.terms)
        return AllOf(parts) if node.op is LogicalOperator.and_ else AnyOf(parts)

    def visit_not(self, node: Not) -> Condition:
        self._refuse("not", f"({node.expr})")

    def visit_value_path(self, node: ValuePath) -> Condition:
        self._refuse(str(node.attr_path), "[]")

    def _refuse(self, attribute: str, operator: str) -> NoReturn:
        message = Message(
            "没有索引支持条件“%(asked)s”，平台不会为此扫描全部数据。可用的条件：%(known)s。",
            asked=f"{attribute} {operator}".strip()[:100],
            known=_known(self._filterable),
        )
        raise InvalidFilterException(detail=say(message))


def _id(value: object) -> UUID:
    """Return the id that is looked for; what is none is nobody's."""
    return identifier(str(value)) or _NOBODY


def _known(filterable: Filterable) -> str:
    """Return what one may filter by, as a client would write it."""
    core = (_USER, _GROUP)
    served = []
    for urn, attribute in filterable.attributes.items():
        schema, _, name = urn.rpartition(":")
        served.append(f"{name if schema in core else urn} {'|'.join(attribute.operators)}")
    return ", ".join([*served, f"{_MODIFIED} ge", "and", "or", "pr"])
