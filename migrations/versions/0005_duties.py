"""Roles that follow from duties, and ceilings of what a department may give away."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WINDOW = "valid_to IS NULL OR valid_to >= valid_from"
_NO_OFFICER = "role_code NOT IN ('system_admin', 'security_admin', 'audit_admin')"


def upgrade() -> None:
    op.create_table(
        "duty_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role_code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("positions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("posts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("ranks", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("levels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("business_lines", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("bound", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_WINDOW, name=op.f("ck_duty_rule_window")),
        sa.CheckConstraint(_NO_OFFICER, name=op.f("ck_duty_rule_no_officer")),
        sa.CheckConstraint("kinds <@ ARRAY['primary', 'concurrent', 'attachment', 'secondment']", name=op.f("ck_duty_rule_kinds")),
        sa.CheckConstraint("levels <@ ARRAY['province', 'city', 'county', 'township']", name=op.f("ck_duty_rule_levels")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_duty_rule_department_id")),
        sa.ForeignKeyConstraint(["division_code"], ["division.code"], name=op.f("fk_duty_rule_division_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_rule")),
    )
    op.create_index("ix_duty_rule_role_code", "duty_rule", ["role_code"], unique=False)
    op.create_index("ix_duty_rule_valid_to", "duty_rule", ["valid_to"], unique=False)
    op.create_table(
        "role_ceiling",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("role_code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_WINDOW, name=op.f("ck_role_ceiling_window")),
        sa.CheckConstraint(_NO_OFFICER, name=op.f("ck_role_ceiling_no_officer")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_role_ceiling_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_ceiling")),
    )
    op.create_index(
        "uq_role_ceiling_current",
        "role_ceiling",
        ["department_id", "role_code"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_epoch_change_duty", "epoch_change", ["epoch"], unique=False, postgresql_where=sa.text("kind = 'duty'"))


def downgrade() -> None:
    op.drop_index("ix_epoch_change_duty", table_name="epoch_change")
    op.drop_table("role_ceiling")
    op.drop_table("duty_rule")
