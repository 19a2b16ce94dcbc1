"""Events of the organisation: divisions, departments and their offices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class DivisionRegistered(Event):
    """A division was entered in the table."""

    name: ClassVar[str] = "identity:division:registered"

    division_name: str
    level: str
    parent_code: str | None


@dataclass(frozen=True, kw_only=True)
class DepartmentRegistered(Event):
    """A department came into being."""

    name: ClassVar[str] = "identity:department:registered"

    department_id: UUID
    uscc: str
    department_name: str
    parent_id: UUID | None
    division: str


@dataclass(frozen=True, kw_only=True)
class DepartmentRenamed(Event):
    """A department goes by another name from now on."""

    name: ClassVar[str] = "identity:department:renamed"

    department_id: UUID
    old_name: str
    new_name: str


@dataclass(frozen=True, kw_only=True)
class DepartmentMoved(Event):
    """A department, with all below it (``moved`` in number, itself included), stands below another parent."""

    name: ClassVar[str] = "identity:department:moved"

    department_id: UUID
    old_path: str
    new_path: str
    moved: int


@dataclass(frozen=True, kw_only=True)
class DepartmentReordered(Event):
    """The children of a department (``None``: the roots) stand in another order."""

    name: ClassVar[str] = "identity:department:reordered"

    parent_id: UUID | None
    order: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class DepartmentChanged(Event):
    """A department has another division, level, business lines, lead or (after a merger) parent from now on; ``changed`` names which."""

    name: ClassVar[str] = "identity:department:changed"

    department_id: UUID
    changed: tuple[str, ...]
    division: str
    level: str
    business_lines: tuple[str, ...]
    lead_department_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class DepartmentMerged(Event):
    """A department went into another: its people, offices, children and what it owns belong to the successor from now on."""

    name: ClassVar[str] = "identity:department:merged"

    department_id: UUID
    department_name: str
    successor_id: UUID
    old_path: str
    new_path: str
    appointments: int
    offices: int
    children: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DepartmentSplit(Event):
    """A new department took people, offices and children out of one that goes on; what that one owns stays with it."""

    name: ClassVar[str] = "identity:department:split"

    department_id: UUID
    successor_id: UUID
    appointments: int
    offices: int
    children: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DepartmentAbolished(Event):
    """A department is no more and has no successor; roles that reached over it end."""

    name: ClassVar[str] = "identity:department:abolished"

    department_id: UUID
    department_name: str
    old_path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class OfficeOpened(Event):
    """A department has another internal office."""

    name: ClassVar[str] = "identity:office:opened"

    department_id: UUID
    office_name: str


@dataclass(frozen=True, kw_only=True)
class OfficeRenamed(Event):
    """An internal office goes by another name from now on."""

    name: ClassVar[str] = "identity:office:renamed"

    department_id: UUID
    old_name: str
    new_name: str


@dataclass(frozen=True, kw_only=True)
class OfficeClosed(Event):
    """A department has an internal office less."""

    name: ClassVar[str] = "identity:office:closed"

    department_id: UUID
    office_name: str
