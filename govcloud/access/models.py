"""The tables of access: requests, their lines, and the decisions on them (grants lie with authorization).

A request's state is derived from its lines and a grant's from the clock, so neither is stored. Decisions are only added to.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from govcloud.access.lifecycle import OPEN, WAITING, LineState
from govcloud.kernel.database import Base, prefix_index

# Autogeneration does not see sequences: the migration that makes these tables creates this one by name.
request_number = Sequence("access_request_number", metadata=Base.metadata)
"""Counts requests over all days; a rolled-back request leaves a gap, which is harmless."""


def _listed(values: frozenset[LineState] | type[LineState]) -> str:
    """Return ``values`` as a list of SQL literals, sorted so that the schema does not change from run to run."""
    return ", ".join(f"'{value}'" for value in sorted(values))


class AccessRequest(Base):
    """Somebody asks for temporary access, for themselves or for a colleague (the beneficiary).

    ``mode`` says when what is approved opens: each line at once (``progressive``), or all lines together (``atomic``).
    ``starts_at`` is the earliest moment at which access is wanted; NULL: as soon as it is approved.
    """

    __tablename__ = "access_request"
    __table_args__ = (
        CheckConstraint("length(reason) BETWEEN 1 AND 1000", name="reason"),
        CheckConstraint("mode IN ('progressive', 'atomic')", name="mode"),
        Index("ix_access_request_requester", "requester_official_id", "created_at"),
        Index("ix_access_request_beneficiary", "beneficiary_official_id", "created_at"),
        Index("ix_access_request_matter_id", "matter_id", postgresql_where="matter_id IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    requester_official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    requester_appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    beneficiary_official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    beneficiary_appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    reason: Mapped[str]
    case_number: Mapped[str | None]
    matter_id: Mapped[UUID | None] = mapped_column(ForeignKey("matter.id"))
    mode: Mapped[str] = mapped_column(server_default="progressive")
    starts_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RequestLine(Base):
    """One owner × one slice of a request; the thing that is decided.

    What the line asks for is copied from the catalogue when it is submitted, so that a later change of the catalogue shows.
    ``duty`` is the part of the matter that the item serves: handling a case (经办) or reviewing it (复核); NULL: neither.
    ``escalation`` is how far the clock has carried a line that nobody answers: 0 its own department, 1 reminded, 2 also the
    deputies, 3 also the department above.

    ``parent_line_id`` is the line whose grant this one extends, following it without a gap; ``carried_days`` are the days that the
    unbroken row of grants before it lasts. ``held_scope`` and ``held_days`` are what was approved of a line that opens together with
    others, kept until it does.
    """

    __tablename__ = "request_line"
    __table_args__ = (
        CheckConstraint(f"state IN ({_listed(LineState)})", name="state"),
        CheckConstraint("requested_days > 0", name="days"),
        CheckConstraint("duty IN ('handle', 'review')", name="duty"),
        CheckConstraint("escalation BETWEEN 0 AND 3", name="escalation"),
        CheckConstraint("carried_days >= 0", name="carried_days"),
        CheckConstraint("(held_scope IS NULL) = (held_days IS NULL)", name="held"),
        Index(
            "uq_request_line_open",
            "beneficiary_official_id",
            "item_id",
            unique=True,
            postgresql_where=text(f"state IN ({_listed(OPEN)})"),
        ),
        prefix_index("ix_request_line_inbox", "owner_path", postgresql_where=text(f"state IN ({_listed(WAITING)})")),
        Index("ix_request_line_due", "due_at", postgresql_where=text(f"state IN ({_listed(OPEN)})")),
        Index("ix_request_line_request", "request_id"),
        Index("ix_request_line_item", "item_id", "state"),
        Index("ix_request_line_parent_line_id", "parent_line_id", postgresql_where=text("parent_line_id IS NOT NULL")),
        # Reports on a period read this alone.
        Index(
            "ix_request_line_decided",
            "closed_at",
            postgresql_include=["submitted_at", "request_id", "owner_path"],
            postgresql_where=text("state = 'approved'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("access_request.id"))
    beneficiary_official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_item.id"))
    item_version: Mapped[int]
    function: Mapped[str]
    subsystem_code: Mapped[str]
    owner_department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    owner_path: Mapped[str]
    state: Mapped[str]
    version: Mapped[int]
    requested_scope: Mapped[dict[str, Any]]
    requested_days: Mapped[int]
    duty: Mapped[str | None]
    escalation: Mapped[int] = mapped_column(server_default="0")
    submitted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    parent_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("request_line.id"))
    carried_days: Mapped[int] = mapped_column(server_default="0")
    held_scope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    held_days: Mapped[int | None]


class Decision(Base):
    """What one person decided on one line, with the evidence that was shown to them and its SHA-256."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("line_id", "official_id"),
        CheckConstraint("outcome IN ('approved', 'rejected')", name="outcome"),
        CheckConstraint(
            "(outcome = 'approved') = (approved_scope IS NOT NULL AND approved_days IS NOT NULL)",
            name="approved_parts",
        ),
        CheckConstraint("(outcome = 'rejected') = (reason_code IS NOT NULL)", name="reason_code"),
        Index("ix_decision_official", "official_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("request_line.id"))
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    outcome: Mapped[str]
    approved_scope: Mapped[dict[str, Any] | None]
    approved_days: Mapped[int | None]
    reason_code: Mapped[str | None]
    comment: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    evidence_hash: Mapped[str]
    at: Mapped[datetime]


class Revocation(Base):
    """An order to end many grants: those of ``kind`` and ``target`` that were open at ``seen_at``, as far as ``paths`` reach.

    It is worked off a part at a time, so that it goes on where it was broken off; ``done`` counts the grants that it ended.
    """

    __tablename__ = "revocation"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'subsystem', 'matter', 'department')", name="kind"),
        CheckConstraint("length(reason) BETWEEN 1 AND 500", name="reason"),
        CheckConstraint("total >= 0 AND done >= 0", name="counts"),
        Index("ix_revocation_open", "created_at", postgresql_where=text("finished_at IS NULL")),
        Index("ix_revocation_official_id", "official_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    target: Mapped[str]
    label: Mapped[str]
    paths: Mapped[list[str]]
    reason: Mapped[str]
    ordered_by: Mapped[str]
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    seen_at: Mapped[datetime]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
