"""The first schema: every table, and what the database itself enforces.

Three things stand here that Alembic does not compare, so a later change of them needs a migration by hand: the type
``uuid_range``, the sequence of request numbers, and the triggers at the end. What the application's role may do stands in
``govcloud/kernel/privileges.py``.
"""

import sqlalchemy as sa
from alembic import context, op
from psycopg import sql
from sqlalchemy.dialects import postgresql

from govcloud.audit.protection import PROTECT, UNPROTECT

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Exclusion constraints compare ids as ranges of one: the embedded server has no btree_gist.
    op.execute("CREATE TYPE uuid_range AS RANGE (subtype = uuid)")
    op.execute("CREATE SEQUENCE access_request_number")
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_audit_checkpoint_size")),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=True),
        sa.Column("chain_position", sa.Integer(), nullable=True),
        sa.Column("prev_leaf", sa.LargeBinary(), nullable=True),
        sa.Column("canonical", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("(chain IS NULL) = (chain_position IS NULL)", name=op.f("ck_audit_event_chain")),
        sa.CheckConstraint(
            "(prev_leaf IS NOT NULL) = (chain_position IS NOT NULL AND chain_position > 1)", name=op.f("ck_audit_event_prev_leaf")
        ),
        sa.CheckConstraint("length(leaf_hash) = 32", name=op.f("ck_audit_event_leaf_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("chain", "chain_position", name=op.f("uq_audit_event_chain_chain_position")),
    )
    op.create_index("ix_audit_event_actor", "audit_event", ["actor_id", "actor_kind", "at", "id"], unique=False)
    op.create_index("ix_audit_event_at", "audit_event", ["at", "id"], unique=False)
    op.create_index("ix_audit_event_subject", "audit_event", ["subject", "at", "id"], unique=False)
    op.create_table(
        "audit_node",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("level >= 1 AND position >= 0", name=op.f("ck_audit_node_place")),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_audit_node")),
    )
    op.create_table(
        "department",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("uscc", name=op.f("uq_department_uscc")),
    )
    op.create_table(
        "division",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code ~ '^[0-9]{12}$'", name=op.f("ck_division_code")),
        sa.CheckConstraint("level IN ('province', 'city', 'county', 'township', 'village')", name=op.f("ck_division_level")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_division_window")),
        sa.ForeignKeyConstraint(["parent_code"], ["division.code"], name=op.f("fk_division_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_division")),
    )
    op.create_index("ix_division_code_prefix", "division", ["code"], unique=False, postgresql_ops={"code": "text_pattern_ops"})
    op.create_index("ix_division_parent_code", "division", ["parent_code"], unique=False)
    op.create_table(
        "epoch_change",
        sa.Column("epoch", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=True),
        sa.Column("subsystem_code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reduces", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_epoch_change")),
    )
    op.create_table(
        "official",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employee_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pinyin", sa.Text(), nullable=False),
        sa.Column("initials", sa.Text(), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_official")),
        sa.UniqueConstraint("employee_code", name=op.f("uq_official_employee_code")),
        sa.UniqueConstraint("id_number_digest", name=op.f("uq_official_id_number_digest")),
    )
    op.create_index(
        "ix_official_employee_code_prefix",
        "official",
        ["employee_code"],
        unique=False,
        postgresql_ops={"employee_code": "text_pattern_ops"},
    )
    op.create_index("ix_official_initials", "official", ["initials"], unique=False, postgresql_ops={"initials": "text_pattern_ops"})
    op.create_index("ix_official_name", "official", ["name"], unique=False, postgresql_ops={"name": "text_pattern_ops"})
    op.create_index("ix_official_pinyin", "official", ["pinyin"], unique=False, postgresql_ops={"pinyin": "text_pattern_ops"})
    op.create_index("ix_official_pinyin_id", "official", ["pinyin", "id"], unique=False)
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_message_attempts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
    )
    op.create_index(
        "ix_outbox_message_due", "outbox_message", ["available_at", "id"], unique=False, postgresql_where=sa.text("delivered_at IS NULL")
    )
    op.create_table(
        "policy_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role_code", sa.Text(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), server_default="", nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("scope_expr", sa.Text(), server_default="", nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("effect IN ('allow', 'deny')", name=op.f("ck_policy_rule_effect")),
        sa.CheckConstraint("role_code <> '' AND function <> ''", name=op.f("ck_policy_rule_not_blank")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_policy_rule_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_rule")),
    )
    op.create_index(
        "ix_policy_rule_current", "policy_rule", ["role_code", "function"], unique=False, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_table(
        "policy_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("installed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
        sa.UniqueConstraint("number", name=op.f("uq_policy_version_number")),
    )
    op.create_table(
        "role",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_role_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
    )
    op.create_index("uq_role_code_current", "role", ["code"], unique=True, postgresql_where=sa.text("valid_to IS NULL"))
    op.create_table(
        "role_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role_code", sa.Text(), nullable=False),
        sa.Column("includes_code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role_code <> includes_code", name=op.f("ck_role_link_not_itself")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_role_link_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_link")),
    )
    op.create_index(
        "uq_role_link_current", "role_link", ["role_code", "includes_code"], unique=True, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login_digest", sa.LargeBinary(), nullable=False),
        sa.Column("source_address", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("outcome IN ('failed', 'succeeded')", name=op.f("ck_sign_in_attempt_outcome")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index("ix_sign_in_attempt_at", "sign_in_attempt", ["at"], unique=False)
    op.create_index("ix_sign_in_attempt_pair", "sign_in_attempt", ["login_digest", "source_address", "at"], unique=False)
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signs_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
    op.create_index("ix_signing_key_purpose", "signing_key", ["purpose", "signs_from"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('active', 'disabled')", name=op.f("ck_account_status")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_account_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
        sa.UniqueConstraint("official_id", name=op.f("uq_account_official_id")),
    )
    op.create_table(
        "audit_pending",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"], name=op.f("fk_audit_pending_event_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_pending")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_pending_event_id")),
    )
    op.create_table(
        "audit_personal",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("length(salt) = 32", name=op.f("ck_audit_personal_salt")),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"], name=op.f("fk_audit_personal_event_id")),
        sa.PrimaryKeyConstraint("event_id", "field", name=op.f("pk_audit_personal")),
    )
    op.create_table(
        "audit_sequence",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("seq >= 0", name=op.f("ck_audit_sequence_seq")),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"], name=op.f("fk_audit_sequence_event_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_sequence")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_sequence_event_id")),
    )
    op.create_table(
        "department_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("business_lines", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("uuid_range(department_id, department_id, '[]')"), "&&"),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_department_version_one_at_a_time",
        ),
        sa.CheckConstraint("level IN ('province', 'city', 'county', 'township')", name=op.f("ck_department_version_level")),
        sa.CheckConstraint(
            "path LIKE '%/' || replace(CAST(department_id AS text), '-', '') || '/'", name=op.f("ck_department_version_path")
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_department_version_window")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_department_version_department_id")),
        sa.ForeignKeyConstraint(["division_code"], ["division.code"], name=op.f("fk_department_version_division_code")),
        sa.ForeignKeyConstraint(["parent_id"], ["department.id"], name=op.f("fk_department_version_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_version")),
    )
    op.create_index("ix_department_version_department_id", "department_version", ["department_id"], unique=False)
    op.create_index("ix_department_version_division_code", "department_version", ["division_code"], unique=False)
    op.create_index("ix_department_version_parent_id", "department_version", ["parent_id", "position"], unique=False)
    op.create_index("ix_department_version_path", "department_version", ["path"], unique=False, postgresql_ops={"path": "text_pattern_ops"})
    op.create_table(
        "matter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lead_department_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_matter_window")),
        sa.ForeignKeyConstraint(["lead_department_id"], ["department.id"], name=op.f("fk_matter_lead_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter")),
        sa.UniqueConstraint("code", name=op.f("uq_matter_code")),
    )
    op.create_index("ix_matter_lead_department_id", "matter", ["lead_department_id"], unique=False)
    op.create_index("ix_matter_name", "matter", ["name"], unique=False, postgresql_ops={"name": "text_pattern_ops"})
    op.create_table(
        "office",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_office_window")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_office_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office")),
    )
    op.create_index("ix_office_department_id", "office", ["department_id"], unique=False)
    op.create_table(
        "official_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rank", sa.Text(), nullable=False),
        sa.Column("staffing_type", sa.Text(), nullable=False),
        sa.Column("security_label", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("uuid_range(official_id, official_id, '[]')"), "&&"),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_official_version_one_at_a_time",
        ),
        sa.CheckConstraint("status IN ('active', 'suspended', 'left')", name=op.f("ck_official_version_status")),
        sa.CheckConstraint("security_label BETWEEN 0 AND 4", name=op.f("ck_official_version_security_label")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_official_version_window")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_official_version_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_official_version")),
    )
    op.create_index("ix_official_version_official_id", "official_version", ["official_id"], unique=False)
    op.create_table(
        "power_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind ~ '^[0-9]{2}$'", name=op.f("ck_power_item_kind")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_power_item_window")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_power_item_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_power_item")),
    )
    op.create_index("uq_power_item_live", "power_item", ["department_id", "code"], unique=True, postgresql_where="valid_to IS NULL")
    op.create_table(
        "subsystem",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_department_id", sa.Uuid(), nullable=True),
        sa.Column("integration_level", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("launch_url", sa.Text(), nullable=True),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_subsystem_code")),
        sa.CheckConstraint("owner_department_id IS NOT NULL OR code = 'govcloud'", name=op.f("ck_subsystem_owner")),
        sa.CheckConstraint("status IN ('registered', 'published', 'retired')", name=op.f("ck_subsystem_status")),
        sa.CheckConstraint("integration_level BETWEEN 0 AND 3", name=op.f("ck_subsystem_integration_level")),
        sa.ForeignKeyConstraint(["owner_department_id"], ["department.id"], name=op.f("fk_subsystem_owner_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsystem")),
        sa.UniqueConstraint("code", name=op.f("uq_subsystem_code")),
    )
    op.create_index("ix_subsystem_owner_department_id", "subsystem", ["owner_department_id"], unique=False)
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("uuid_range(official_id, official_id, '[]')"), "&&"),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            where=sa.text("kind = 'primary'"),
            using="gist",
            name="ex_appointment_one_primary",
        ),
        sa.CheckConstraint("kind IN ('primary', 'concurrent', 'attachment', 'secondment')", name=op.f("ck_appointment_kind")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_appointment_window")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_appointment_department_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_appointment_office_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_appointment_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index("ix_appointment_department_id", "appointment", ["department_id"], unique=False)
    op.create_index("ix_appointment_official_id", "appointment", ["official_id"], unique=False)
    op.create_table(
        "client",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subsystem_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("public = (secret_digest IS NULL)", name=op.f("ck_client_public")),
        sa.ForeignKeyConstraint(["subsystem_id"], ["subsystem.id"], name=op.f("fk_client_subsystem_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("client_id", name=op.f("uq_client_client_id")),
    )
    op.create_index("ix_client_subsystem_id", "client", ["subsystem_id"], unique=False)
    op.create_table(
        "credential",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('password')", name=op.f("ck_credential_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_credential_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
    )
    op.create_index("uq_credential_live", "credential", ["account_id", "kind"], unique=True, postgresql_where="replaced_at IS NULL")
    op.create_table(
        "service_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("power_item_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(code) = 31", name=op.f("ck_service_item_code")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_service_item_window")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_service_item_department_id")),
        sa.ForeignKeyConstraint(["power_item_id"], ["power_item.id"], name=op.f("fk_service_item_power_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_item")),
        sa.UniqueConstraint("code", name=op.f("uq_service_item_code")),
    )
    op.create_index("ix_service_item_department_id", "service_item", ["department_id"], unique=False)
    op.create_index("ix_service_item_power_item_id", "service_item", ["power_item_id"], unique=False)
    op.create_table(
        "subsystem_function",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subsystem_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("integration_level", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*){2}$'", name=op.f("ck_subsystem_function_code")),
        sa.CheckConstraint("integration_level BETWEEN 0 AND 3", name=op.f("ck_subsystem_function_integration_level")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_subsystem_function_window")),
        sa.ForeignKeyConstraint(["subsystem_id"], ["subsystem.id"], name=op.f("fk_subsystem_function_subsystem_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsystem_function")),
    )
    op.create_index("ix_subsystem_function_subsystem_id", "subsystem_function", ["subsystem_id"], unique=False)
    op.create_index("uq_subsystem_function_live", "subsystem_function", ["code"], unique=True, postgresql_where="valid_to IS NULL")
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("subsystem_code", sa.Text(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("owner_department_id", sa.Uuid(), nullable=True),
        sa.Column("chain", sa.Text(), nullable=True),
        sa.Column("scope", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(valid_to IS NULL) = (close_reason IS NULL)", name=op.f("ck_access_grant_closed_with_reason")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_access_grant_term")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_access_grant_window")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_access_grant_appointment_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_access_grant_official_id")),
        sa.ForeignKeyConstraint(["owner_department_id"], ["department.id"], name=op.f("fk_access_grant_owner_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
        sa.UniqueConstraint("line_id", name=op.f("uq_access_grant_line_id")),
    )
    op.create_index("ix_access_grant_function_ends_at", "access_grant", ["function", "ends_at"], unique=False)
    op.create_index("ix_access_grant_official_id_ends_at", "access_grant", ["official_id", "ends_at"], unique=False)
    op.create_index(
        "ix_access_grant_owner", "access_grant", ["owner_department_id", "id"], unique=False, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_table(
        "access_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("requester_official_id", sa.Uuid(), nullable=False),
        sa.Column("requester_appointment_id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_official_id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_appointment_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=True),
        sa.Column("matter_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 1000", name=op.f("ck_access_request_reason")),
        sa.ForeignKeyConstraint(
            ["beneficiary_appointment_id"], ["appointment.id"], name=op.f("fk_access_request_beneficiary_appointment_id")
        ),
        sa.ForeignKeyConstraint(["beneficiary_official_id"], ["official.id"], name=op.f("fk_access_request_beneficiary_official_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_access_request_matter_id")),
        sa.ForeignKeyConstraint(["requester_appointment_id"], ["appointment.id"], name=op.f("fk_access_request_requester_appointment_id")),
        sa.ForeignKeyConstraint(["requester_official_id"], ["official.id"], name=op.f("fk_access_request_requester_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_request")),
        sa.UniqueConstraint("number", name=op.f("uq_access_request_number")),
    )
    op.create_index("ix_access_request_beneficiary", "access_request", ["beneficiary_official_id", "created_at"], unique=False)
    op.create_index("ix_access_request_requester", "access_request", ["requester_official_id", "created_at"], unique=False)
    op.create_table(
        "catalogue_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("function_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("exposes", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("max_days", sa.Integer(), nullable=False),
        sa.Column("requires_case_number", sa.Boolean(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_department_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope_kind IN ('none', 'division')", name=op.f("ck_catalogue_item_scope_kind")),
        sa.CheckConstraint("tier IN ('auto', 'one', 'two_units')", name=op.f("ck_catalogue_item_tier")),
        sa.CheckConstraint("max_days BETWEEN 1 AND 366", name=op.f("ck_catalogue_item_max_days")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_catalogue_item_window")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_catalogue_item_version")),
        sa.ForeignKeyConstraint(["function_id"], ["subsystem_function.id"], name=op.f("fk_catalogue_item_function_id")),
        sa.ForeignKeyConstraint(["owner_department_id"], ["department.id"], name=op.f("fk_catalogue_item_owner_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_item")),
    )
    op.create_index("ix_catalogue_item_function_id", "catalogue_item", ["function_id"], unique=False)
    op.create_index("ix_catalogue_item_owner_department_id", "catalogue_item", ["owner_department_id"], unique=False)
    op.create_table(
        "client_redirect",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('redirect', 'post_logout')", name=op.f("ck_client_redirect_kind")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_redirect_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_redirect")),
        sa.UniqueConstraint("client_id", "kind", "uri", name=op.f("uq_client_redirect_client_id_kind_uri")),
    )
    op.create_table(
        "role_assignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("role_code", sa.Text(), nullable=False),
        sa.Column("scope", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("uuid_range(official_id, official_id, '[]')"), "&&"),
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            where=sa.text("role_code IN ('system_admin', 'security_admin', 'audit_admin')"),
            using="gist",
            name="ex_role_assignment_officers",
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_role_assignment_window")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_role_assignment_appointment_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_role_assignment_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_assignment")),
    )
    op.create_index("ix_role_assignment_official_id", "role_assignment", ["official_id"], unique=False)
    op.create_index("ix_role_assignment_role_code", "role_assignment", ["role_code"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("official_name", sa.Text(), nullable=False),
        sa.Column("employee_code", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amr", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("source_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_session_end")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_session_appointment_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_session_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_session_token_digest")),
    )
    op.create_index("ix_session_expires_at", "session", ["expires_at"], unique=False)
    op.create_index("ix_session_live_official_id", "session", ["official_id"], unique=False, postgresql_where="ended_at IS NULL")
    op.create_index("ix_session_official_id", "session", ["official_id", "started_at"], unique=False)
    op.create_table(
        "grant_suspension",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("suspended_by", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_grant_suspension_window")),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grant.id"], name=op.f("fk_grant_suspension_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_suspension")),
    )
    op.create_index(
        "uq_grant_suspension_current", "grant_suspension", ["grant_id"], unique=True, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_table(
        "matter_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("catalogue_item_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.CheckConstraint("stage >= 1", name=op.f("ck_matter_item_stage")),
        sa.ForeignKeyConstraint(["catalogue_item_id"], ["catalogue_item.id"], name=op.f("fk_matter_item_catalogue_item_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_matter_item_matter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter_item")),
        sa.UniqueConstraint("matter_id", "catalogue_item_id", name=op.f("uq_matter_item_matter_id_catalogue_item_id")),
    )
    op.create_index("ix_matter_item_catalogue_item_id", "matter_item", ["catalogue_item_id"], unique=False)
    op.create_table(
        "participant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_participant_client_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_participant_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
    )
    op.create_index("ix_participant_client_id", "participant", ["client_id"], unique=False)
    op.create_index("ix_participant_session_id", "participant", ["session_id"], unique=False)
    op.create_index("uq_participant_live", "participant", ["session_id", "client_id"], unique=True, postgresql_where="ended_at IS NULL")
    op.create_table(
        "request_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_official_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("subsystem_code", sa.Text(), nullable=False),
        sa.Column("owner_department_id", sa.Uuid(), nullable=False),
        sa.Column("owner_path", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("requested_scope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("requested_days", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('approved', 'lapsed', 'pending', 'rejected', 'withdrawn')", name=op.f("ck_request_line_state")),
        sa.CheckConstraint("requested_days > 0", name=op.f("ck_request_line_days")),
        sa.ForeignKeyConstraint(["beneficiary_official_id"], ["official.id"], name=op.f("fk_request_line_beneficiary_official_id")),
        sa.ForeignKeyConstraint(["item_id"], ["catalogue_item.id"], name=op.f("fk_request_line_item_id")),
        sa.ForeignKeyConstraint(["owner_department_id"], ["department.id"], name=op.f("fk_request_line_owner_department_id")),
        sa.ForeignKeyConstraint(["request_id"], ["access_request.id"], name=op.f("fk_request_line_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_line")),
    )
    op.create_index("ix_request_line_due", "request_line", ["due_at"], unique=False, postgresql_where=sa.text("state IN ('pending')"))
    op.create_index(
        "ix_request_line_inbox",
        "request_line",
        ["owner_path"],
        unique=False,
        postgresql_ops={"owner_path": "text_pattern_ops"},
        postgresql_where=sa.text("state IN ('pending')"),
    )
    op.create_index("ix_request_line_item", "request_line", ["item_id", "state"], unique=False)
    op.create_index("ix_request_line_request", "request_line", ["request_id"], unique=False)
    op.create_index(
        "uq_request_line_open",
        "request_line",
        ["beneficiary_official_id", "item_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('pending')"),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("approved_scope", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("approved_days", sa.Integer(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence_hash", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'approved') = (approved_scope IS NOT NULL AND approved_days IS NOT NULL)", name=op.f("ck_decision_approved_parts")
        ),
        sa.CheckConstraint("(outcome = 'rejected') = (reason_code IS NOT NULL)", name=op.f("ck_decision_reason_code")),
        sa.CheckConstraint("outcome IN ('approved', 'rejected')", name=op.f("ck_decision_outcome")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_decision_appointment_id")),
        sa.ForeignKeyConstraint(["line_id"], ["request_line.id"], name=op.f("fk_decision_line_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_decision_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("line_id", "official_id", name=op.f("uq_decision_line_id_official_id")),
    )
    op.create_index("ix_decision_official", "decision", ["official_id", "at"], unique=False)
    op.create_table(
        "issued_token",
        sa.Column("jti", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_issued_token_participant_id")),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_issued_token")),
    )
    op.create_index("ix_issued_token_expires_at", "issued_token", ["expires_at"], unique=False)
    op.create_index("ix_issued_token_family_id", "issued_token", ["family_id"], unique=False)
    op.create_index("ix_issued_token_participant_id", "issued_token", ["participant_id"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('oidc_code')", name=op.f("ck_ticket_kind")),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_ticket_client_id")),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=op.f("fk_ticket_participant_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_ticket_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("digest", name=op.f("uq_ticket_digest")),
    )
    op.create_index("ix_ticket_expires_at", "ticket", ["expires_at"], unique=False)
    op.create_index("ix_ticket_participant_id", "ticket", ["participant_id"], unique=False)
    op.create_index("ix_ticket_session_id", "ticket", ["session_id"], unique=False)

    for statement in PROTECT:
        op.execute(statement)


def application_role() -> str | None:
    """Return the application's role, None where owner and application are one (a server for trying things out)."""
    role: str = context.config.attributes["app_role"]
    return None if role == op.get_bind().execute(sa.text("SELECT current_user")).scalar() else role


def downgrade() -> None:
    if (role := application_role()) is not None:
        name = sql.Identifier(role).as_string()
        op.execute(f"REVOKE ALL ON alembic_version FROM {name}")
        op.execute(f"REVOKE USAGE ON SCHEMA public FROM {name}")
    for statement in UNPROTECT:
        op.execute(statement)
    op.drop_table("ticket")
    op.drop_table("issued_token")
    op.drop_table("decision")
    op.drop_table("request_line")
    op.drop_table("participant")
    op.drop_table("matter_item")
    op.drop_table("grant_suspension")
    op.drop_table("session")
    op.drop_table("role_assignment")
    op.drop_table("client_redirect")
    op.drop_table("catalogue_item")
    op.drop_table("access_request")
    op.drop_table("access_grant")
    op.drop_table("subsystem_function")
    op.drop_table("service_item")
    op.drop_table("credential")
    op.drop_table("client")
    op.drop_table("appointment")
    op.drop_table("subsystem")
    op.drop_table("power_item")
    op.drop_table("official_version")
    op.drop_table("office")
    op.drop_table("matter")
    op.drop_table("department_version")
    op.drop_table("audit_sequence")
    op.drop_table("audit_personal")
    op.drop_table("audit_pending")
    op.drop_table("account")
    op.drop_table("signing_key")
    op.drop_table("sign_in_attempt")
    op.drop_table("role_link")
    op.drop_table("role")
    op.drop_table("policy_version")
    op.drop_table("policy_rule")
    op.drop_table("outbox_message")
    op.drop_table("official")
    op.drop_table("epoch_change")
    op.drop_table("division")
    op.drop_table("department")
    op.drop_table("audit_node")
    op.drop_table("audit_event")
    op.drop_table("audit_checkpoint")
    op.execute("DROP SEQUENCE access_request_number")
    op.execute("DROP TYPE uuid_range")
