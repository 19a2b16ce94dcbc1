"""What the platform already knows about the people of a batch, read set by set: a handful of statements for ten thousand rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from govcloud.identity.importing.people import Candidate
from govcloud.identity.models import Department, DepartmentVersion, Office
from govcloud.kernel.database import live_at

_PEOPLE = text(
    """
    SELECT official.id, official.employee_code, official.name, official.phone_sealed, official.id_number_digest,
           version.id AS version_id, version.status, version.rank, version.staffing_type, version.security_label,
           version.valid_to, member.source, member.run_id
    FROM official
    JOIN official_version AS version
      ON version.official_id = official.id AND version.valid_from <= :now AND (version.valid_to IS NULL OR version.valid_to > :now)
    LEFT JOIN import_member AS member ON member.official_id = official.id
    WHERE official.employee_code = ANY(CAST(:codes AS text[]))
    """
)
_OWNERS = text("SELECT id_number_digest, employee_code FROM official WHERE id_number_digest = ANY(CAST(:digests AS bytea[]))")
_HELD = text(
    """
    SELECT appointment.id, appointment.official_id, appointment.department_id, appointment.office_id, appointment.kind,
           appointment.post, appointment.position, appointment.valid_from, appointment.valid_to, version.path
    FROM appointment
    LEFT JOIN department_version AS version
      ON version.department_id = appointment.department_id AND version.valid_from <= :now
         AND (version.valid_to IS NULL OR version.valid_to > :now)
    WHERE appointment.official_id = ANY(CAST(:people AS uuid[]))
      AND (appointment.valid_to IS NULL OR appointment.valid_to > appointment.valid_from)
    ORDER BY appointment.official_id, appointment.valid_from, appointment.id
    """
)


@dataclass(frozen=True, slots=True)
class Held:
    """An appointment that is or was held, or will be; ``path`` is where its department stands today."""

    id: UUID
    department_id: UUID
    office_id: UUID | None
    kind: str
    post: str
    position: str
    starts_at: datetime
    ends_at: datetime | None
    path: str

    def over(self, now: datetime) -> bool:
        """Say whether it has ended."""
        return self.ends_at is not None and self.ends_at <= now


@dataclass(slots=True)
class Known:
    """A registered person as of now; ``run_id`` is the import that saw the person last."""

    id: UUID
    code: str
    name: str
    phone_sealed: bytes | None
    digest: bytes
    version_id: UUID
    status: str
    rank: str
    staffing_type: str
    security_label: int
    version_ends_at: datetime | None
    source: str | None
    run_id: UUID | None
    held: list[Held] = field(default_factory=list)

    def live_paths(self, now: datetime) -> list[str]:
        """Return where the person serves now."""
        return [item.path for item in self.held if item.starts_at <= now and not item.over(now)]


@dataclass(frozen=True)
class Place:
    """A live department."""

    id: UUID
    path: str
    division: str


@dataclass(frozen=True)
class Standing:
    """All that a batch is compared with: people by code, who has an ID number (by digest), departments and offices."""

    people: Mapping[str, Known]
    owners: Mapping[bytes, str]
    departments: Mapping[str, Place]
    offices: Mapping[tuple[UUID, str], UUID]


def standing_of(session: Session, batch: Sequence[Candidate], now: datetime) -> Standing:
    """Read what is known about the people of ``batch`` and the places that they name."""
    rows = session.execute(_PEOPLE, {"codes": [person.code for person in batch if person.code], "now": now})
    people = {row.employee_code: Known(*row) for row in rows}
    by_id = {known.id: known for known in people.values()}
    if by_id:
        for row in session.execute(_HELD, {"people": list(by_id), "now": now}):
            held = Held(
                row.id,
                row.department_id,
                row.office_id,
                row.kind,
                row.post,
                row.position,
                row.valid_from,
                row.valid_to,
                row.path or "",
            )
            by_id[row.official_id].held.append(held)
    owners = session.execute(_OWNERS, {"digests": [person.digest for person in batch if person.digest]})
    departments = _departments(session, {row.uscc for person in batch for row in person.places}, now)
    named = {row.office for person in batch for row in person.places if row.office}
    offices = _offices(session, {place.id for place in departments.values()}, named, now) if named else {}
    return Standing(people, {row.id_number_digest: row.employee_code for row in owners}, departments, offices)


def places_named(session: Session, batch: Sequence[Candidate]) -> set[UUID]:
    """Return the departments that a batch names, whether they are still there or not."""
    wanted = {row.uscc for person in batch for row in person.places}
    return set(session.scalars(select(Department.id).where(Department.uscc.in_(wanted))))


def _departments(session: Session, wanted: set[str], now: datetime) -> dict[str, Place]:
    query = (
        select(Department.uscc, Department.id, DepartmentVersion.path, DepartmentVersion.division_code)
        .join(DepartmentVersion, DepartmentVersion.department_id == Department.id)
        .where(Department.uscc.in_(wanted), live_at(DepartmentVersion, now))
    )
    return {row.uscc: Place(row.id, row.path, row.division_code) for row in session.execute(query)}


def _offices(session: Session, departments: set[UUID], names: set[str], now: datetime) -> dict[tuple[UUID, str], UUID]:
    query = select(Office.office_id, Office.department_id, Office.name).where(
        Office.department_id.in_(departments), Office.name.in_(names), live_at(Office, now)
    )
    return {(row.department_id, row.name): row.office_id for row in session.execute(query)}
