"""Access lasts at least a day, and in a row at most as long as the item allows, whether it is extended or asked for anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts, RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


def _outside(days: int, cap: int, carried: int) -> Message | None:
    """Return what is wrong with ``days``, if anything; the rest of the row that they belong to (``carried``) counts too."""
    left = cap - carried
    if 1 <= days <= left:
        return None
    if carried == 0:
        return Message("期限应为 1 至 %(cap)s 天，现为 %(days)s 天。", cap=cap, days=days)
    if left < 1:
        return Message("连续使用最长 %(cap)s 天，已用满，不能续期或接着申请；到期后如仍需要，请重新申请。", cap=cap)
    return Message(
        "连续使用最长 %(cap)s 天，前后相连的已占 %(carried)s 天，本次应为 1 至 %(left)s 天。",
        cap=cap,
        carried=carried,
        left=left,
    )


@dataclass(frozen=True)
class RequestedWithinCap:
    """What is asked for stays within the item's cap."""

    key: ClassVar[str] = "beyond_cap"
    fault: ClassVar[Fault] = Fault.INPUT
    field: ClassVar[str | None] = "days"

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Compare the days asked for with the cap."""
        wrong = _outside(facts.wanted.days, facts.item.max_days, facts.carried_days)
        return Refusal(self.key, wrong) if wrong else Ok()


@dataclass(frozen=True)
class ApprovedWithinCap:
    """What is approved stays within the item's cap as it stands now."""

    key: ClassVar[str] = "beyond_cap"
    fault: ClassVar[Fault] = Fault.INPUT
    field: ClassVar[str | None] = "days"

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare the approved days with the cap."""
        wrong = _outside(facts.approved.days, facts.item.max_days, facts.carried_days) if facts.approved is not None else None
        return Refusal(self.key, wrong) if wrong else Ok()
