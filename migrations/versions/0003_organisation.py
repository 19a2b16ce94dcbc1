"""Departments over time: who leads them, how they are found, and what became of those that were merged, split or abolished."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from govcloud.identity.names import department_keys

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _departments()
    _offices()
    op.create_table(
        "department_succession",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("predecessor_id", sa.Uuid(), nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('merge', 'split', 'abolish')", name=op.f("ck_department_succession_kind")),
        sa.CheckConstraint("(successor_id IS NULL) = (kind = 'abolish')", name=op.f("ck_department_succession_successor")),
        sa.CheckConstraint("predecessor_id <> successor_id", name=op.f("ck_department_succession_different")),
        sa.ForeignKeyConstraint(["predecessor_id"], ["department.id"], name=op.f("fk_department_succession_predecessor_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["department.id"], name=op.f("fk_department_succession_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_succession")),
    )
    op.create_index("ix_department_succession_predecessor_id", "department_succession", ["predecessor_id", "at"])
    op.create_index("ix_department_succession_successor_id", "department_succession", ["successor_id", "at"])
    op.add_column("appointment", sa.Column("continues_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_appointment_continues_id"), "appointment", "appointment", ["continues_id"], ["id"])
    op.create_index("ix_appointment_continues_id", "appointment", ["continues_id"], unique=True)


def _departments() -> None:
    op.add_column("department_version", sa.Column("lead_department_id", sa.Uuid(), nullable=True))
    op.add_column("department_version", sa.Column("pinyin", sa.Text(), nullable=True))
    op.add_column("department_version", sa.Column("initials", sa.Text(), nullable=True))
    op.add_column("department_version", sa.Column("grams", postgresql.ARRAY(sa.Text()), nullable=True))
    versions = sa.table(
        "department_version",
        sa.column("id", sa.Uuid()),
        sa.column("name", sa.Text()),
        sa.column("short_name", sa.Text()),
        sa.column("pinyin", sa.Text()),
        sa.column("initials", sa.Text()),
        sa.column("grams", postgresql.ARRAY(sa.Text())),
    )
    connection = op.get_bind()
    found = connection.execute(sa.select(versions.c.id, versions.c.name, versions.c.short_name)).all()
    rows = [dict(zip(("pinyin", "initials", "grams"), department_keys(row.name, row.short_name)), of=row.id) for row in found]
    if rows:
        connection.execute(sa.update(versions).where(versions.c.id == sa.bindparam("of")), rows)
    for column in ("pinyin", "initials", "grams"):
        op.alter_column("department_version", column, nullable=False)
    op.create_foreign_key(
        op.f("fk_department_version_lead_department_id"), "department_version", "department", ["lead_department_id"], ["id"]
    )
    op.create_check_constraint(op.f("ck_department_version_lead"), "department_version", "lead_department_id <> department_id")
    op.create_index("ix_department_version_lead_department_id", "department_version", ["lead_department_id"])
    op.create_index("ix_department_version_grams", "department_version", ["grams"], postgresql_using="gin")


def _offices() -> None:
    op.add_column("office", sa.Column("office_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE office SET office_id = id")
    op.alter_column("office", "office_id", nullable=False)
    op.create_index("ix_office_office_id", "office", ["office_id"])
    op.execute(
        "ALTER TABLE office ADD CONSTRAINT ex_office_one_at_a_time EXCLUDE USING gist "
        "(uuid_range(office_id, office_id, '[]') WITH &&, tstzrange(valid_from, valid_to) WITH &&)"
    )


def downgrade() -> None:
    op.drop_index("ix_appointment_continues_id", "appointment")
    op.drop_constraint(op.f("fk_appointment_continues_id"), "appointment", type_="foreignkey")
    op.drop_column("appointment", "continues_id")
    op.drop_table("department_succession")
    op.execute("ALTER TABLE office DROP CONSTRAINT ex_office_one_at_a_time")
    op.drop_index("ix_office_office_id", "office")
    op.drop_column("office", "office_id")
    op.drop_index("ix_department_version_grams", "department_version")
    op.drop_index("ix_department_version_lead_department_id", "department_version")
    op.drop_constraint(op.f("ck_department_version_lead"), "department_version", type_="check")
    op.drop_constraint(op.f("fk_department_version_lead_department_id"), "department_version", type_="foreignkey")
    for column in ("grams", "initials", "pinyin", "lead_department_id"):
        op.drop_column("department_version", column)
