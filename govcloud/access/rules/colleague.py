"""One asks for oneself, or for somebody of one's own department."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class BeneficiaryIsColleague:
    """The beneficiary is the requester, or serves in the requester's department or below it."""

    key: ClassVar[str] = "beneficiary_elsewhere"
    fault: ClassVar[Fault] = Fault.PERSON
    field: ClassVar[str | None] = "beneficiary_appointment_id"

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Compare persons, then places in the organisation."""
        requester, beneficiary = facts.requester, facts.beneficiary
        if requester.official_id == beneficiary.official_id:
            return Ok()
        if requester.active and beneficiary.department_path.startswith(requester.department_path):
            return Ok()
        return Refusal(self.key, Message("只能为本人或本部门人员申请，%(name)s不在您的部门。", name=beneficiary.name))
