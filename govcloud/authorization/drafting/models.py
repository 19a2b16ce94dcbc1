"""The tables of policy drafts: texts, reviews by a second person, what a text would change for whom, and what it decided in the shadow.

A review is a fact of the database: it names the maker of the draft (a foreign key on draft and maker together) and a reviewer who is
somebody else, the checksum of the text, and the impact of exactly that text. A version that came in by approval has the checksum of
its review. So no program can put in force what nobody else has approved, or another text than was approved.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Uuid

from govcloud.kernel.database import Base, Mapped, mapped_column

#: What the database itself holds of a text and its checksum.
TEXT_MATCHES = "checksum = encode(sha256(convert_to(document, 'UTF8')), 'hex')"


class PolicyDraft(Base):
    """A text that may become the next version. It belongs to its maker, who alone changes it; NULL: it came from the command line.

    ``base_number`` is the version that it was written on (0: the shipped policy, none is installed). ``revision`` grows with each
    change of text or base. ``tests`` is what the cases said when it was submitted.
    """

    __tablename__ = "policy_draft"
    __table_args__ = (
        UniqueConstraint("id", "maker_id"),
        CheckConstraint("state IN ('open', 'submitted', 'approved', 'applied', 'discarded')", name="state"),
        CheckConstraint("maker_id IS NOT NULL OR state IN ('open', 'discarded')", name="maker"),
        CheckConstraint("revision >= 1 AND base_number >= 0", name="numbers"),
        CheckConstraint(TEXT_MATCHES, name="checksum"),
        Index("ix_policy_draft_state", "state", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    reason: Mapped[str]
    maker_id: Mapped[UUID | None] = mapped_column(ForeignKey("official.id"))
    created_by: Mapped[str]
    base_number: Mapped[int]
    rollback_of: Mapped[int | None]
    source: Mapped[str]
    document: Mapped[str]
    checksum: Mapped[str]
    revision: Mapped[int]
    state: Mapped[str]
    tests: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PolicyImpact(Base):
    """What one text would change, worked out for everybody as of ``at``; ``done`` of ``total`` steps while that is under way.

    ``summary`` has the counts by function; who they are stands in the groups. ``digest`` is over all of it.
    """

    __tablename__ = "policy_impact"
    __table_args__ = (
        UniqueConstraint("id", "checksum"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),
        CheckConstraint("(state = 'done') = (digest IS NOT NULL)", name="digest"),
        Index("ix_policy_impact_draft_id", "draft_id", "id"),
        Index("ix_policy_impact_waiting", "id", postgresql_where="state IN ('waiting', 'running')"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("policy_draft.id"))
    checksum: Mapped[str]
    base_number: Mapped[int]
    state: Mapped[str]
    at: Mapped[datetime]
    done: Mapped[int]
    total: Mapped[int]
    grouped_by: Mapped[list[str]]
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB(none_as_null=True))
    digest: Mapped[str | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    requested_by: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class PolicyImpactPlace(Base):
    """Departments that no relevant rule tells apart, under a number of their own within one impact."""

    __tablename__ = "policy_impact_place"

    impact_id: Mapped[UUID] = mapped_column(ForeignKey("policy_impact.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    departments: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))


class PolicyImpactGroup(Base):
    """People to whom the text does the same.

    Kinds: by what they are (``duty``), by name (``direct``), without a place (``unplaced``), or a part of the platform (``part``).

    ``effects`` is (function, effect) pairs. ``classes`` say who is meant in a group by duty: rows of a number of places and the values
    of ``grouped_by``; the people of a group by name stand in ``policy_impact_member``.
    """

    __tablename__ = "policy_impact_group"
    __table_args__ = (CheckConstraint("kind IN ('duty', 'direct', 'unplaced', 'part')", name="kind"),)

    impact_id: Mapped[UUID] = mapped_column(ForeignKey("policy_impact.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    label: Mapped[dict[str, Any]] = mapped_column(JSONB(none_as_null=True))
    size: Mapped[int]
    effects: Mapped[list[Any]] = mapped_column(JSONB(none_as_null=True))
    classes: Mapped[list[Any]] = mapped_column(JSONB(none_as_null=True))


class PolicyImpactMember(Base):
    """Somebody in a group by name; ``place_id`` is the appointment, or the person where no appointment counts."""

    __tablename__ = "policy_impact_member"

    impact_id: Mapped[UUID] = mapped_column(ForeignKey("policy_impact.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID]
    appointment_id: Mapped[UUID | None]


class PolicyReview(Base):
    """What a second person said about one revision of a draft, having seen its text and its impact."""

    __tablename__ = "policy_review"
    __table_args__ = (
        ForeignKeyConstraint(["draft_id", "maker_id"], ["policy_draft.id", "policy_draft.maker_id"]),
        ForeignKeyConstraint(["impact_id", "checksum"], ["policy_impact.id", "policy_impact.checksum"]),
        UniqueConstraint("id", "checksum"),
        CheckConstraint("verdict IN ('approve', 'reject')", name="verdict"),
        CheckConstraint("maker_id <> reviewer_id", name="second_person"),
        CheckConstraint("verdict = 'reject' OR impact_id IS NOT NULL", name="seen"),
        Index("ix_policy_review_draft_id", "draft_id", "at"),
        # One yes a revision: of two reviewers at once, the second is told so.
        Index("uq_policy_review_approved", "draft_id", "revision", unique=True, postgresql_where="verdict = 'approve'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    draft_id: Mapped[UUID]
    maker_id: Mapped[UUID]
    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    revision: Mapped[int]
    checksum: Mapped[str]
    base_number: Mapped[int]
    impact_id: Mapped[UUID | None]
    verdict: Mapped[str]
    comment: Mapped[str]
    at: Mapped[datetime]


class PolicyShadow(Base):
    """A stretch of time in which a text decided beside the live one; only one at a time. The counts are of sampled questions."""

    __tablename__ = "policy_shadow"
    __table_args__ = (
        CheckConstraint("until > started_at", name="term"),
        Index("ix_policy_shadow_draft_id", "draft_id"),
        Index("uq_policy_shadow_current", "current", unique=True, postgresql_where="ended_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("policy_draft.id"))
    checksum: Mapped[str]
    document: Mapped[str]
    # The same in every row: the index above then lets only one of them be open.
    current: Mapped[bool] = mapped_column(server_default="true")
    started_by: Mapped[str]
    started_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    checked: Mapped[int]
    different: Mapped[int]
    dropped: Mapped[int]


class PolicyShadowDifference(Base):
    """How often the shadow answered a function otherwise than the live policy, by what both said."""

    __tablename__ = "policy_shadow_difference"

    shadow_id: Mapped[UUID] = mapped_column(ForeignKey("policy_shadow.id"), primary_key=True)
    function: Mapped[str] = mapped_column(primary_key=True)
    live: Mapped[str] = mapped_column(primary_key=True)
    shadow: Mapped[str] = mapped_column(primary_key=True)
    times: Mapped[int]
    last_at: Mapped[datetime]


class PolicyShadowSample(Base):
    """One question on which they differed; only so many are kept (``slot`` goes round)."""

    __tablename__ = "policy_shadow_sample"

    shadow_id: Mapped[UUID] = mapped_column(ForeignKey("policy_shadow.id"), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    official_id: Mapped[UUID | None]
    appointment_id: Mapped[UUID | None]
    function: Mapped[str]
    division: Mapped[str | None]
    live: Mapped[str]
    shadow: Mapped[str]
