"""What one has for as long already is not asked for again; more of it is, and longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.authorization.apart.errors import local_time
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class NotHeldAlready:
    """The beneficiary holds no grant that gives as many rows for as long as is asked for."""

    key: ClassVar[str] = "already_held"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Name the end of the grant that suffices."""
        if facts.held_until is None:
            return Ok()
        message = Message(
            "%(name)s已有“%(item)s”的临时权限，范围不小于所申请，用到 %(at)s；需要更久的，请续期。",
            name=facts.beneficiary.name,
            item=facts.item.name,
            at=local_time(facts.held_until),
        )
        return Refusal(self.key, message)
