"""Rows are named only for items that can be limited to rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts, RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class ScopeFitsItem:
    """An item without divisions is asked for as a whole; one with divisions, for at least one of them."""

    key: ClassVar[str] = "scope_does_not_fit"
    fault: ClassVar[Fault] = Fault.INPUT
    field: ClassVar[str | None] = "divisions"

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Compare what is asked for with the item's kind of scope."""
        divisions = facts.wanted.scope.divisions
        if divisions == ():
            return Refusal(self.key, Message("请至少选择一个行政区划。"))
        if divisions is not None and facts.item.scope_kind != "division":
            return Refusal(self.key, Message("“%(item)s”不按行政区划划分数据范围，请不要选择区划。", item=facts.item.name))
        return Ok()


@dataclass(frozen=True)
class ApprovedScopeFitsItem:
    """An item without divisions is approved as a whole: a narrower scope would be a promise that nobody keeps."""

    key: ClassVar[str] = "scope_does_not_fit"
    fault: ClassVar[Fault] = Fault.INPUT
    field: ClassVar[str | None] = "scope"

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare what is approved with the item's kind of scope."""
        if facts.approved is None or facts.approved.scope.divisions is None or facts.item.scope_kind == "division":
            return Ok()
        return Refusal(self.key, Message("“%(item)s”不按行政区划划分数据范围，只能整体同意。", item=facts.item.name))
