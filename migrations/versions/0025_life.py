"""The life of a grant: extension, grace, closing in bulk, and what subsystems acknowledged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("request_line", sa.Column("parent_line_id", sa.Uuid(), nullable=True))
    op.add_column("request_line", sa.Column("carried_days", sa.Integer(), server_default="0", nullable=False))
    op.add_column("request_line", sa.Column("held_scope", postgresql.JSONB(), nullable=True))
    op.add_column("request_line", sa.Column("held_days", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("fk_request_line_parent_line_id"), "request_line", "request_line", ["parent_line_id"], ["id"])
    op.create_check_constraint(op.f("ck_request_line_carried_days"), "request_line", "carried_days >= 0")
    op.create_check_constraint(op.f("ck_request_line_held"), "request_line", "(held_scope IS NULL) = (held_days IS NULL)")
    op.create_index(
        "ix_request_line_parent_line_id", "request_line", ["parent_line_id"], postgresql_where=sa.text("parent_line_id IS NOT NULL")
    )
    op.create_index(
        "ix_request_line_approved",
        "request_line",
        ["closed_at"],
        postgresql_include=["submitted_at", "request_id", "owner_path"],
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.add_column("catalogue_item_version", sa.Column("grace_minutes", sa.Integer(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_catalogue_item_version_grace_minutes"), "catalogue_item_version", "grace_minutes BETWEEN 0 AND 30"
    )
    op.create_table(
        "revoke_ack",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("subsystem_code", sa.Text(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.CheckConstraint("how IN ('webhook', 'refused')", name=op.f("ck_revoke_ack_how")),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grant.id"], name=op.f("fk_revoke_ack_grant_id")),
        sa.PrimaryKeyConstraint("grant_id", "how", name=op.f("pk_revoke_ack")),
    )
    op.create_table(
        "revocation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("paths", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.CheckConstraint("kind IN ('person', 'subsystem', 'matter', 'department')", name=op.f("ck_revocation_kind")),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name=op.f("ck_revocation_reason")),
        sa.CheckConstraint("total >= 0 AND done >= 0", name=op.f("ck_revocation_counts")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_revocation_official_id")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_revocation_appointment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation")),
    )
    op.create_index("ix_revocation_open", "revocation", ["created_at"], postgresql_where=sa.text("finished_at IS NULL"))
    op.create_index("ix_revocation_official_id", "revocation", ["official_id", "created_at"])


def downgrade() -> None:
    op.drop_table("revocation")
    op.drop_table("revoke_ack")
    op.drop_constraint(op.f("ck_catalogue_item_version_grace_minutes"), "catalogue_item_version", type_="check")
    op.drop_column("catalogue_item_version", "grace_minutes")
    op.drop_index("ix_request_line_approved", "request_line")
    op.drop_index("ix_request_line_parent_line_id", "request_line")
    op.drop_constraint(op.f("ck_request_line_held"), "request_line", type_="check")
    op.drop_constraint(op.f("ck_request_line_carried_days"), "request_line", type_="check")
    op.drop_constraint(op.f("fk_request_line_parent_line_id"), "request_line", type_="foreignkey")
    op.drop_column("request_line", "held_days")
    op.drop_column("request_line", "held_scope")
    op.drop_column("request_line", "carried_days")
    op.drop_column("request_line", "parent_line_id")
