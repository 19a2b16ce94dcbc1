"""Only what the catalogue offers can be requested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class ItemIsRequestable:
    """The item, its function and its subsystem are open to requests now."""

    key: ClassVar[str] = "not_requestable"
    fault: ClassVar[Fault] = Fault.INPUT
    field: ClassVar[str | None] = "item_id"

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Ask the catalogue's state."""
        if facts.item.live_version is not None:
            return Ok()
        return Refusal(self.key, Message("“%(item)s”目前不开放申请。", item=facts.item.name))
