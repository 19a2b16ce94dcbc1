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
    """Neither the decider nor anybody in whose name they decide is the requester or the beneficiary, under whatever appointment."""

    key: ClassVar[str] = "own_request"
    fault: ClassVar[Fault] = Fault.PERSON
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare persons, not appointments."""
        own = {facts.requester_id, facts.beneficiary.official_id}
        if facts.decider.official_id in own:
            return Refusal(self.key, Message("您是该申请的申请人或受益人，不能自己审批，须由其他高级管理员办理。"))
        for principal in facts.principals:
            if principal.official_id in own:
                return Refusal(self.key, Message("%(name)s是该申请的申请人或受益人，受其委托不能审批。", name=principal.name))
        return Ok()
