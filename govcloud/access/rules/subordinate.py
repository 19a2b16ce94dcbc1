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
    """The decider does not stand below the beneficiary: in the beneficiary's department or one under it, with a lower rank.

    Ranks off the ladder cannot be compared; then the rule does not speak.
    """

    key: ClassVar[str] = "subordinate"
    fault: ClassVar[Fault] = Fault.PERSON
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare the places in the organisation, then the ranks."""
        decider, beneficiary = facts.decider, facts.beneficiary
        below = bool(beneficiary.department_path) and decider.department_path.startswith(beneficiary.department_path)
        if not below or decider.rank_order is None or beneficiary.rank_order is None or decider.rank_order <= beneficiary.rank_order:
            return Ok()
        return Refusal(self.key, Message("受益人%(name)s是您的上级，请由上级部门的高级管理员审批。", name=beneficiary.name))
