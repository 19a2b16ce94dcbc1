"""The log of decisions: every denial, every sensitive yes, and a sample of the others; and the indexes of who may use a function.

Who holds a role, a grant or a position is found in the order of people, so that the first page of a list reads its first rows alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the indexes."""
    op.create_table(
        "decision_log",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("subsystem_code", sa.Text(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("resource_type", sa.Text(), nullable=True),
        sa.Column("division", sa.Text(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('denied', 'sensitive', 'sampled')", name=op.f("ck_decision_log_kind")),
        sa.CheckConstraint("allowed = (kind <> 'denied')", name=op.f("ck_decision_log_denied")),
        sa.PrimaryKeyConstraint("at", "id", name=op.f("pk_decision_log")),
    )
    for column in ("official_id", "function", "subsystem_code"):
        op.create_index(f"ix_decision_log_{column}", "decision_log", [column, "at", "id"])
    op.create_table(
        "decision_log_gap",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.CheckConstraint("dropped > 0", name=op.f("ck_decision_log_gap_dropped")),
        sa.CheckConstraint("until >= since", name=op.f("ck_decision_log_gap_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_log_gap")),
    )
    op.create_index("ix_decision_log_gap_until", "decision_log_gap", ["until"])
    op.drop_index("ix_role_assignment_role_code", "role_assignment")
    op.create_index("ix_role_assignment_role_code", "role_assignment", ["role_code", "official_id"])
    op.create_index("ix_access_grant_function_official_id", "access_grant", ["function", "official_id"])
    op.create_index("ix_access_grant_subsystem_official_id", "access_grant", ["subsystem_code", "official_id"])
    op.create_index("ix_appointment_position", "appointment", ["position", "official_id"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_appointment_position", "appointment")
    op.drop_index("ix_access_grant_subsystem_official_id", "access_grant")
    op.drop_index("ix_access_grant_function_official_id", "access_grant")
    op.drop_index("ix_role_assignment_role_code", "role_assignment")
    op.create_index("ix_role_assignment_role_code", "role_assignment", ["role_code"])
    op.drop_table("decision_log_gap")
    op.drop_table("decision_log")
