"""Two people do not approve each other's access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from govcloud.access.facts import DecisionFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message

WINDOW = timedelta(days=30)
"""How long an approval is remembered as a favour."""


@dataclass(frozen=True)
class NotReciprocal:
    """The beneficiary has not approved access a short time ago for the decider, nor for anybody in whose name they decide."""

    key: ClassVar[str] = "reciprocal"
    fault: ClassVar[Fault] = Fault.PERSON
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Look at the approvals of the last days, the other way round."""
        if not facts.owed:
            return Ok()
        message = Message(
            "%(name)s在 %(days)s 天内批准过您（或您的委托人）的申请，请由其他高级管理员审批。",
            name=facts.beneficiary.name,
            days=WINDOW.days,
        )
        return Refusal(self.key, message)
