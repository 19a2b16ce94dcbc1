"""The decider has authority over the owning department, at the moment of the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class DeciderHasAuthority:
    """Only a senior administrator of the owning department, or of one above it, decides; the role must hold now."""

    key: ClassVar[str] = "no_authority"
    fault: ClassVar[Fault] = Fault.PERSON
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Look for one path of authority that the owning department lies under, for people who are all active."""
        if all(person.active for person in facts.deciding) and any(facts.item.owner_path.startswith(path) for path in facts.authority):
            return Ok()
        return Refusal(self.key, Message("您目前不是该功能主管部门或其上级部门的高级管理员，不能审批。"))
