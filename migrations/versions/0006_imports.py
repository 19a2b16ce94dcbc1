"""Imports and their reports, activation codes, passwords that were hashed elsewhere."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lines_done", sa.Integer(), nullable=False),
        sa.Column("lines_total", sa.Integer(), nullable=True),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("allow_vanish", sa.Float(), nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'queued', 'running', 'done', 'failed', 'discarded')", name=op.f("ck_import_run_state")
        ),
        sa.CheckConstraint("kind IN ('csv', 'xlsx', 'json')", name=op.f("ck_import_run_kind")),
        sa.CheckConstraint("mode IN ('import', 'sync')", name=op.f("ck_import_run_mode")),
        sa.CheckConstraint("lines_done >= 0", name=op.f("ck_import_run_lines_done")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_import_run_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index("ix_import_run_sha256", "import_run", ["sha256", "created_at"])
    op.create_index(
        "ix_import_run_waiting",
        "import_run",
        ["created_at"],
        postgresql_where=sa.text("state IN ('uploaded', 'checking', 'queued', 'running')"),
    )
    op.create_table(
        "import_chunk",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_chunk_run_id")),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_import_chunk")),
    )
    op.create_table(
        "import_finding",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_finding_run_id")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_import_finding")),
    )
    op.create_table(
        "import_member",
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_import_member_official_id")),
        sa.PrimaryKeyConstraint("official_id", name=op.f("pk_import_member")),
    )
    op.create_table(
        "activation_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_activation_code_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activation_code")),
        sa.UniqueConstraint("digest", name=op.f("uq_activation_code_digest")),
    )
    op.create_index("ix_activation_code_expires_at", "activation_code", ["expires_at"])
    op.create_index(
        "uq_activation_code_live",
        "activation_code",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("used_at IS NULL AND replaced_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("activation_code")
    op.drop_table("import_member")
    op.drop_table("import_finding")
    op.drop_table("import_chunk")
    op.drop_table("import_run")
