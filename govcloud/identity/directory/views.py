"""What the directory gives out: whole records of people and departments, as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

#: Whose events say that a record changed.
DOMAIN = "identity"


@dataclass(frozen=True)
class Place:
    """An appointment that is live, or lies ahead; ``organization`` is the department at the root of the tree."""

    id: UUID
    official_id: UUID
    department_id: UUID
    uscc: str
    department_name: str
    organization: str
    division: str
    division_name: str
    kind: str
    post: str
    position: str
    starts_at: datetime
    ends_at: datetime | None
    live: bool


@dataclass(frozen=True)
class PersonRecord:
    """A person with every place, present and ahead, the primary one first.

    ``changed_at`` is when anything of it last changed. ``mark`` differs when something that is masked here differs.
    """

    id: UUID
    employee_code: str
    name: str
    masked_phone: str | None
    status: str
    rank: str
    staffing_type: str
    security_label: int
    places: tuple[Place, ...]
    created_at: datetime
    changed_at: datetime
    mark: str

    @property
    def active(self) -> bool:
        """Say whether the person may act at all."""
        return self.status == "active"

    @property
    def foremost(self) -> Place | None:
        """Return the primary place, else any that is live now."""
        return next((place for place in self.places if place.live), None)


@dataclass(frozen=True)
class DepartmentRecord:
    """A live department; ``mark`` differs when other people serve in it than before."""

    id: UUID
    uscc: str
    name: str
    short_name: str
    parent_id: UUID | None
    division: str
    level: str
    business_lines: tuple[str, ...]
    created_at: datetime
    changed_at: datetime
    member_count: int
    mark: str


@dataclass(frozen=True)
class Member:
    """Somebody who serves in a department now, in ``position``."""

    official_id: UUID
    name: str
    position: str
