"""What a province of 1.5 million people needs: exclusion constraints that stay cheap as they grow, and indexes for its reads."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# As `govcloud.kernel.database.WINDOW_FUNCTIONS` stood when this was written; all numbers are whole and below 2^53.
WINDOW_BOX = """
CREATE FUNCTION window_box(id uuid, starts timestamptz, ends timestamptz) RETURNS box LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN box(
    point(
        CAST(CAST('x' || left(replace(CAST(id AS text), '-', ''), 12) AS bit(48)) AS bigint),
        CAST(extract(epoch FROM starts AT TIME ZONE 'UTC') * 1000000 AS float8)
    ),
    point(
        CAST(CAST('x' || left(replace(CAST(id AS text), '-', ''), 12) AS bit(48)) AS bigint),
        least(coalesce(CAST(extract(epoch FROM ends AT TIME ZONE 'UTC') * 1000000 - 1 AS float8), 9007199254740992), 9007199254740992)
    )
)
"""
WINDOW_OWNER = """
CREATE FUNCTION window_owner(id uuid) RETURNS point LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN point(
    CAST(CAST('x' || substr(replace(CAST(id AS text), '-', ''), 13, 12) AS bit(48)) AS bigint),
    CAST(CAST('x' || right(CAST(id AS text), 8) AS bit(32)) AS bigint)
)
"""
POSITION = 'CAST(md5(CAST(official_id AS text) || CAST(department_id AS text) || "position") AS uuid)'
# Table, constraint, the uuid that rows of one owner share, the owner, the end of the window, and which rows it is about.
EXCLUSIONS = (
    ("department_version", "ex_department_version_one_at_a_time", "department_id", "department_id", "valid_to", ""),
    ("office", "ex_office_one_at_a_time", "office_id", "office_id", "valid_to", ""),
    ("official_version", "ex_official_version_one_at_a_time", "official_id", "official_id", "valid_to", ""),
    (
        "appointment",
        "ex_appointment_one_primary",
        "official_id",
        "official_id",
        "LEAST(handover_from, valid_to)",
        "kind = 'primary'",
    ),
    ("appointment", "ex_appointment_one_per_position", "official_id", POSITION, "valid_to", ""),
    (
        "role_assignment",
        "ex_role_assignment_officers",
        "official_id",
        "official_id",
        "valid_to",
        "role_code IN ('system_admin', 'security_admin', 'audit_admin')",
    ),
)


def upgrade() -> None:
    op.execute(WINDOW_BOX)
    op.execute(WINDOW_OWNER)
    for table, name, near, owner, until, where in EXCLUSIONS:
        held = f"({until} IS NULL OR {until} > valid_from)"
        condition = f"{held} AND ({where})" if where else held
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f"(window_box({near}, valid_from, {until}) WITH &&, window_owner({owner}) WITH ~=) WHERE ({condition})"
        )
    op.execute("DROP TYPE uuid_range")
    op.create_index("ix_audit_event_identity", "audit_event", ["subject", "at", "id"], postgresql_where=sa.text("name LIKE 'identity:%'"))
    op.create_index("ix_department_version_name", "department_version", ["name"], postgresql_ops={"name": "text_pattern_ops"})


def downgrade() -> None:
    op.drop_index("ix_department_version_name", "department_version")
    op.drop_index("ix_audit_event_identity", "audit_event")
    op.execute("CREATE TYPE uuid_range AS RANGE (subtype = uuid)")
    for table, name, _near, owner, until, where in EXCLUSIONS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f"(uuid_range({owner}, {owner}, '[]') WITH &&, tstzrange(valid_from, {until}) WITH &&)" + (f" WHERE ({where})" if where else "")
        )
    op.execute("DROP FUNCTION window_box")
    op.execute("DROP FUNCTION window_owner")
