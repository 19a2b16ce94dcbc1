"""The beneficiary is in office: when access is asked for, and still in the same appointment when it is granted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts, RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class BeneficiaryIsActive:
    """Access is asked for somebody who is active, under an appointment that holds."""

    key: ClassVar[str] = "beneficiary_inactive"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = "beneficiary_appointment_id"

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Ask whether the person and the appointment hold now."""
        if facts.beneficiary.active:
            return Ok()
        return Refusal(self.key, Message("%(name)s已停用、离职，或该任职已经结束，不能为其申请。", name=facts.beneficiary.name))


@dataclass(frozen=True)
class BeneficiaryStaysInPlace:
    """Access is granted only to somebody who is still active and in the appointment for which it was asked."""

    key: ClassVar[str] = "beneficiary_moved"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Ask whether the person and the appointment of the request hold now."""
        if facts.beneficiary.active:
            return Ok()
        return Refusal(self.key, Message("%(name)s已停用、离职，或申请时的任职已经结束，不能授权。", name=facts.beneficiary.name))
