"""The tables of access: requests, their lines, and the decisions on them (grants lie with authorization).

A request's state is derived from its lines and a grant's from the clock, so neither is stored. Decisions are only added to.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Sequence, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from govcloud.access.lifecycle import BLOCKED, OPEN, WAITING, LineState
from govcloud.kernel.database import Base, prefix_index, temporal_args
from govcloud.kernel.rulebook import RulesVersion

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
    ``submission_id`` is the first of the requests that were sent off together, one for each beneficiary; NULL: those of releases
    that knew one at a time. ``matter_version`` is the version that the matter had then.
    """

    __tablename__ = "access_request"
    __table_args__ = (
        CheckConstraint("length(reason) BETWEEN 1 AND 1000", name="reason"),
        CheckConstraint("mode IN ('progressive', 'atomic')", name="mode"),
        Index("ix_access_request_requester", "requester_official_id", "created_at"),
        Index("ix_access_request_beneficiary", "beneficiary_official_id", "created_at"),
        Index("ix_access_request_matter_id", "matter_id", postgresql_where="matter_id IS NOT NULL"),
        Index("ix_access_request_submission_id", "submission_id", postgresql_where=text("submission_id <> id")),
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
    matter_version: Mapped[int | None]
    submission_id: Mapped[UUID | None] = mapped_column(ForeignKey("access_request.id"))
    mode: Mapped[str] = mapped_column(server_default="progressive")
    starts_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RequestLine(Base):
    """One owner × one slice of a request; the thing that is decided.

    ``round`` counts how often it was put up for decision: one more after each correction.
    What the line asks for is copied from the catalogue when it is submitted, so that a later change of the catalogue shows.
    ``duty`` is the part of the matter that the item serves: handling a case (经办) or reviewing it (复核); NULL: neither.
    ``escalation`` is how far the clock has carried a line that nobody answers: 0 its own department, 1 reminded, 2 also the
    deputies, 3 also the department above.

    ``remind_at``, ``deputy_at``, ``superior_at`` and ``due_at`` are the marks of the clock (``clocks.py``); ``acts_at`` is when it acts
    next, and NULL while it stands. ``counted_from`` is since when it runs without a break, ``waited_seconds`` the working time before.
    ``parent_line_id`` is the line whose grant this one extends, following it without a gap; ``carried_days`` are the days that the
    row of grants it was to belong to lasted beside it, as it was asked for. ``held_scope`` and ``held_days`` are what was approved of a
    line that opens together with others, kept until it does, or will not any more.
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
        Index("ix_request_line_acts", "acts_at", "id", postgresql_where=text(f"state IN ({_listed(OPEN)})")),
        Index("ix_request_line_request", "request_id"),
        Index("ix_request_line_item", "item_id", "state"),
        Index(
            "ix_request_line_decided",
            "item_id",
            "closed_at",
            postgresql_where=text("state IN ('approved', 'rejected')"),
        ),
        Index("ix_request_line_blocked", "beneficiary_official_id", postgresql_where=text(f"state IN ({_listed(BLOCKED)})")),
        Index("ix_request_line_parent_line_id", "parent_line_id", postgresql_where=text("parent_line_id IS NOT NULL")),
        # Reports on a period read this alone.
        Index(
            "ix_request_line_approved",
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
    round: Mapped[int] = mapped_column(server_default="1")
    duty: Mapped[str | None]
    escalation: Mapped[int] = mapped_column(server_default="0")
    submitted_at: Mapped[datetime]
    remind_at: Mapped[datetime | None]
    deputy_at: Mapped[datetime | None]
    superior_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
    acts_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    counted_from: Mapped[datetime | None]
    waited_seconds: Mapped[int] = mapped_column(BigInteger, server_default="0")
    closed_at: Mapped[datetime | None]
    parent_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("request_line.id"))
    carried_days: Mapped[int] = mapped_column(server_default="0")
    held_scope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    held_days: Mapped[int | None]


class Decision(Base):
    """What one person decided on one line, with the evidence that was shown to them and its SHA-256.

    It belongs to a task and a round of it (decisions from before there were tasks to none). ``principal_id`` is in whose right it was
    made: the person themselves, or who delegated to them; ``department_id`` is where that person served. One with a ``rule_id`` was
    made in advance, by whoever signed the rule. ``alternative`` is what a refusal offers instead.
    """

    __tablename__ = "decision"
    __table_args__ = (
        # One right says yes once, whoever uses it; whoever lent it may still say no.
        Index("uq_decision_principal", "task_id", "round", "principal_id", unique=True, postgresql_where=text("outcome = 'approved'")),
        Index("uq_decision_official", "task_id", "round", "official_id", unique=True),
        Index("ix_decision_line", "line_id", "at"),
        Index("ix_decision_principal", "principal_id", "at"),
        CheckConstraint("alternative IS NULL OR outcome = 'rejected'", name="alternative"),
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
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("decision_task.id"))
    round: Mapped[int] = mapped_column(server_default="1")
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    rule_id: Mapped[UUID | None] = mapped_column(ForeignKey("approval_rule.id"))
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    outcome: Mapped[str]
    approved_scope: Mapped[dict[str, Any] | None]
    approved_days: Mapped[int | None]
    reason_code: Mapped[str | None]
    alternative: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    comment: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    evidence_hash: Mapped[str]
    at: Mapped[datetime]


class DecisionReceipt(Base):
    """What the platform says of one decision, signed: payload and protected header in base64url, as they were signed (RFC 7515)."""

    __tablename__ = "decision_receipt"
    __table_args__ = (Index("ix_decision_receipt_line_id", "line_id"),)

    decision_id: Mapped[UUID] = mapped_column(ForeignKey("decision.id"), primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("request_line.id"))
    payload: Mapped[str]
    protected: Mapped[str]
    signature: Mapped[str]
    kid: Mapped[str] = mapped_column(ForeignKey("signing_key.kid"))
    at: Mapped[datetime]


class ReceiptSignature(Base):
    """A further signature over the same payload, of the person who decided; ``header`` is the unprotected one."""

    __tablename__ = "receipt_signature"
    __table_args__ = (UniqueConstraint("decision_id", "protected", "signature"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("decision_receipt.decision_id"))
    protected: Mapped[str]
    header: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    signature: Mapped[str]
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    at: Mapped[datetime]


class LineWait(Base):
    """For how much working time a line waited for the department that held it when it was answered, or lapsed unanswered.

    Written once, when the line closes; the report on departments reads it without looking at lines. What a requester took back is
    nobody's waiting and stands not here.
    """

    __tablename__ = "line_wait"
    __table_args__ = (
        CheckConstraint("outcome IN ('approved', 'rejected', 'lapsed')", name="outcome"),
        CheckConstraint("seconds >= 0", name="seconds"),
        # A department's waiting in a period, and that of all, from the index alone.
        Index("ix_line_wait_department", "department_id", "closed_at", postgresql_include=["seconds", "outcome"]),
        Index("ix_line_wait_closed", "closed_at", postgresql_include=["department_id", "seconds", "outcome"]),
    )

    line_id: Mapped[UUID] = mapped_column(ForeignKey("request_line.id"), primary_key=True)
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    outcome: Mapped[str]
    seconds: Mapped[int] = mapped_column(BigInteger)
    closed_at: Mapped[datetime]


class ClockPolicyVersion(RulesVersion):
    """The rules of the clock from one moment to the next (``clock_rules.py``); before the first, the shipped ones hold."""

    __tablename__ = "clock_policy"
    __table_args__ = (
        *temporal_args(),
        Index("uq_clock_policy_current", text("(valid_to IS NULL)"), unique=True, postgresql_where=text("valid_to IS NULL")),
    )


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
