"""Duties that must stay apart, their exceptions, and signed receipts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_LIST = postgresql.ARRAY(sa.Text())
_KIND = "kind IN ('static', 'dynamic', 'per_case')"


def upgrade() -> None:
    _rules()
    _exceptions()
    op.create_table(
        "sod_use",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "function", name=op.f("pk_sod_use")),
    )
    op.create_index("ix_sod_use_at", "sod_use", ["at"])
    op.add_column("access_grant", sa.Column("duty", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_access_grant_duty"), "access_grant", "duty IN ('handle', 'review')")
    _receipts()
    # The evidence card looks at the latest decided lines of an item, however many there ever were.
    op.create_index(
        "ix_request_line_decided",
        "request_line",
        ["item_id", "closed_at"],
        postgresql_where=sa.text("state IN ('approved', 'rejected')"),
    )
    op.create_index(
        "ix_request_line_blocked",
        "request_line",
        ["beneficiary_official_id"],
        postgresql_where=sa.text("state IN ('blocked_sod')"),
    )


def downgrade() -> None:
    op.drop_index("ix_request_line_blocked", "request_line")
    op.drop_index("ix_request_line_decided", "request_line")
    op.drop_table("receipt_signature")
    op.drop_table("decision_receipt")
    # The older release knows no key but those of tokens: it would publish these among them.
    op.execute("DELETE FROM signing_key_end WHERE kid IN (SELECT kid FROM signing_key WHERE purpose = 'receipts')")
    op.execute("DELETE FROM signing_key WHERE purpose = 'receipts'")
    op.drop_constraint(op.f("ck_access_grant_duty"), "access_grant", type_="check")
    op.drop_column("access_grant", "duty")
    op.drop_table("sod_use")
    op.drop_table("sod_violation")
    op.drop_table("sod_exception")
    op.drop_table("sod_draft")
    op.drop_table("sod_rule")


def _rules() -> None:
    op.create_table(
        "sod_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("functions", _LIST, nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("liftable", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_sod_rule_window")),
        sa.CheckConstraint(_KIND, name=op.f("ck_sod_rule_kind")),
        sa.CheckConstraint("most >= 1", name=op.f("ck_sod_rule_most")),
        sa.CheckConstraint("kind = 'per_case' OR cardinality(functions) > most", name=op.f("ck_sod_rule_functions")),
        sa.CheckConstraint("proposed_by <> approved_by", name=op.f("ck_sod_rule_two_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sod_rule")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_sod_rule_code_version")),
    )
    op.create_index("uq_sod_rule_current", "sod_rule", ["code"], unique=True, postgresql_where=sa.text("valid_to IS NULL"))
    op.create_index(
        "ix_sod_rule_functions", "sod_rule", ["functions"], postgresql_using="gin", postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_table(
        "sod_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("functions", _LIST, nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("liftable", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_KIND, name=op.f("ck_sod_draft_kind")),
        sa.CheckConstraint("most >= 1", name=op.f("ck_sod_draft_most")),
        sa.CheckConstraint("state IN ('open', 'applied', 'dropped')", name=op.f("ck_sod_draft_state")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL AND decided_by IS NULL)", name=op.f("ck_sod_draft_decided")),
        sa.CheckConstraint("state <> 'applied' OR decided_by <> proposed_by", name=op.f("ck_sod_draft_two_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sod_draft")),
    )
    op.create_index("uq_sod_draft_open", "sod_draft", ["code"], unique=True, postgresql_where=sa.text("state = 'open'"))


def _exceptions() -> None:
    op.create_table(
        "sod_exception",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("rule_code", sa.Text(), nullable=False),
        sa.Column("functions", _LIST, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_by_official_id", sa.Uuid(), nullable=False),
        sa.Column("given_by_appointment_id", sa.Uuid(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_sod_exception_window")),
        sa.CheckConstraint("official_id <> given_by_official_id", name=op.f("ck_sod_exception_not_oneself")),
        sa.CheckConstraint("ends_at > valid_from", name=op.f("ck_sod_exception_term")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_sod_exception_official_id")),
        sa.ForeignKeyConstraint(["given_by_official_id"], ["official.id"], name=op.f("fk_sod_exception_given_by_official_id")),
        sa.ForeignKeyConstraint(["given_by_appointment_id"], ["appointment.id"], name=op.f("fk_sod_exception_given_by_appointment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sod_exception")),
    )
    op.create_index("ix_sod_exception_official_id", "sod_exception", ["official_id", "rule_code"])
    op.create_index("ix_sod_exception_ends_at", "sod_exception", ["ends_at"], postgresql_where=sa.text("valid_to IS NULL"))
    op.create_table(
        "sod_violation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("rule_code", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("functions", _LIST, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_sod_violation_window")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_sod_violation_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sod_violation")),
    )
    op.create_index(
        "uq_sod_violation_current",
        "sod_violation",
        ["rule_code", "official_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )


def _receipts() -> None:
    op.create_table(
        "decision_receipt",
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("protected", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_decision_receipt_decision_id")),
        sa.ForeignKeyConstraint(["line_id"], ["request_line.id"], name=op.f("fk_decision_receipt_line_id")),
        sa.ForeignKeyConstraint(["kid"], ["signing_key.kid"], name=op.f("fk_decision_receipt_kid")),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decision_receipt")),
    )
    op.create_index("ix_decision_receipt_line_id", "decision_receipt", ["line_id"])
    op.create_table(
        "receipt_signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("protected", sa.Text(), nullable=False),
        sa.Column("header", postgresql.JSONB(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decision_receipt.decision_id"], name=op.f("fk_receipt_signature_decision_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_receipt_signature_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_signature")),
        sa.UniqueConstraint("decision_id", "protected", "signature", name=op.f("uq_receipt_signature_decision_id_protected_signature")),
    )
