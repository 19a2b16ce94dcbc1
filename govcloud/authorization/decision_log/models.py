"""The tables of the decision log: one row a decision, and one for each stretch of time in which some were lost.

It is no record of facts: nothing refers to it, it is kept for a while and then deleted, and of a person it holds the id alone.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from govcloud.kernel.database import Base


class DecisionLogEntry(Base):
    """One decision. ``kind`` says why it is here: a denial, a yes to something sensitive, or one of a sample.

    The key begins with the time: pages go backwards through it, rows are added at its end, and what is too old is deleted from its start.
    The other indexes serve one question each: about a person, a function, a subsystem.
    """

    __tablename__ = "decision_log"
    __table_args__ = (
        CheckConstraint("kind IN ('denied', 'sensitive', 'sampled')", name="kind"),
        CheckConstraint("allowed = (kind <> 'denied')", name="denied"),
        Index("ix_decision_log_official_id", "official_id", "at", "id"),
        Index("ix_decision_log_function", "function", "at", "id"),
        Index("ix_decision_log_subsystem_code", "subsystem_code", "at", "id"),
    )

    at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    official_id: Mapped[UUID | None]
    appointment_id: Mapped[UUID | None]
    client_id: Mapped[str]
    subsystem_code: Mapped[str]
    function: Mapped[str]
    allowed: Mapped[bool]
    reason: Mapped[str]
    # Casbin's explanation: the role and the label of the rule; and the grant that decided, if one did.
    role: Mapped[str | None]
    rule: Mapped[str | None]
    grant_id: Mapped[UUID | None]
    # What it was about: the kind of thing and where it stands; never which thing, that is in the subsystem's own log.
    resource_type: Mapped[str | None]
    division: Mapped[str | None]
    epoch: Mapped[int] = mapped_column(BigInteger)
    trace_id: Mapped[str | None]


class DecisionLogGap(Base):
    """So many decisions of one process were not written down, between two moments."""

    __tablename__ = "decision_log_gap"
    __table_args__ = (
        CheckConstraint("dropped > 0", name="dropped"),
        CheckConstraint("until >= since", name="window"),
        Index("ix_decision_log_gap_until", "until"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    until: Mapped[datetime]
    dropped: Mapped[int]
    process: Mapped[str]
