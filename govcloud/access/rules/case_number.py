"""An item that is tied to cases, by itself or by a rule of separation of duty, is asked for with a case number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class CaseNumberWhereAsked:
    """Where the item asks for a case number, or a rule on cases names its function, the request has one."""

    key: ClassVar[str] = "case_number_missing"
    fault: ClassVar[Fault] = Fault.INPUT
    field: ClassVar[str | None] = "case_number"

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Ask for the number only where the item or a rule does: one keeps no duties apart for a case that nobody named."""
        asked = facts.item.requires_case_number or any(rule.functions for rule in facts.case_rules)
        if facts.case_number or not asked:
            return Ok()
        return Refusal(self.key, Message("“%(item)s”须填写办件编号。", item=facts.item.name))
