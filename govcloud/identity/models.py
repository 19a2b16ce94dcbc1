"""The tables of identity: the division tree, the organisation over time, officials, appointments and accounts.

A row that decisions read is closed (``valid_to``) and followed by another, never overwritten, so that "as of" questions
have an answer. Personal numbers are stored sealed; beside the ID number stands a keyed digest, which finds and compares.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from govcloud.kernel.database import Base, Mapped, Temporal, mapped_column, no_overlap, prefix_index, temporal_args


class Division(Temporal, Base):
    """An administrative division (GB/T 2260, twelve digits); ``valid_to`` is set when it is abolished."""

    __tablename__ = "division"
    __table_args__ = (
        *temporal_args(),
        CheckConstraint("code ~ '^[0-9]{12}$'", name="code"),
        CheckConstraint("level IN ('province', 'city', 'county', 'township', 'village')", name="level"),
        Index("ix_division_parent_code", "parent_code"),
        prefix_index("ix_division_code_prefix", "code"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("division.code"))


class Department(Base):
    """A node of the organisation tree; all that may change stands in its versions."""

    __tablename__ = "department"
    __table_args__ = (UniqueConstraint("uscc"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str]
    created_at: Mapped[datetime]


class DepartmentVersion(Temporal, Base):
    """What a department is called and where it stands, for one window of time.

    ``path`` is the chain of department ids from the root to the department itself, ``"/<hex>/<hex>/"``: a subtree is a prefix.
    """

    __tablename__ = "department_version"
    __table_args__ = (
        *temporal_args(),
        CheckConstraint("level IN ('province', 'city', 'county', 'township')", name="level"),
        CheckConstraint("path LIKE '%/' || replace(CAST(department_id AS text), '-', '') || '/'", name="path"),
        no_overlap("ex_department_version_one_at_a_time", "department_id"),
        Index("ix_department_version_department_id", "department_id"),
        CheckConstraint("lead_department_id <> department_id", name="lead"),
        Index("ix_department_version_parent_id", "parent_id", "position"),
        Index("ix_department_version_division_code", "division_code"),
        Index("ix_department_version_lead_department_id", "lead_department_id"),
        Index("ix_department_version_grams", "grams", postgresql_using="gin"),
        prefix_index("ix_department_version_path", "path"),
        prefix_index("ix_department_version_name", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    name: Mapped[str]
    short_name: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    path: Mapped[str]
    division_code: Mapped[str] = mapped_column(ForeignKey("division.code"))
    level: Mapped[str]
    business_lines: Mapped[list[str]]
    lead_department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    position: Mapped[int]
    # Search keys: what a name sounds like, and the pairs of letters that name, short name and pinyin are made of.
    pinyin: Mapped[str]
    initials: Mapped[str]
    grams: Mapped[list[str]]


class DepartmentSuccession(Base):
    """What became of a department: it went into another, gave birth to one, or was abolished without a successor."""

    __tablename__ = "department_succession"
    __table_args__ = (
        CheckConstraint("kind IN ('merge', 'split', 'abolish')", name="kind"),
        CheckConstraint("(successor_id IS NULL) = (kind = 'abolish')", name="successor"),
        CheckConstraint("predecessor_id <> successor_id", name="different"),
        Index("ix_department_succession_predecessor_id", "predecessor_id", "at"),
        Index("ix_department_succession_successor_id", "successor_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    predecessor_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    successor_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    reason: Mapped[str]
    at: Mapped[datetime]


def _own_id(context: Any) -> UUID:  # noqa: ANN401 - SQLAlchemy's context of a default
    """Return the id of the row that is inserted: an office's first row names itself."""
    own: UUID = context.get_current_parameters()["id"]
    return own


class Office(Temporal, Base):
    """What an internal office is called and where it belongs, for one window of time.

    ``office_id`` is the office itself, the id of its first row: appointments name it, whatever the office is called meanwhile.
    """

    __tablename__ = "office"
    __table_args__ = (
        *temporal_args(),
        no_overlap("ex_office_one_at_a_time", "office_id"),
        Index("ix_office_department_id", "department_id"),
        Index("ix_office_office_id", "office_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[UUID] = mapped_column(default=_own_id)
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    name: Mapped[str]


#: One position of one person in one department, as a uuid, which an exclusion constraint can compare.
_ONE_POSITION = 'CAST(md5(CAST(official_id AS text) || CAST(department_id AS text) || "position") AS uuid)'


def _search_key() -> Mapped[str]:
    """Return a column that is searched by its beginning and listed in its own order: both want bytes compared, not words."""
    return mapped_column(Text(collation="C"))


_SEARCH_KEYS = ("employee_code", "name", "pinyin", "initials")


def _kept_key() -> Mapped[str]:
    """Return a search key that the database itself fills in and keeps; nobody reads it but a search."""
    return mapped_column(Text(collation="C"), FetchedValue(), deferred=True)


class Official(Base):
    """A person; ``pinyin`` and ``initials`` are search keys, as the database sorts no Chinese by itself.

    Each key has one index that both finds a beginning and gives the order of the pages (``search.py``).
    """

    __tablename__ = "official"
    __table_args__ = (
        UniqueConstraint("employee_code"),
        UniqueConstraint("id_number_digest"),
        Index("ix_official_name_id", "name", "id"),
        Index("ix_official_pinyin_id", "pinyin", "id"),
        Index("ix_official_initials_id", "initials", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    employee_code: Mapped[str] = _search_key()
    name: Mapped[str] = _search_key()
    pinyin: Mapped[str] = _search_key()
    initials: Mapped[str] = _search_key()
    id_number_sealed: Mapped[bytes]
    id_number_digest: Mapped[bytes]
    phone_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]


class OfficialVersion(Temporal, Base):
    """An official's standing for one window of time."""

    __tablename__ = "official_version"
    __table_args__ = (
        *temporal_args(),
        CheckConstraint("status IN ('active', 'suspended', 'left')", name="status"),
        CheckConstraint("security_label BETWEEN 0 AND 4", name="security_label"),
        no_overlap("ex_official_version_one_at_a_time", "official_id"),
        Index("ix_official_version_official_id", "official_id"),
        Index("ix_official_version_suspended", "official_id", postgresql_where="status = 'suspended'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    status: Mapped[str]
    rank: Mapped[str]
    staffing_type: Mapped[str]
    security_label: Mapped[int]


class Appointment(Temporal, Base):
    """An official's place in a department; rights hang on it. At most one is primary at a time.

    A primary appointment that was transferred away from may hold on to hand over: from ``handover_from`` on another one is the
    primary. ``end_noted_at`` is when its end came on record with all that follows (a job does it for an end that was planned);
    decisions never ask for it, they compare the window.

    The last four columns are the person's search keys once more, each with an index by which people are found department by
    department (``search.py``). They are no facts of the appointment: triggers of the database take them from the person when an
    appointment is added, and again when the person's name changes, so that no command has to think of them.
    """

    # Nothing is to be read back after an insert: no command looks at what the triggers filled in.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy's own form
    __tablename__ = "appointment"
    __table_args__ = (
        *temporal_args(),
        CheckConstraint("kind IN ('primary', 'concurrent', 'attachment', 'secondment')", name="kind"),
        no_overlap("ex_appointment_one_primary", "official_id", where="kind = 'primary'", until="LEAST(handover_from, valid_to)"),
        no_overlap("ex_appointment_one_per_position", "official_id", owner=_ONE_POSITION),
        CheckConstraint("handover_from >= valid_from", name="handover"),
        Index("ix_appointment_official_id", "official_id"),
        Index("ix_appointment_continues_id", "continues_id", unique=True),
        Index("ix_appointment_department_id", "department_id", "official_id"),
        # Who serves in a position, in the order of people: duties give roles by it.
        Index("ix_appointment_position", "position", "official_id"),
        Index("ix_appointment_end_due", "valid_to", postgresql_where="valid_to IS NOT NULL AND end_noted_at IS NULL"),
        *(Index(f"ix_appointment_department_{key}", "department_id", key, "official_id") for key in _SEARCH_KEYS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    office_id: Mapped[UUID | None] = mapped_column(ForeignKey("office.id"))
    kind: Mapped[str]
    post: Mapped[str]
    position: Mapped[str]
    # The appointment that a reorganisation closed and this one goes on with: the same duty in another department.
    continues_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"))
    handover_from: Mapped[datetime | None]
    end_noted_at: Mapped[datetime | None]
    employee_code: Mapped[str] = _kept_key()
    name: Mapped[str] = _kept_key()
    pinyin: Mapped[str] = _kept_key()
    initials: Mapped[str] = _kept_key()


class Account(Base):
    """The one identity that an official signs in with; whether its owner may act at all stands in the owner's standing."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("official_id"),
        UniqueConstraint("login"),
        CheckConstraint("status IN ('active', 'disabled')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    login: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime]


class PersonnelChange(Base):
    """One change in a person's duty (入职, 调动, 停职, 离职 …): what was ordered, for when, and what it found.

    What holds stands in the appointments and standings, with windows that may begin ahead; this row lets a planned change be
    listed, cancelled and undone. ``before`` names what the change closed, so that it can be put back. ``settled_at`` is when
    all that follows from it was done; a job does that for planned ones.
    """

    __tablename__ = "personnel_change"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('transfer', 'concurrent', 'attachment', 'secondment', 'suspend', 'reinstate', 'leave', 'undo_leave', 'rejoin')",
            name="kind",
        ),
        Index("ix_personnel_change_official_id", "official_id", "effective_at"),
        Index("ix_personnel_change_due", "effective_at", "id", postgresql_where="settled_at IS NULL AND cancelled_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    kind: Mapped[str]
    effective_at: Mapped[datetime]
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"))
    reason: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB(none_as_null=True))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    settled_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    superseded_by: Mapped[UUID | None] = mapped_column(ForeignKey("personnel_change.id"))


class PersonnelEvent(Base):
    """One event that a personnel system sent, by its own id: the digest of what it said, and what it was answered."""

    __tablename__ = "personnel_event"

    sender: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB(none_as_null=True))
    received_at: Mapped[datetime]
