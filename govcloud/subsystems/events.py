"""What happens to subsystems, their functions and items, as events of the audit record; those of clients and of matters stand apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class SubsystemRegistered(Event):
    """A relying system was entered in the catalogue."""

    name: ClassVar[str] = "subsystems:subsystem:registered"

    subsystem_id: UUID
    code: str
    subsystem_name: str
    owner_department_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class SubsystemChanged(Event):
    """A subsystem is called, reached or described otherwise from now on; `changed` names what."""

    name: ClassVar[str] = "subsystems:subsystem:changed"

    subsystem_id: UUID
    code: str
    changed: tuple[str, ...]
    subsystem_name: str
    integration_level: int
    launch_url: str | None
    webhook_url: str | None


@dataclass(frozen=True, kw_only=True)
class SubsystemSubmitted(Event):
    """The owning department handed a subsystem in to be checked; all advice that the checks gave stands with the step."""

    name: ClassVar[str] = "subsystems:subsystem:submitted"

    subsystem_id: UUID
    code: str
    note: str


@dataclass(frozen=True, kw_only=True)
class SubsystemReturned(Event):
    """A subsystem under review was given back to be completed."""

    name: ClassVar[str] = "subsystems:subsystem:returned"

    subsystem_id: UUID
    code: str
    old_status: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubsystemChecked(Event):
    """The platform's operation found a subsystem to be in order."""

    name: ClassVar[str] = "subsystems:subsystem:checked"

    subsystem_id: UUID
    code: str
    note: str


@dataclass(frozen=True, kw_only=True)
class SubsystemPublished(Event):
    """Officials see the subsystem from now on."""

    name: ClassVar[str] = "subsystems:subsystem:published"

    subsystem_id: UUID
    code: str
    note: str


@dataclass(frozen=True, kw_only=True)
class SubsystemRetired(Event):
    """A subsystem is out of service for good."""

    name: ClassVar[str] = "subsystems:subsystem:retired"

    subsystem_id: UUID
    code: str
    old_status: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SubsystemHandedOver(Event):
    """Another department owns a subsystem from now on, with the items, waiting requests and grants for which the old owner answered."""

    name: ClassVar[str] = "subsystems:subsystem:handed_over"

    subsystem_id: UUID
    code: str
    old_department_id: UUID
    department_id: UUID
    department_path: str
    items: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class FunctionAdded(Event):
    """A subsystem has another function."""

    name: ClassVar[str] = "subsystems:function:added"

    function_id: UUID
    code: str
    function_name: str
    sensitive: bool
    label: int


@dataclass(frozen=True, kw_only=True)
class FunctionChanged(Event):
    """A function is another from now on; `changed` names what."""

    name: ClassVar[str] = "subsystems:function:changed"

    function_id: UUID
    code: str
    changed: tuple[str, ...]
    function_name: str
    sensitive: bool
    integration_level: int
    label: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class FunctionLoosened(Event):
    """A function takes less care than before: it is sensitive no longer, enforced less closely, or has a lower security label."""

    name: ClassVar[str] = "subsystems:function:loosened"

    function_id: UUID
    code: str
    sensitive_dropped: bool
    old_integration_level: int
    integration_level: int
    old_label: int
    label: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class FunctionWithdrawn(Event):
    """A function is no longer in the catalogue."""

    name: ClassVar[str] = "subsystems:function:withdrawn"

    function_id: UUID
    code: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class FunctionBound(Event):
    """A function serves a service item from now on."""

    name: ClassVar[str] = "subsystems:function:bound"

    function_id: UUID
    code: str
    service_item_id: UUID
    service_item: str


@dataclass(frozen=True, kw_only=True)
class FunctionUnbound(Event):
    """A function no longer serves a service item."""

    name: ClassVar[str] = "subsystems:function:unbound"

    function_id: UUID
    code: str
    service_item_id: UUID
    service_item: str


@dataclass(frozen=True, kw_only=True)
class ItemOffered(Event):
    """A function, or a slice of it, may be requested."""

    name: ClassVar[str] = "subsystems:item:offered"

    item_id: UUID
    function: str
    item_name: str
    tier: str
    approval: dict[str, Any]
    max_days: int
    scope_kind: str
    owner_department_id: UUID


@dataclass(frozen=True, kw_only=True)
class ItemChanged(Event):
    """An item is another from now on; requests for an older version are no longer approved. `changed` names what."""

    name: ClassVar[str] = "subsystems:item:changed"

    item_id: UUID
    function: str
    version: int
    changed: tuple[str, ...]
    item_name: str
    tier: str
    approval: dict[str, Any]
    max_days: int
    requires_case_number: bool
    scope_kind: str
    owner_department_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class ItemLoosened(Event):
    """Something sensitive takes less care than before: a lower tier, a longer cap, or no case number."""

    name: ClassVar[str] = "subsystems:item:loosened"

    item_id: UUID
    function: str
    version: int
    old_tier: str
    tier: str
    old_max_days: int
    max_days: int
    case_number_dropped: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class ItemWithdrawn(Event):
    """An item can no longer be requested; what was granted of it ends."""

    name: ClassVar[str] = "subsystems:item:withdrawn"

    item_id: UUID
    function: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class OwnerChanged(Event):
    """A department went into another, which owns its subsystems, items and lists from now on."""

    name: ClassVar[str] = "subsystems:owner:changed"

    department_id: UUID
    successor_id: UUID
    subsystems: int
    items: int
    lists: int
