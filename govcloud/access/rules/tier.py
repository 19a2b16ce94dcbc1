"""One decision suffices only where the item's tier says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message

JOINT = frozenset({"two_units"})


@dataclass(frozen=True)
class TierDecidesHere:
    """An item that two units must sign jointly is not given out on one signature: it is refused at the door instead."""

    key: ClassVar[str] = "joint_sign_required"
    fault: ClassVar[Fault] = Fault.INPUT
    field: ClassVar[str | None] = "item_id"

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Ask the tier."""
        if facts.item.tier not in JOINT:
            return Ok()
        return Refusal(self.key, Message("“%(item)s”须两个单位会签，不能在线申请，请向主管部门书面申请。", item=facts.item.name))
