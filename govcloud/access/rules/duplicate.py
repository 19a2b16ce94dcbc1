"""One open line per person and item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class OneOpenLine:
    """The beneficiary does not already wait for the same item."""

    key: ClassVar[str] = "duplicate_open_line"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Name the request that already waits."""
        if facts.open_line_number is None:
            return Ok()
        return Refusal(
            self.key,
            Message("“%(item)s”已在申请%(number)s中等待审批，请勿重复申请。", item=facts.item.name, number=facts.open_line_number),
        )
