"""A request goes only where somebody can decide on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class SomebodyDecides:
    """The owning department or one above it has a senior administrator who is neither requester nor beneficiary."""

    key: ClassVar[str] = "nobody_decides"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Ask the routing; better to say so at once than to let the request lapse unseen."""
        if facts.has_decider:
            return Ok()
        return Refusal(self.key, Message("“%(item)s”的主管部门及其上级部门没有可以审批的高级管理员。", item=facts.item.name))
