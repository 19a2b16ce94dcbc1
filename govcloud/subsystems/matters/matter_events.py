"""What happens to matters (一件事), as events of the audit record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class MatterRegistered(Event):
    """One matter (一件事) was entered with its items."""

    name: ClassVar[str] = "subsystems:matter:registered"

    matter_id: UUID
    code: str
    matter_name: str
    lead_department_id: UUID
    item_ids: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class MatterChanged(Event):
    """A matter is another from now on; `changed` names what, `item_ids` are all that it has now."""

    name: ClassVar[str] = "subsystems:matter:changed"

    matter_id: UUID
    code: str
    version: int
    changed: tuple[str, ...]
    matter_name: str
    lead_department_id: UUID
    item_ids: tuple[UUID, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class MatterEnded(Event):
    """A matter can be named by requests no longer; those that name it go on."""

    name: ClassVar[str] = "subsystems:matter:ended"

    matter_id: UUID
    code: str
    reason: str
