"""What is approved is what the catalogue still offers, unchanged since it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class ItemUnchanged:
    """The item is live at the version that was requested."""

    key: ClassVar[str] = "item_changed"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare versions; a refusal is always possible, so only approvals ask this."""
        if facts.item.live_version == facts.requested_version:
            return Ok()
        if facts.item.live_version is None:
            return Refusal(self.key, Message("“%(item)s”已停止开放申请，不能再授权；可以驳回。", item=facts.item.name))
        return Refusal(self.key, Message("“%(item)s”的内容在申请之后有变化，请驳回并请申请人重新申请。", item=facts.item.name))
