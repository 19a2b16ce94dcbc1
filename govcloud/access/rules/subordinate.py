"""Nobody decides on access for their own superior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class NotSubordinate:
    """The decider does not stand below the beneficiary: under any of their posts, in or under the same department, with a lower rank.

    Whichever appointment either of them acts under changes nothing about who directs whom. Where ranks cannot be compared, as one
    is off the ladder, the decider may be the subordinate, so another one decides.
    """

    key: ClassVar[str] = "subordinate"
    fault: ClassVar[Fault] = Fault.PERSON
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare the places in the organisation, then the ranks."""
        decider, beneficiary = facts.decider, facts.beneficiary
        if not any(lower.startswith(upper) for lower in decider.posts for upper in beneficiary.posts):
            return Ok()
        if decider.rank_order is None or beneficiary.rank_order is None:
            message = Message("%(name)s与您在同一部门系统，职级无法比较，请由上级部门的高级管理员审批。", name=beneficiary.name)
            return Refusal(self.key, message)
        if decider.rank_order <= beneficiary.rank_order:
            return Ok()
        return Refusal(self.key, Message("受益人%(name)s是您的上级，请由上级部门的高级管理员审批。", name=beneficiary.name))
