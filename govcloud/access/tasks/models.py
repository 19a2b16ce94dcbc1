"""The tables of deciding: tasks of lines, returned lines, comments, delegations, and the rules that owners signed in advance."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from govcloud.kernel.database import Base, prefix_index

OPEN_TASK = "open"
_OPEN = "state = 'open'"


class DecisionTask(Base):
    """What a line waits for now, or waited for: ``needed`` approvals under ``path``; one task of a line is open at a time.

    ``path`` is what a decider's authority must reach over: the owning department, or for ``superior`` the department above it.
    ``asked_path`` is the nearest department, at or above ``path``, that had somebody fit when the task was opened. A task that is
    ``void`` was cut short: the line was refused, returned, withdrawn, or lapsed.
    """

    __tablename__ = "decision_task"
    __table_args__ = (
        CheckConstraint("kind IN ('owner', 'superior')", name="kind"),
        CheckConstraint("state IN ('done', 'open', 'void')", name="state"),
        CheckConstraint("needed BETWEEN 1 AND 9", name="needed"),
        CheckConstraint("(claimed_by IS NULL) = (claimed_at IS NULL)", name="claim"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed"),
        UniqueConstraint("line_id", "round", "step"),
        Index("uq_decision_task_open", "line_id", unique=True, postgresql_where=_OPEN),
        prefix_index("ix_decision_task_inbox", "path", postgresql_where=_OPEN),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("request_line.id"))
    round: Mapped[int]
    step: Mapped[int]
    kind: Mapped[str]
    needed: Mapped[int]
    distinct_units: Mapped[bool]
    path: Mapped[str]
    asked_path: Mapped[str]
    state: Mapped[str]
    claimed_by: Mapped[UUID | None] = mapped_column(ForeignKey("official.id"))
    claimed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class LineReturn(Base):
    """A line was sent back for correction, with what is missing; at most once a round."""

    __tablename__ = "line_return"
    __table_args__ = (
        CheckConstraint("length(missing) BETWEEN 1 AND 500", name="missing"),
        UniqueConstraint("line_id", "round"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("request_line.id"))
    round: Mapped[int]
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    missing: Mapped[str]
    at: Mapped[datetime]


class LineComment(Base):
    """What somebody concerned wrote about a line: its requester, its beneficiary, or one of its approvers."""

    __tablename__ = "line_comment"
    __table_args__ = (
        CheckConstraint("length(text) BETWEEN 1 AND 500", name="text"),
        Index("ix_line_comment_line", "line_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("request_line.id"))
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    text: Mapped[str]
    at: Mapped[datetime]


class Delegation(Base):
    """Somebody lets another decide in their right over ``[starts_at, ends_at)``; they keep it themselves.

    It counts only while the delegator holds the office and both appointments last. ``out_of_office`` also redirects what the
    delegator would be told.
    """

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("delegator_id <> delegate_id", name="two_people"),
        CheckConstraint("starts_at < ends_at", name="window"),
        CheckConstraint("length(reason) BETWEEN 1 AND 500", name="reason"),
        Index("ix_delegation_delegate", "delegate_id", postgresql_where="ended_at IS NULL"),
        Index("ix_delegation_delegator", "delegator_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    delegator_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    delegator_appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    delegate_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    delegate_appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    out_of_office: Mapped[bool]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApprovalRule(Base):
    """A senior administrator of the owner said yes in advance: to whom (departments and all below), how long, which rows, until when.

    ``scope`` says beside the rows for what it was signed (``presigned.py``).
    """

    __tablename__ = "approval_rule"
    __table_args__ = (
        CheckConstraint("max_days BETWEEN 1 AND 366", name="max_days"),
        CheckConstraint("signed_at < ends_at", name="window"),
        CheckConstraint("length(reason) BETWEEN 1 AND 500", name="reason"),
        CheckConstraint("cardinality(departments) > 0", name="departments"),
        Index("ix_approval_rule_item", "item_id", postgresql_where="ended_at IS NULL"),
        Index("ix_approval_rule_owner_department_id", "owner_department_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_item.id"))
    owner_department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    departments: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    max_days: Mapped[int]
    scope: Mapped[dict[str, Any]]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    signed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
