"""What happens in the catalogue, as events of the audit record; no event ever carries a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
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
class SubsystemPublished(Event):
    """Officials see the subsystem from now on."""

    name: ClassVar[str] = "subsystems:subsystem:published"

    subsystem_id: UUID
    code: str


@dataclass(frozen=True, kw_only=True)
class FunctionAdded(Event):
    """A subsystem has another function."""

    name: ClassVar[str] = "subsystems:function:added"

    function_id: UUID
    code: str
    function_name: str
    sensitive: bool


@dataclass(frozen=True, kw_only=True)
class FunctionWithdrawn(Event):
    """A function is no longer in the catalogue."""

    name: ClassVar[str] = "subsystems:function:withdrawn"

    function_id: UUID
    code: str


@dataclass(frozen=True, kw_only=True)
class ItemOffered(Event):
    """A function, or a slice of it, may be requested."""

    name: ClassVar[str] = "subsystems:item:offered"

    item_id: UUID
    function: str
    item_name: str
    tier: str
    max_days: int
    scope_kind: str
    owner_department_id: UUID


@dataclass(frozen=True, kw_only=True)
class OwnerChanged(Event):
    """A department went into another, which owns its subsystems, items and lists from now on."""

    name: ClassVar[str] = "subsystems:owner:changed"

    department_id: UUID
    successor_id: UUID
    subsystems: int
    items: int
    lists: int


@dataclass(frozen=True, kw_only=True)
class ClientRegistered(Event):
    """A subsystem may sign officials in through this client."""

    name: ClassVar[str] = "subsystems:client:registered"

    client_id: str
    subsystem_code: str
    public: bool
    redirect_uris: tuple[str, ...]
    post_logout_uris: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ClientSecretRotated(Event):
    """A client has another secret; the old one stopped working at the same moment."""

    name: ClassVar[str] = "subsystems:client:secret_rotated"

    client_id: str
    subsystem_code: str


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
class ClientEntrusted(Event):
    """A client may act for the platform itself in these roles from now on, in place of the old ones."""

    name: ClassVar[str] = "subsystems:client:entrusted"

    client_id: str
    old_roles: tuple[str, ...]
    roles: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class ClientDisabled(Event):
    """A client was closed for good."""

    name: ClassVar[str] = "subsystems:client:disabled"

    client_id: str
    subsystem_code: str
