"""What happens in identity, as events of the audit record; names of people are personal and can be erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, kw_only=True)
class OfficialRegistered(Event):
    """A person was entered and has an account."""

    name: ClassVar[str] = "identity:official:registered"
    personal: ClassVar[frozenset[str]] = frozenset({"official_name"})

    official_id: UUID
    account_id: UUID
    employee_code: str
    official_name: str
    security_label: int


@dataclass(frozen=True, kw_only=True)
class OfficialChanged(Event):
    """A person's name, phone, rank, staffing type, security label or ID number is another from now on; ``changed`` names which."""

    name: ClassVar[str] = "identity:official:changed"
    personal: ClassVar[frozenset[str]] = frozenset({"official_name"})

    official_id: UUID
    changed: tuple[str, ...]
    official_name: str
    rank: str
    staffing_type: str
    security_label: int


@dataclass(frozen=True, kw_only=True)
class OfficialDisabled(Event):
    """A person may no longer act; sessions and grants end with it."""

    name: ClassVar[str] = "identity:official:disabled"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    official_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class OfficialRestored(Event):
    """A person who was disabled may act again; what ended meanwhile stays ended."""

    name: ClassVar[str] = "identity:official:restored"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    official_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class AppointmentBegun(Event):
    """A person has a place in a department, from ``starts_at`` until ``ends_at`` (``None``: open)."""

    name: ClassVar[str] = "identity:appointment:begun"

    official_id: UUID
    appointment_id: UUID
    department_id: UUID
    kind: str
    post: str
    position: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AppointmentTransferred(Event):
    """A reorganisation took a person's place to another department; it goes on there under another id, with what hung on it."""

    name: ClassVar[str] = "identity:appointment:transferred"

    official_id: UUID
    appointment_id: UUID
    continues_id: UUID
    department_id: UUID


@dataclass(frozen=True, kw_only=True)
class AppointmentEnded(Event):
    """A person no longer has this place; what hung on it ends with it."""

    name: ClassVar[str] = "identity:appointment:ended"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    official_id: UUID
    appointment_id: UUID
    department_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class AppointmentRescheduled(Event):
    """An appointment that goes on ends at another moment than was said before (`None`: it is open)."""

    name: ClassVar[str] = "identity:appointment:rescheduled"

    official_id: UUID
    appointment_id: UUID
    department_id: UUID
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PersonnelChangeRecorded(Event):
    """A change in a person's duty was ordered, for now or (`planned`) for a day that lies ahead."""

    name: ClassVar[str] = "identity:personnel_change:recorded"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    change_id: UUID
    official_id: UUID
    kind: str
    effective_at: datetime
    appointment_id: UUID | None
    planned: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class PersonnelChangeCancelled(Event):
    """A change that lay ahead will not come."""

    name: ClassVar[str] = "identity:personnel_change:cancelled"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    change_id: UUID
    official_id: UUID
    kind: str
    effective_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class PersonnelChangeSettled(Event):
    """A change that was planned has come, and all that follows from it was done."""

    name: ClassVar[str] = "identity:personnel_change:settled"

    change_id: UUID
    official_id: UUID
    kind: str
    effective_at: datetime
    appointment_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class OfficialLeft(Event):
    """A person left the service: appointments, sessions, grants and direct roles end with it."""

    name: ClassVar[str] = "identity:official:left"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    official_id: UUID
    change_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class LeaveUndone(Event):
    """A leave was a mistake: `restored` names for each appointment that ended the one that goes on in its place."""

    name: ClassVar[str] = "identity:official:leave_undone"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    official_id: UUID
    change_id: UUID
    restored: dict[str, str]
    reason: str


@dataclass(frozen=True, kw_only=True)
class OfficialRejoined(Event):
    """A person who had left comes back under the same account, from `effective_at` on; what ended with the leave stays ended."""

    name: ClassVar[str] = "identity:official:rejoined"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    official_id: UUID
    change_id: UUID
    effective_at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class OfficialUnmasked(Event):
    """Somebody looked at a person's ID number or phone number in clear; the number itself is not in the record."""

    name: ClassVar[str] = "identity:official:unmasked"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    official_id: UUID
    fact: str
    reason: str
