"""What happens to people in identity, as events of the audit record; names of people are personal and can be erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


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
