"""The tables of authorization: roles, the policy's rules, who holds which role, temporary grants, and the epoch feed.

Every window here may be empty (``valid_to = valid_from``), unlike elsewhere: a grant revoked in the very instant in which it
was opened must be closed, not refused, and ``[t, t)`` then says truthfully that it never held.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from govcloud.kernel.database import Base, Temporal, no_overlap

#: The three officers (三员): no official holds two of these at one time.
OFFICER_ROLES = ("system_admin", "security_admin", "audit_admin")
OFFICERS_EXCLUSIVE = "ex_role_assignment_officers"
#: An officer is appointed by name: no rule and no ceiling may name these roles, or mutual exclusion could not be held.
_NO_OFFICER = "role_code NOT IN ('system_admin', 'security_admin', 'audit_admin')"


def _window() -> CheckConstraint:
    """Return the constraint that a window does not run backwards; an empty one is allowed (see the head of this file)."""
    return CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="window")


class Role(Temporal, Base):
    """A named set of functions."""

    __tablename__ = "role"
    __table_args__ = (_window(), Index("uq_role_code_current", "code", unique=True, postgresql_where=text("valid_to IS NULL")))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")


class RoleLink(Temporal, Base):
    """``role_code`` includes everything that ``includes_code`` may."""

    __tablename__ = "role_link"
    __table_args__ = (
        _window(),
        CheckConstraint("role_code <> includes_code", name="not_itself"),
        Index("uq_role_link_current", "role_code", "includes_code", unique=True, postgresql_where=text("valid_to IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    role_code: Mapped[str]
    includes_code: Mapped[str]


class PolicyVersion(Base):
    """One installation of a policy document; the highest number is the one that decides.

    ``document`` keeps the text as it was installed; what decides are the rows of ``role``, ``role_link`` and ``policy_rule``.
    ``basis`` says how it came in: installed as the policy before it lets somebody, approved by a second person (then the review is
    of exactly this text), or brought back in an emergency, with the reason in ``note``.
    """

    __tablename__ = "policy_version"
    __table_args__ = (
        ForeignKeyConstraint(["review_id", "checksum"], ["policy_review.id", "policy_review.checksum"]),
        UniqueConstraint("review_id"),
        CheckConstraint("basis IN ('installed', 'approved', 'emergency')", name="basis"),
        CheckConstraint("(basis = 'approved') = (review_id IS NOT NULL)", name="review"),
        CheckConstraint("basis <> 'approved' OR checksum = encode(sha256(convert_to(document, 'UTF8')), 'hex')", name="text"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    source: Mapped[str]
    checksum: Mapped[str]
    document: Mapped[str]
    installed_at: Mapped[datetime]
    installed_by: Mapped[str]
    basis: Mapped[str] = mapped_column(server_default="installed")
    review_id: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(server_default="")


class PolicyRule(Temporal, Base):
    """One rule: a role may (or must not) use a function, under a condition, on some rows, some of whose fields are masked or hidden."""

    __tablename__ = "policy_rule"
    __table_args__ = (
        _window(),
        CheckConstraint("effect IN ('allow', 'deny')", name="effect"),
        CheckConstraint("role_code <> '' AND function <> ''", name="not_blank"),
        CheckConstraint("NOT masked && hidden", name="one_way"),
        CheckConstraint("effect = 'allow' OR (masked = '{}' AND hidden = '{}')", name="fields"),
        Index("ix_policy_rule_current", "role_code", "function", postgresql_where=text("valid_to IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    role_code: Mapped[str]
    function: Mapped[str]
    condition: Mapped[str] = mapped_column(server_default="")
    effect: Mapped[str]
    scope_expr: Mapped[str] = mapped_column(server_default="")
    label: Mapped[str] = mapped_column(server_default="")
    masked: Mapped[list[str]] = mapped_column(server_default="{}")
    hidden: Mapped[list[str]] = mapped_column(server_default="{}")
    position: Mapped[int] = mapped_column(server_default="0")


class RoleAssignment(Temporal, Base):
    """An official holds a role, under one appointment or under all of them, within ``scope``.

    ``scope`` may carry ``department_path`` (delegated administration: only things below that department) and ``divisions``
    (rows of those divisions). ``valid_to`` may lie ahead: a planned end, compared in the decision.
    """

    __tablename__ = "role_assignment"
    __table_args__ = (
        _window(),
        no_overlap(OFFICERS_EXCLUSIVE, "official_id", where="role_code IN ('system_admin', 'security_admin', 'audit_admin')"),
        Index("ix_role_assignment_official_id", "official_id"),
        Index("ix_role_assignment_role_code", "role_code", "official_id"),
        Index("ix_role_assignment_ended_with", "ended_with", postgresql_where=text("ended_with IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"))
    role_code: Mapped[str]
    scope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str]
    assigned_by: Mapped[str]
    # Ended because its holder left: with which change, and when it would have ended otherwise. An undone leave gives it back.
    ended_with: Mapped[UUID | None]
    planned_end: Mapped[datetime | None]


class DutyRule(Temporal, Base):
    """Whoever serves in an appointment of this description holds a role, for as long as rule and appointment both hold.

    Nobody is written down: who holds the role is worked out at each decision. An empty list means any. ``bound`` delegates the role
    over the appointment's own department. Both ends of the window may lie ahead.
    """

    __tablename__ = "duty_rule"
    __table_args__ = (
        _window(),
        CheckConstraint(_NO_OFFICER, name="no_officer"),
        CheckConstraint("kinds <@ ARRAY['primary', 'concurrent', 'attachment', 'secondment']", name="kinds"),
        CheckConstraint("levels <@ ARRAY['province', 'city', 'county', 'township']", name="levels"),
        Index("ix_duty_rule_role_code", "role_code"),
        Index("ix_duty_rule_valid_to", "valid_to"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    role_code: Mapped[str]
    label: Mapped[str]
    positions: Mapped[list[str]]
    posts: Mapped[list[str]]
    ranks: Mapped[list[str]]
    kinds: Mapped[list[str]]
    levels: Mapped[list[str]]
    business_lines: Mapped[list[str]]
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    division_code: Mapped[str | None] = mapped_column(ForeignKey("division.code"))
    bound: Mapped[bool]
    reason: Mapped[str]
    created_by: Mapped[str]


class RoleCeiling(Temporal, Base):
    """A role that administrators may give directly in a department and below, until a nearer department says otherwise.

    A NULL ``role_code`` says that nothing may be given here: no row at all means that the department above decides.
    """

    __tablename__ = "role_ceiling"
    __table_args__ = (
        _window(),
        CheckConstraint(_NO_OFFICER, name="no_officer"),
        Index(
            "uq_role_ceiling_current",
            "department_id",
            "role_code",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    department_id: Mapped[UUID] = mapped_column(ForeignKey("department.id"))
    role_code: Mapped[str | None]
    reason: Mapped[str]
    set_by: Mapped[str]


class AccessGrant(Temporal, Base):
    """A temporary grant of one function, in ``[starts_at, ends_at)``; ``scope`` holds its rows, and the case that it was given for.

    ``valid_from`` is when it was opened; ``valid_to`` is when it was revoked or closed, and NULL for a grant that was left to
    run out: scheduled, active and expired are computed from the clock and never stored.
    """

    __tablename__ = "access_grant"
    __table_args__ = (
        _window(),
        CheckConstraint("ends_at > starts_at", name="term"),
        CheckConstraint("(valid_to IS NULL) = (close_reason IS NULL)", name="closed_with_reason"),
        CheckConstraint("duty IN ('handle', 'review')", name="duty"),
        Index("ix_access_grant_official_id_ends_at", "official_id", "ends_at"),
        Index("ix_access_grant_function_ends_at", "function", "ends_at"),
        # Who holds a grant, in the order of people: of a function, and of a subsystem for its door.
        Index("ix_access_grant_function_official_id", "function", "official_id"),
        Index("ix_access_grant_subsystem_official_id", "subsystem_code", "official_id"),
        Index("ix_access_grant_owner", "owner_department_id", "id", postgresql_where=text("valid_to IS NULL")),
        Index("ix_access_grant_ending", "ends_at", postgresql_where=text("valid_to IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # One line gives one grant: the second of two approvers who decide at once fails here, whatever else went wrong.
    line_id: Mapped[UUID | None] = mapped_column(unique=True)
    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"))
    subsystem_code: Mapped[str]
    function: Mapped[str]
    # Who answers for it (NULL: the subsystem's owner), and the request whose story its events belong to.
    owner_department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    chain: Mapped[str | None]
    # The part in the case that it serves (经办, 复核), which separation of duty asks about for ever after.
    duty: Mapped[str | None]
    scope: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    opened_by: Mapped[str]
    closed_by: Mapped[str | None]
    close_reason: Mapped[str | None]


class GrantSuspension(Temporal, Base):
    """A stretch of time in which a grant rests; ``valid_from`` is when it was suspended, ``valid_to`` when it was resumed."""

    __tablename__ = "grant_suspension"
    __table_args__ = (
        _window(),
        Index("uq_grant_suspension_current", "grant_id", unique=True, postgresql_where=text("valid_to IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("access_grant.id"))
    reason: Mapped[str]
    suspended_by: Mapped[str]


class RevokeAck(Base):
    """That the end of a grant took effect in its subsystem: it received the message, or was refused the first time after the end.

    What clients answered when people were signed out (integration levels 0 and 1) stands with the notices of sign-out.
    """

    __tablename__ = "revoke_ack"
    __table_args__ = (CheckConstraint("how IN ('webhook', 'refused')", name="how"),)

    grant_id: Mapped[UUID] = mapped_column(ForeignKey("access_grant.id"), primary_key=True)
    how: Mapped[str] = mapped_column(primary_key=True)
    subsystem_code: Mapped[str]
    at: Mapped[datetime]


class EpochChange(Base):
    """A change that decisions may not miss, and what it touches, by its kind (``epochs.py``).

    People are named in ``official_id`` where there is one and in ``official_ids`` where there are more, departments (with all below
    them) in ``department_ids``; NULL in those that the kind is about, or in ``subsystem_code``, means all of them.
    """

    __tablename__ = "epoch_change"
    __table_args__ = (Index("ix_epoch_change_duty", "epoch", postgresql_where=text("kind = 'duty'")),)

    epoch: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    official_id: Mapped[UUID | None]
    official_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    department_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    subsystem_code: Mapped[str | None]
    kind: Mapped[str]
    reduces: Mapped[bool]
    at: Mapped[datetime]


class CalendarDay(Temporal, Base):
    """A day that is worked, or is off, by what a province imported; it goes before the shipped calendar (``calendar_days.py``)."""

    __tablename__ = "calendar_day"
    __table_args__ = (_window(), Index("uq_calendar_day_current", "day", unique=True, postgresql_where=text("valid_to IS NULL")))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date]
    works: Mapped[bool]
    name: Mapped[str]
    set_by: Mapped[str]
    reason: Mapped[str]
