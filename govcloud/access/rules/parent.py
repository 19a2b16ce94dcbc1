"""What was ended before its time is not given back by extending it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class ParentStands:
    """The grant that the line extends was neither revoked nor handed back, and does not rest."""

    key: ClassVar[str] = "parent_closed"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Ask the grant that is extended, if the line extends one."""
        if not facts.parent_closed:
            return Ok()
        return Refusal(self.key, Message("所续期的临时权限已提前终止或暂停，不能续期；可以驳回。"))
