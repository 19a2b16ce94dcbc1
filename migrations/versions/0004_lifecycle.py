"""The duties of a person over time: one place at a time in one position, changes with a date, and what the personnel system reported."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEYS = ("employee_code", "name", "pinyin", "initials")
ONE_POSITION = 'CAST(md5(CAST(official_id AS text) || CAST(department_id AS text) || "position") AS uuid)'


def upgrade() -> None:
    # People are found by the beginning of a key and listed in its order: one index in byte order serves both.
    for name in ("ix_official_name", "ix_official_pinyin", "ix_official_initials", "ix_official_employee_code_prefix"):
        op.drop_index(name, table_name="official")
    op.execute("ALTER TABLE official " + ", ".join(f'ALTER COLUMN {key} TYPE text COLLATE "C"' for key in KEYS))
    op.create_index("ix_official_name_id", "official", ["name", "id"], unique=False)
    op.create_index("ix_official_initials_id", "official", ["initials", "id"], unique=False)
    op.create_index(
        "ix_official_version_suspended", "official_version", ["official_id"], unique=False, postgresql_where="status = 'suspended'"
    )

    op.add_column("appointment", sa.Column("handover_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("appointment", sa.Column("end_noted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_appointment_handover"), "appointment", "handover_from >= valid_from")
    # What has ended so far ended by a command, which put it on record.
    op.execute("UPDATE appointment SET end_noted_at = valid_to WHERE valid_to <= now()")
    op.execute("ALTER TABLE appointment DROP CONSTRAINT ex_appointment_one_primary")
    op.execute(
        "ALTER TABLE appointment ADD CONSTRAINT ex_appointment_one_primary "
        "EXCLUDE USING gist (uuid_range(official_id, official_id, '[]') WITH &&, tstzrange(valid_from, LEAST(handover_from, valid_to)) WITH &&) WHERE (kind = 'primary')"
    )
    op.execute(
        "ALTER TABLE appointment ADD CONSTRAINT ex_appointment_one_per_position "
        f"EXCLUDE USING gist (uuid_range({ONE_POSITION}, {ONE_POSITION}, '[]') WITH &&, tstzrange(valid_from, valid_to) WITH &&)"
    )
    op.drop_index("ix_appointment_department_id", table_name="appointment")
    op.create_index("ix_appointment_department_id", "appointment", ["department_id", "official_id"], unique=False)
    op.create_index(
        "ix_appointment_end_due",
        "appointment",
        ["valid_to"],
        unique=False,
        postgresql_where="valid_to IS NOT NULL AND end_noted_at IS NULL",
    )
    # Whether a person may act stands in the standing alone, which knows when that changes; the account says nothing of it.
    op.execute("UPDATE account SET status = 'active' WHERE status = 'disabled'")

    op.create_table(
        "personnel_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('transfer', 'concurrent', 'attachment', 'secondment', 'suspend', 'reinstate', 'leave', 'undo_leave')",
            name=op.f("ck_personnel_change_kind"),
        ),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_personnel_change_appointment_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_personnel_change_official_id")),
        sa.ForeignKeyConstraint(["superseded_by"], ["personnel_change.id"], name=op.f("fk_personnel_change_superseded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personnel_change")),
    )
    op.create_index("ix_personnel_change_official_id", "personnel_change", ["official_id", "effective_at"], unique=False)
    op.create_index(
        "ix_personnel_change_due",
        "personnel_change",
        ["effective_at", "id"],
        unique=False,
        postgresql_where="settled_at IS NULL AND cancelled_at IS NULL",
    )
    op.create_table(
        "personnel_event",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sender", "event_id", name=op.f("pk_personnel_event")),
    )

    op.add_column("role_assignment", sa.Column("ended_with", sa.Uuid(), nullable=True))
    op.add_column("role_assignment", sa.Column("planned_end", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_role_assignment_ended_with", "role_assignment", ["ended_with"], unique=False, postgresql_where="ended_with IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_index("ix_role_assignment_ended_with", table_name="role_assignment")
    op.drop_column("role_assignment", "planned_end")
    op.drop_column("role_assignment", "ended_with")
    op.drop_table("personnel_event")
    op.drop_table("personnel_change")
    op.execute(
        "UPDATE account SET status = 'disabled' WHERE official_id IN (SELECT official_id FROM official_version "
        "WHERE status <> 'active' AND valid_from <= now() AND (valid_to IS NULL OR valid_to > now()))"
    )
    op.drop_index("ix_appointment_end_due", table_name="appointment")
    op.drop_index("ix_appointment_department_id", table_name="appointment")
    op.create_index("ix_appointment_department_id", "appointment", ["department_id"], unique=False)
    op.execute("ALTER TABLE appointment DROP CONSTRAINT ex_appointment_one_per_position")
    op.execute("ALTER TABLE appointment DROP CONSTRAINT ex_appointment_one_primary")
    # A hand-over is a second primary appointment to the schema before: from there on it is kept as a concurrent one.
    op.execute("UPDATE appointment SET kind = 'concurrent' WHERE kind = 'primary' AND handover_from < valid_to")
    op.execute(
        "ALTER TABLE appointment ADD CONSTRAINT ex_appointment_one_primary "
        "EXCLUDE USING gist (uuid_range(official_id, official_id, '[]') WITH &&, tstzrange(valid_from, valid_to) WITH &&) WHERE (kind = 'primary')"
    )
    op.drop_constraint(op.f("ck_appointment_handover"), "appointment", type_="check")
    op.drop_column("appointment", "end_noted_at")
    op.drop_column("appointment", "handover_from")
    op.drop_index("ix_official_version_suspended", table_name="official_version")
    op.drop_index("ix_official_initials_id", table_name="official")
    op.drop_index("ix_official_name_id", table_name="official")
    op.execute("ALTER TABLE official " + ", ".join(f'ALTER COLUMN {key} TYPE text COLLATE "default"' for key in KEYS))
    for name, key in (
        ("ix_official_name", "name"),
        ("ix_official_pinyin", "pinyin"),
        ("ix_official_initials", "initials"),
        ("ix_official_employee_code_prefix", "employee_code"),
    ):
        op.create_index(name, "official", [key], unique=False, postgresql_ops={key: "text_pattern_ops"})
