"""Nobody decides on access for themselves, nor on what they asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class NotOwnRequest:
    """The decider is neither the requester nor the beneficiary, under whatever appointment."""

    key: ClassVar[str] = "own_request"
    fault: ClassVar[Fault] = Fault.PERSON
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare persons, not appointments."""
        if facts.decider.official_id not in {facts.requester_id, facts.beneficiary.official_id}:
            return Ok()
        return Refusal(self.key, Message("您是该申请的申请人或受益人，不能自己审批，须由其他高级管理员办理。"))
