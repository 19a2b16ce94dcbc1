"""Where a rule of separation of duty looks at cases, it has to be known which part in which case access is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class DutyStated:
    """Of a function under a rule on cases it is stated whether a case is handled (经办) or reviewed (复核).

    A rule on every function asks for it where there is a case at all; one that names the function also asks for the case
    (``case_number.py``).
    """

    key: ClassVar[str] = "duty_missing"
    fault: ClassVar[Fault] = Fault.INPUT
    field: ClassVar[str | None] = "duty"

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Name the first rule that asks."""
        asking = next((rule for rule in facts.case_rules if rule.functions or facts.case_number), None)
        if facts.duty is not None or asking is None:
            return Ok()
        message = Message("“%(item)s”受职责分离规则“%(rule)s”约束，请选明是经办还是复核。", item=facts.item.name, rule=asking.name)
        return Refusal(self.key, message)
