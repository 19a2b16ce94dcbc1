"""Who decides: tasks of a line, approval policies of items, pre-signed rules, delegations, returned lines and their comments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_OPEN = "state = 'open'"
_NOW = sa.DateTime(timezone=True)


def upgrade() -> None:
    _items("'auto', 'one', 'quorum', 'serial', 'two_units'")
    op.add_column(
        "catalogue_item_version", sa.Column("approval", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False)
    )
    op.add_column("request_line", sa.Column("round", sa.Integer(), server_default="1", nullable=False))
    _tasks()
    _around_lines()
    _delegation()
    _approval_rule()
    _decisions()


def downgrade() -> None:
    # The older release knows one decision a line and no decision by rule: what it cannot hold goes.
    op.drop_index("uq_decision_principal", "decision")
    op.drop_index("uq_decision_official", "decision")
    op.drop_index("ix_decision_line", "decision")
    op.drop_index("ix_decision_principal", "decision")
    op.execute("DELETE FROM decision WHERE id NOT IN (SELECT DISTINCT ON (line_id, official_id) id FROM decision ORDER BY line_id, official_id, at DESC)")
    op.create_unique_constraint(op.f("uq_decision_line_id_official_id"), "decision", ["line_id", "official_id"])
    op.drop_constraint(op.f("ck_decision_alternative"), "decision", type_="check")
    for column in ("alternative", "department_id", "rule_id", "principal_id", "round", "task_id"):
        op.drop_column("decision", column)
    for table in ("approval_rule", "delegation", "line_comment", "line_return", "decision_task"):
        op.drop_table(table)
    op.drop_column("request_line", "round")
    op.drop_column("catalogue_item_version", "approval")
    op.execute("UPDATE catalogue_item_version SET tier = 'two_units' WHERE tier IN ('quorum', 'serial')")
    _items("'auto', 'one', 'two_units'")


def _items(tiers: str) -> None:
    """Let items be of one of ``tiers``."""
    op.drop_constraint(op.f("ck_catalogue_item_version_tier"), "catalogue_item_version", type_="check")
    op.create_check_constraint(op.f("ck_catalogue_item_version_tier"), "catalogue_item_version", f"tier IN ({tiers})")


def _tasks() -> None:
    op.create_table(
        "decision_task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("distinct_units", sa.Boolean(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("asked_path", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", _NOW, nullable=True),
        sa.Column("opened_at", _NOW, nullable=False),
        sa.Column("closed_at", _NOW, nullable=True),
        sa.CheckConstraint("kind IN ('owner', 'superior')", name=op.f("ck_decision_task_kind")),
        sa.CheckConstraint("state IN ('done', 'open', 'void')", name=op.f("ck_decision_task_state")),
        sa.CheckConstraint("needed BETWEEN 1 AND 9", name=op.f("ck_decision_task_needed")),
        sa.CheckConstraint("(claimed_by IS NULL) = (claimed_at IS NULL)", name=op.f("ck_decision_task_claim")),
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f("ck_decision_task_closed")),
        sa.ForeignKeyConstraint(["line_id"], ["request_line.id"], name=op.f("fk_decision_task_line_id")),
        sa.ForeignKeyConstraint(["claimed_by"], ["official.id"], name=op.f("fk_decision_task_claimed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_task")),
        sa.UniqueConstraint("line_id", "round", "step", name=op.f("uq_decision_task_line_id_round_step")),
    )
    op.create_index("uq_decision_task_open", "decision_task", ["line_id"], unique=True, postgresql_where=sa.text(_OPEN))
    op.create_index(
        "ix_decision_task_inbox", "decision_task", ["path"], postgresql_ops={"path": "text_pattern_ops"}, postgresql_where=sa.text(_OPEN)
    )
    # What was open before waits for one person of its owner, as it did; a returned line gets its task when it comes back.
    op.execute(
        "INSERT INTO decision_task (id, line_id, round, step, kind, needed, distinct_units, path, asked_path, state, opened_at) "
        "SELECT gen_random_uuid(), id, 1, 1, 'owner', 1, false, owner_path, owner_path, 'open', submitted_at "
        "FROM request_line WHERE state IN ('pending', 'blocked_sod')"
    )


def _around_lines() -> None:
    """Make the tables of what is said about a line: returned with what is missing, and comments."""
    op.create_table(
        "line_return",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("at", _NOW, nullable=False),
        sa.CheckConstraint("length(missing) BETWEEN 1 AND 500", name=op.f("ck_line_return_missing")),
        sa.ForeignKeyConstraint(["line_id"], ["request_line.id"], name=op.f("fk_line_return_line_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_line_return_official_id")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_line_return_appointment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_return")),
        sa.UniqueConstraint("line_id", "round", name=op.f("uq_line_return_line_id_round")),
    )
    op.create_table(
        "line_comment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _NOW, nullable=False),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 500", name=op.f("ck_line_comment_text")),
        sa.ForeignKeyConstraint(["line_id"], ["request_line.id"], name=op.f("fk_line_comment_line_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_line_comment_official_id")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_line_comment_appointment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_comment")),
    )
    op.create_index("ix_line_comment_line", "line_comment", ["line_id", "at"])


def _delegation() -> None:
    op.create_table(
        "delegation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delegator_id", sa.Uuid(), nullable=False),
        sa.Column("delegator_appointment_id", sa.Uuid(), nullable=False),
        sa.Column("delegate_id", sa.Uuid(), nullable=False),
        sa.Column("delegate_appointment_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", _NOW, nullable=False),
        sa.Column("ends_at", _NOW, nullable=False),
        sa.Column("out_of_office", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", _NOW, nullable=False),
        sa.Column("ended_at", _NOW, nullable=True),
        sa.CheckConstraint("delegator_id <> delegate_id", name=op.f("ck_delegation_two_people")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_delegation_window")),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name=op.f("ck_delegation_reason")),
        sa.ForeignKeyConstraint(["delegator_id"], ["official.id"], name=op.f("fk_delegation_delegator_id")),
        sa.ForeignKeyConstraint(["delegate_id"], ["official.id"], name=op.f("fk_delegation_delegate_id")),
        sa.ForeignKeyConstraint(
            ["delegator_appointment_id"], ["appointment.id"], name=op.f("fk_delegation_delegator_appointment_id")
        ),
        sa.ForeignKeyConstraint(
            ["delegate_appointment_id"], ["appointment.id"], name=op.f("fk_delegation_delegate_appointment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    op.create_index("ix_delegation_delegate", "delegation", ["delegate_id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("ix_delegation_delegator", "delegation", ["delegator_id", "created_at"])


def _approval_rule() -> None:
    op.create_table(
        "approval_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("owner_department_id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("departments", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("max_days", sa.Integer(), nullable=False),
        sa.Column("scope", postgresql.JSONB(), nullable=False),
        sa.Column("ends_at", _NOW, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signed_at", _NOW, nullable=False),
        sa.Column("ended_at", _NOW, nullable=True),
        sa.CheckConstraint("max_days BETWEEN 1 AND 366", name=op.f("ck_approval_rule_max_days")),
        sa.CheckConstraint("signed_at < ends_at", name=op.f("ck_approval_rule_window")),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name=op.f("ck_approval_rule_reason")),
        sa.CheckConstraint("cardinality(departments) > 0", name=op.f("ck_approval_rule_departments")),
        sa.ForeignKeyConstraint(["item_id"], ["catalogue_item.id"], name=op.f("fk_approval_rule_item_id")),
        sa.ForeignKeyConstraint(
            ["owner_department_id"], ["department.id"], name=op.f("fk_approval_rule_owner_department_id")
        ),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_approval_rule_official_id")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_approval_rule_appointment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_rule")),
    )
    op.create_index("ix_approval_rule_item", "approval_rule", ["item_id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("ix_approval_rule_owner_department_id", "approval_rule", ["owner_department_id"])


def _decisions() -> None:
    """Let a line have several decisions, each of one task, round and person in whose right it was made."""
    op.add_column("decision", sa.Column("task_id", sa.Uuid(), nullable=True))
    op.add_column("decision", sa.Column("round", sa.Integer(), server_default="1", nullable=False))
    op.add_column("decision", sa.Column("principal_id", sa.Uuid(), nullable=True))
    op.add_column("decision", sa.Column("rule_id", sa.Uuid(), nullable=True))
    op.add_column("decision", sa.Column("department_id", sa.Uuid(), nullable=True))
    op.add_column("decision", sa.Column("alternative", postgresql.JSONB(), nullable=True))
    op.execute("UPDATE decision SET principal_id = official_id")
    op.alter_column("decision", "principal_id", nullable=False)
    for column, table in (("task_id", "decision_task"), ("principal_id", "official"), ("rule_id", "approval_rule")):
        op.create_foreign_key(op.f(f"fk_decision_{column}"), "decision", table, [column], ["id"])
    op.create_foreign_key(op.f("fk_decision_department_id"), "decision", "department", ["department_id"], ["id"])
    op.create_check_constraint(op.f("ck_decision_alternative"), "decision", "alternative IS NULL OR outcome = 'rejected'")
    op.drop_constraint(op.f("uq_decision_line_id_official_id"), "decision", type_="unique")
    op.create_index(
        "uq_decision_principal", "decision", ["task_id", "round", "principal_id"], unique=True, postgresql_where=sa.text("outcome = 'approved'")
    )
    op.create_index("uq_decision_official", "decision", ["task_id", "round", "official_id"], unique=True)
    op.create_index("ix_decision_line", "decision", ["line_id", "at"])
    op.create_index("ix_decision_principal", "decision", ["principal_id", "at"])
