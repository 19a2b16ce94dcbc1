"""The tables of separation of duty: rules by version, drafts that wait for a second person, exceptions, what was found broken.

A rule's window says when it was in force; its next version takes its place at the same moment. ``functions`` of a rule on cases may
be empty: then it is about every function.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from govcloud.kernel.database import Base, Temporal, temporal_args

_KIND = "kind IN ('static', 'dynamic', 'per_case')"
_SET = "kind = 'per_case' OR cardinality(functions) > most"


class SodRule(Temporal, Base):
    """One version of a rule: of ``functions`` nobody has more than ``most`` at once.

    Nobody holds more (static), uses more in one session (dynamic), or has more for one case (per_case). ``liftable`` says whether an
    exception may be made at all.
    """

    __tablename__ = "sod_rule"
    __table_args__ = (
        *temporal_args(),
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("most >= 1", name="most"),
        CheckConstraint(_SET, name="functions"),
        CheckConstraint("proposed_by <> approved_by", name="two_people"),
        UniqueConstraint("code", "version"),
        Index("uq_sod_rule_current", "code", unique=True, postgresql_where=text("valid_to IS NULL")),
        Index("ix_sod_rule_functions", "functions", postgresql_using="gin", postgresql_where=text("valid_to IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    kind: Mapped[str]
    functions: Mapped[list[str]]
    most: Mapped[int]
    liftable: Mapped[bool]
    reason: Mapped[str]
    proposed_by: Mapped[str]
    approved_by: Mapped[str]


class SodDraft(Base):
    """A rule as somebody proposes it: new, changed, or (``ends``) no more; in force once another person has approved it.

    ``base_version`` is the version that it was written against, 0 for a rule that there is not yet.
    """

    __tablename__ = "sod_draft"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("most >= 1", name="most"),
        CheckConstraint("state IN ('open', 'applied', 'dropped')", name="state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL AND decided_by IS NULL)", name="decided"),
        CheckConstraint("state <> 'applied' OR decided_by <> proposed_by", name="two_people"),
        Index("uq_sod_draft_open", "code", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    base_version: Mapped[int]
    ends: Mapped[bool]
    name: Mapped[str]
    kind: Mapped[str]
    functions: Mapped[list[str]]
    most: Mapped[int]
    liftable: Mapped[bool]
    reason: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    state: Mapped[str]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class SodException(Temporal, Base):
    """One official may hold ``functions`` of a rule's set together until ``ends_at``; ``valid_to`` is set when it ends before.

    It names the functions, so that a rule which grows later is not lifted for what it did not have then.
    """

    __tablename__ = "sod_exception"
    __table_args__ = (
        *temporal_args(),
        CheckConstraint("official_id <> given_by_official_id", name="not_oneself"),
        CheckConstraint("ends_at > valid_from", name="term"),
        Index("ix_sod_exception_official_id", "official_id", "rule_code"),
        Index("ix_sod_exception_ends_at", "ends_at", postgresql_where=text("valid_to IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    rule_code: Mapped[str]
    functions: Mapped[list[str]]
    reason: Mapped[str]
    given_by_official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    given_by_appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    ends_at: Mapped[datetime]


class SodViolation(Temporal, Base):
    """Somebody held more of a rule's set than it allows, without an exception, from the night it was found to the night it was gone."""

    __tablename__ = "sod_violation"
    __table_args__ = (
        *temporal_args(),
        Index("uq_sod_violation_current", "rule_code", "official_id", unique=True, postgresql_where=text("valid_to IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    rule_code: Mapped[str]
    rule_version: Mapped[int]
    functions: Mapped[list[str]]


class SodUse(Base):
    """A function of a dynamic rule was used in a session; the others of its set are closed to that session."""

    __tablename__ = "sod_use"
    __table_args__ = (Index("ix_sod_use_at", "at"),)

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    function: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
