"""The security label (安全标记) of what is asked for is a ceiling: only who is cleared for it gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts, RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class BeneficiaryIsCleared:
    """The beneficiary's clearance reaches the function's label: a grant beyond it would open nothing, and should not stand in a list."""

    key: ClassVar[str] = "not_cleared"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: RequestFacts | DecisionFacts) -> Ok | Refusal:
        """Compare the two labels as they stand now."""
        if facts.beneficiary.clearance >= facts.item.label:
            return Ok()
        message = Message(
            "“%(item)s”的安全标记为 %(needs)s 级，%(name)s的安全标记为 %(has)s 级，低于所需；"
            "确有需要的，请先由人事部门按规定调整其安全标记。",
            item=facts.item.name,
            needs=facts.item.label,
            name=facts.beneficiary.name,
            has=facts.beneficiary.clearance,
        )
        return Refusal(self.key, message)
