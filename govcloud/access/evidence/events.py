"""Events of evidence: receipts that were signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ReceiptSigned(Event):
    """Whoever decided added a signature of their own to the receipt, which holds for this public key."""

    name: ClassVar[str] = "access:receipt:signed"

    decision_id: UUID
    key: dict[str, str]
