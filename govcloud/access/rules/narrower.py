"""An approval gives at most what was asked for, in scope and in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class ApprovedWithinRequested:
    """What is approved lies within what was requested, and is not nothing."""

    key: ClassVar[str] = "wider_than_requested"
    fault: ClassVar[Fault] = Fault.INPUT
    field: ClassVar[str | None] = "scope"

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare the rows, then the days."""
        approved = facts.approved
        if approved is None:
            return Ok()
        if approved.scope.divisions == ():
            return Refusal(self.key, Message("同意的数据范围不能为空。"))
        if not facts.wanted.scope.covers(approved.scope):
            return Refusal(self.key, Message("同意的数据范围超出了申请的范围，只能相同或缩小。"))
        if approved.days > facts.wanted.days:
            return Refusal(
                self.key,
                Message(
                    "同意的期限（%(approved)s 天）超过了申请的期限（%(wanted)s 天）。", approved=approved.days, wanted=facts.wanted.days
                ),
            )
        return Ok()
