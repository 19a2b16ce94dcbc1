"""Matters (一件事) are changed and ended: what one is like stands in its versions, and its items belong to a version."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "matter_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lead_department_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_matter_version_window")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_matter_version_version")),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_matter_version_matter_id")),
        sa.ForeignKeyConstraint(["lead_department_id"], ["department.id"], name=op.f("fk_matter_version_lead_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter_version")),
        sa.UniqueConstraint("matter_id", "version", name=op.f("uq_matter_version_matter_id_version")),
    )
    # The version takes the id of what it was cut from: ids of two tables never meet, and the way back needs none that are new.
    op.execute(
        "INSERT INTO matter_version (id, matter_id, version, name, lead_department_id, valid_from)"
        " SELECT id, id, 1, name, lead_department_id, valid_from FROM matter"
    )
    op.create_index(
        "uq_matter_version_live", "matter_version", ["matter_id"], unique=True, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.create_index("ix_matter_version_lead_department_id", "matter_version", ["lead_department_id"])
    op.drop_index("ix_matter_name", "matter")
    op.drop_index("ix_matter_lead_department_id", "matter")
    op.drop_constraint(op.f("fk_matter_lead_department_id"), "matter", type_="foreignkey")
    op.drop_column("matter", "name")
    op.drop_column("matter", "lead_department_id")
    # So far a matter had one version, whose id is its own.
    op.drop_constraint(op.f("fk_matter_item_matter_id"), "matter_item", type_="foreignkey")
    op.drop_constraint(op.f("uq_matter_item_matter_id_catalogue_item_id"), "matter_item", type_="unique")
    op.alter_column("matter_item", "matter_id", new_column_name="version_id")
    op.create_foreign_key(op.f("fk_matter_item_version_id"), "matter_item", "matter_version", ["version_id"], ["id"])
    op.create_unique_constraint(
        op.f("uq_matter_item_version_id_catalogue_item_id"), "matter_item", ["version_id", "catalogue_item_id"]
    )
    # How many open requests name a matter is asked before it is changed or ended.
    op.create_index(
        "ix_access_request_matter_id", "access_request", ["matter_id"], postgresql_where=sa.text("matter_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_access_request_matter_id", "access_request")
    op.drop_constraint(op.f("uq_matter_item_version_id_catalogue_item_id"), "matter_item", type_="unique")
    op.drop_constraint(op.f("fk_matter_item_version_id"), "matter_item", type_="foreignkey")
    # The older release knows a matter as it is last.
    op.execute("DELETE FROM matter_item WHERE version_id IN (SELECT id FROM matter_version WHERE valid_to IS NOT NULL)")
    op.execute("UPDATE matter_item SET version_id = matter_version.matter_id FROM matter_version WHERE matter_version.id = version_id")
    op.alter_column("matter_item", "version_id", new_column_name="matter_id")
    op.create_foreign_key(op.f("fk_matter_item_matter_id"), "matter_item", "matter", ["matter_id"], ["id"])
    op.create_unique_constraint(op.f("uq_matter_item_matter_id_catalogue_item_id"), "matter_item", ["matter_id", "catalogue_item_id"])
    op.add_column("matter", sa.Column("name", sa.Text(), nullable=True))
    op.add_column("matter", sa.Column("lead_department_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE matter SET name = newest.name, lead_department_id = newest.lead_department_id FROM matter_version newest"
        " WHERE newest.matter_id = matter.id AND newest.valid_to IS NULL"
    )
    op.alter_column("matter", "name", nullable=False)
    op.alter_column("matter", "lead_department_id", nullable=False)
    op.create_foreign_key(op.f("fk_matter_lead_department_id"), "matter", "department", ["lead_department_id"], ["id"])
    op.create_index("ix_matter_lead_department_id", "matter", ["lead_department_id"])
    op.create_index("ix_matter_name", "matter", ["name"], postgresql_ops={"name": "text_pattern_ops"})
    op.drop_table("matter_version")
