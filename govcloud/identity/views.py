"""What the queries of identity give out: frozen pictures of officials, accounts, appointments and departments at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class DivisionView:
    """A division; ``level`` is province, city, county, township or village."""

    code: str
    name: str
    level: str
    parent_code: str | None


@dataclass(frozen=True)
class DepartmentView:
    """A department as it was at the moment asked for; ``path`` is ``"/<hex>/<hex>/"`` and ends with its own id."""

    id: UUID
    uscc: str
    name: str
    short_name: str
    parent_id: UUID | None
    path: str
    division: str
    level: str
    business_lines: tuple[str, ...]
    position: int
    lead_department_id: UUID | None = None


@dataclass(frozen=True)
class OfficialView:
    """A person at the moment asked for; personal numbers come masked."""

    id: UUID
    employee_code: str
    name: str
    pinyin: str
    masked_id_number: str
    masked_phone: str | None
    status: str
    rank: str
    staffing_type: str
    security_label: int
    created_at: datetime

    @property
    def active(self) -> bool:
        """Say whether the person may act at all."""
        return self.status == "active"


@dataclass(frozen=True)
class OfficialPage:
    """One page of a search; ``after`` asks for the next one and is ``None`` at the end."""

    rows: tuple[OfficialView, ...]
    after: str | None


@dataclass(frozen=True)
class AccountView:
    """The account of an official, with what a sign-in page needs to greet the person."""

    id: UUID
    official_id: UUID
    login: str
    status: str
    name: str
    employee_code: str

    @property
    def active(self) -> bool:
        """Say whether one may sign in with it."""
        return self.status == "active"


@dataclass(frozen=True)
class AppointmentView:
    """An appointment that is live at the moment asked for, with its department as it then was.

    One that was transferred away from and holds on for a while is ``handing_over``: its kind is then concurrent.
    """

    id: UUID
    official_id: UUID
    kind: str
    post: str
    position: str
    office_id: UUID | None
    office_name: str | None
    department_id: UUID
    department_name: str
    department_path: str
    division: str
    division_name: str
    starts_at: datetime
    ends_at: datetime | None
    handing_over: bool = False


@dataclass(frozen=True)
class Subject:
    """All that a decision may read of an official acting under one appointment."""

    official_id: UUID
    appointment_id: UUID
    name: str
    employee_code: str
    status: str
    kind: str
    post: str
    position: str
    rank: str
    label: int
    department_id: UUID
    department_name: str
    department_path: str
    division: str
    level: str
    business_lines: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime | None

    @property
    def active(self) -> bool:
        """Say whether the person may act at all."""
        return self.status == "active"
