"""Working-time clocks of lines, the working calendar's own days, waiting by department, notices to people, and their mail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_OPEN = "state IN ('blocked_sod', 'pending', 'returned')"
_MOMENTS = ("remind_at", "deputy_at", "superior_at", "acts_at", "paused_at", "counted_from")
_WINDOW = "valid_to IS NULL OR valid_to >= valid_from"


def upgrade() -> None:
    _clocks()
    _rules()
    _waiting()
    _notices()


def downgrade() -> None:
    op.drop_index("ix_access_grant_ending", "access_grant")
    for table in ("notice_mark", "notice_address", "notice_setting", "notice", "line_wait", "calendar_day", "clock_policy"):
        op.drop_table(table)
    op.drop_index("ix_request_line_acts", "request_line")
    op.create_index("ix_request_line_due", "request_line", ["due_at"], postgresql_where=sa.text(_OPEN))
    for column in ("waited_seconds", *reversed(_MOMENTS)):
        op.drop_column("request_line", column)


def _clocks() -> None:
    """Give lines the marks of their clocks; those that wait already know only when they lapse, and keep to that."""
    for column in _MOMENTS:
        op.add_column("request_line", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.add_column("request_line", sa.Column("waited_seconds", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(f"UPDATE request_line SET acts_at = due_at WHERE {_OPEN}")
    op.drop_index("ix_request_line_due", "request_line")
    op.create_index("ix_request_line_acts", "request_line", ["acts_at", "id"], postgresql_where=sa.text(_OPEN))


def _window() -> list[sa.Column]:
    return [
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
    ]


def _rules() -> None:
    op.create_table(
        "clock_policy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_window(),
        sa.CheckConstraint(_WINDOW, name=op.f("ck_clock_policy_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_policy")),
    )
    op.create_index(
        "uq_clock_policy_current", "clock_policy", [sa.text("(valid_to IS NULL)")], unique=True, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_table(
        "calendar_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_window(),
        sa.CheckConstraint(_WINDOW, name=op.f("ck_calendar_day_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_day")),
    )
    op.create_index("uq_calendar_day_current", "calendar_day", ["day"], unique=True, postgresql_where=sa.text("valid_to IS NULL"))


def _waiting() -> None:
    op.create_table(
        "line_wait",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('approved', 'rejected', 'lapsed')", name=op.f("ck_line_wait_outcome")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_line_wait_seconds")),
        sa.ForeignKeyConstraint(["line_id"], ["request_line.id"], name=op.f("fk_line_wait_line_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_line_wait_department_id")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_line_wait")),
    )
    op.create_index(
        "ix_line_wait_department", "line_wait", ["department_id", "closed_at"], postgresql_include=["seconds", "outcome"]
    )
    op.create_index("ix_line_wait_closed", "line_wait", ["closed_at"], postgresql_include=["department_id", "seconds", "outcome"])


def _notices() -> None:
    op.create_index("ix_access_grant_ending", "access_grant", ["ends_at"], postgresql_where=sa.text("valid_to IS NULL"))
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_notice_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("event_id", "official_id", name=op.f("uq_notice_event_id_official_id")),
    )
    op.create_index("ix_notice_official", "notice", ["official_id", "id"])
    op.create_index("ix_notice_unread", "notice", ["official_id", "id"], postgresql_where=sa.text("read_at IS NULL"))
    op.create_index("ix_notice_asked", "notice", ["line_id"], postgresql_where=sa.text("kind = 'to_decide'"))
    op.create_table(
        "notice_setting",
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("mailed", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_notice_setting_language")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_notice_setting_official_id")),
        sa.PrimaryKeyConstraint("official_id", name=op.f("pk_notice_setting")),
    )
    op.create_table(
        "notice_address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_notice_address_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_address")),
    )
    op.create_index("ix_notice_address_official", "notice_address", ["official_id", "created_at"])
    op.create_index(
        "uq_notice_address_live",
        "notice_address",
        ["official_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL AND confirmed_at IS NOT NULL"),
    )
    op.create_index(
        "uq_notice_address_entered",
        "notice_address",
        ["official_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL AND confirmed_at IS NULL"),
    )
    op.create_table(
        "notice_mark",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_notice_mark")),
    )
