"""What happens on the lists; each names the edition that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ListImported(Event):
    """A list was imported from a file; a long one is written in several parts, each with counts of its own."""

    name: ClassVar[str] = "subsystems:list:imported"

    edition_id: UUID
    kind: str
    number: int
    title: str
    file_name: str
    sha256: str
    department_path: str
    complete: bool
    part: int
    parts: int
    added: int
    changed: int
    unchanged: int
    withdrawn: int


@dataclass(frozen=True, kw_only=True)
class PowerItemRegistered(Event):
    """A department's power list has another entry."""

    name: ClassVar[str] = "subsystems:power_item:registered"

    power_item_id: UUID
    code: str
    kind: str
    department_id: UUID
    edition_id: UUID


@dataclass(frozen=True, kw_only=True)
class PowerItemChanged(Event):
    """An entry of a power list says something else; `changed` names the facts, and the versions hold what they were and are."""

    name: ClassVar[str] = "subsystems:power_item:changed"

    power_item_id: UUID
    code: str
    department_id: UUID
    version: int
    changed: tuple[str, ...]
    edition_id: UUID


@dataclass(frozen=True, kw_only=True)
class PowerItemWithdrawn(Event):
    """An entry left its department's power list."""

    name: ClassVar[str] = "subsystems:power_item:withdrawn"

    power_item_id: UUID
    code: str
    department_id: UUID
    edition_id: UUID


@dataclass(frozen=True, kw_only=True)
class ServiceItemRegistered(Event):
    """A department's implementation list has another entry."""

    name: ClassVar[str] = "subsystems:service_item:registered"

    service_item_id: UUID
    code: str
    power_item_id: UUID
    department_id: UUID
    edition_id: UUID


@dataclass(frozen=True, kw_only=True)
class ServiceItemChanged(Event):
    """An entry of an implementation list says something else; `changed` names the facts, the versions hold what they were and are."""

    name: ClassVar[str] = "subsystems:service_item:changed"

    service_item_id: UUID
    code: str
    department_id: UUID
    version: int
    changed: tuple[str, ...]
    edition_id: UUID


@dataclass(frozen=True, kw_only=True)
class ServiceItemWithdrawn(Event):
    """An entry left its department's implementation list, of itself or because its power item did."""

    name: ClassVar[str] = "subsystems:service_item:withdrawn"

    service_item_id: UUID
    code: str
    department_id: UUID
    edition_id: UUID
