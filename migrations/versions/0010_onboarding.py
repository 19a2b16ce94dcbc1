"""Onboarding of subsystems: the steps of the flow, versions of functions and items, and the service items that functions rest on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OLD_STATUS = "status IN ('registered', 'published', 'retired')"
_NEW_STATUS = "status IN ('registered', 'submitted', 'checked', 'published', 'retired')"
_WINDOW = "valid_to IS NULL OR valid_to >= valid_from"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_subsystem_status"), "subsystem", type_="check")
    op.create_check_constraint(op.f("ck_subsystem_status"), "subsystem", _NEW_STATUS)
    op.create_table(
        "subsystem_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subsystem_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("official_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "step IN ('register', 'submit', 'return', 'check', 'publish', 'retire')", name=op.f("ck_subsystem_step_step")
        ),
        sa.ForeignKeyConstraint(["subsystem_id"], ["subsystem.id"], name=op.f("fk_subsystem_step_subsystem_id")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_subsystem_step_official_id")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_subsystem_step_appointment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsystem_step")),
    )
    op.create_index("ix_subsystem_step_subsystem_id", "subsystem_step", ["subsystem_id", "at"])
    _versions_of_functions()
    _versions_of_items()
    op.create_table(
        "function_basis",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("function_id", sa.Uuid(), nullable=False),
        sa.Column("service_item_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_WINDOW, name=op.f("ck_function_basis_window")),
        sa.ForeignKeyConstraint(["function_id"], ["subsystem_function.id"], name=op.f("fk_function_basis_function_id")),
        sa.ForeignKeyConstraint(["service_item_id"], ["service_item.id"], name=op.f("fk_function_basis_service_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_function_basis")),
    )
    op.create_index(
        "uq_function_basis_live",
        "function_basis",
        ["function_id", "service_item_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index("ix_function_basis_service_item_id", "function_basis", ["service_item_id"])


def _versions_of_functions() -> None:
    op.create_table(
        "subsystem_function_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("function_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("integration_level", sa.Integer(), nullable=False),
        sa.Column("basis_note", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_WINDOW, name=op.f("ck_subsystem_function_version_window")),
        sa.CheckConstraint("integration_level BETWEEN 0 AND 3", name=op.f("ck_subsystem_function_version_integration_level")),
        sa.ForeignKeyConstraint(["function_id"], ["subsystem_function.id"], name=op.f("fk_subsystem_function_version_function_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsystem_function_version")),
    )
    # The version takes the id of what it was cut from: ids of two tables never meet, and the way back needs none that are new.
    op.execute(
        "INSERT INTO subsystem_function_version"
        " (id, function_id, name, description, sensitive, integration_level, basis_note, valid_from)"
        " SELECT id, id, name, description, sensitive, integration_level, '', valid_from FROM subsystem_function"
    )
    op.create_index(
        "uq_subsystem_function_version_live",
        "subsystem_function_version",
        ["function_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.drop_constraint(op.f("ck_subsystem_function_integration_level"), "subsystem_function", type_="check")
    for column in ("name", "description", "sensitive", "integration_level"):
        op.drop_column("subsystem_function", column)


def _versions_of_items() -> None:
    op.create_table(
        "catalogue_item_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("exposes", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("max_days", sa.Integer(), nullable=False),
        sa.Column("requires_case_number", sa.Boolean(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("owner_department_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_WINDOW, name=op.f("ck_catalogue_item_version_window")),
        sa.CheckConstraint("tier IN ('auto', 'one', 'two_units')", name=op.f("ck_catalogue_item_version_tier")),
        sa.CheckConstraint("max_days BETWEEN 1 AND 366", name=op.f("ck_catalogue_item_version_max_days")),
        sa.CheckConstraint("scope_kind IN ('none', 'division')", name=op.f("ck_catalogue_item_version_scope_kind")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_catalogue_item_version_version")),
        sa.ForeignKeyConstraint(["item_id"], ["catalogue_item.id"], name=op.f("fk_catalogue_item_version_item_id")),
        sa.ForeignKeyConstraint(
            ["owner_department_id"], ["department.id"], name=op.f("fk_catalogue_item_version_owner_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_item_version")),
        sa.UniqueConstraint("item_id", "version", name=op.f("uq_catalogue_item_version_item_id_version")),
    )
    op.execute(
        "INSERT INTO catalogue_item_version (id, item_id, version, name, exposes, tier, max_days, requires_case_number, scope_kind,"
        " owner_department_id, valid_from) SELECT id, id, version, name, exposes, tier, max_days, requires_case_number, scope_kind,"
        " owner_department_id, valid_from FROM catalogue_item"
    )
    op.create_index(
        "uq_catalogue_item_version_live",
        "catalogue_item_version",
        ["item_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index("ix_catalogue_item_version_owner_department_id", "catalogue_item_version", ["owner_department_id"])
    op.drop_index("ix_catalogue_item_owner_department_id", "catalogue_item")
    op.drop_constraint(op.f("fk_catalogue_item_owner_department_id"), "catalogue_item", type_="foreignkey")
    for name in ("tier", "max_days", "scope_kind", "version"):
        op.drop_constraint(op.f(f"ck_catalogue_item_{name}"), "catalogue_item", type_="check")
    for column in _ITEM_COLUMNS:
        op.drop_column("catalogue_item", column.name)


_ITEM_COLUMNS = (
    sa.Column("name", sa.Text()),
    sa.Column("exposes", sa.Text()),
    sa.Column("tier", sa.Text()),
    sa.Column("max_days", sa.Integer()),
    sa.Column("requires_case_number", sa.Boolean()),
    sa.Column("scope_kind", sa.Text()),
    sa.Column("version", sa.Integer()),
    sa.Column("owner_department_id", sa.Uuid()),
)
_FUNCTION_COLUMNS = (
    sa.Column("name", sa.Text()),
    sa.Column("description", sa.Text()),
    sa.Column("sensitive", sa.Boolean()),
    sa.Column("integration_level", sa.Integer()),
)


def downgrade() -> None:
    op.drop_table("function_basis")
    _put_back("catalogue_item", "item_id", _ITEM_COLUMNS)
    op.drop_table("catalogue_item_version")
    op.create_foreign_key(op.f("fk_catalogue_item_owner_department_id"), "catalogue_item", "department", ["owner_department_id"], ["id"])
    op.create_check_constraint(op.f("ck_catalogue_item_tier"), "catalogue_item", "tier IN ('auto', 'one', 'two_units')")
    op.create_check_constraint(op.f("ck_catalogue_item_max_days"), "catalogue_item", "max_days BETWEEN 1 AND 366")
    op.create_check_constraint(op.f("ck_catalogue_item_scope_kind"), "catalogue_item", "scope_kind IN ('none', 'division')")
    op.create_check_constraint(op.f("ck_catalogue_item_version"), "catalogue_item", "version >= 1")
    op.create_index("ix_catalogue_item_owner_department_id", "catalogue_item", ["owner_department_id"])
    _put_back("subsystem_function", "function_id", _FUNCTION_COLUMNS)
    op.drop_table("subsystem_function_version")
    op.create_check_constraint(
        op.f("ck_subsystem_function_integration_level"), "subsystem_function", "integration_level BETWEEN 0 AND 3"
    )
    op.drop_table("subsystem_step")
    op.drop_constraint(op.f("ck_subsystem_status"), "subsystem", type_="check")
    # What was on its way is registered again: the older release knows no place in between.
    op.execute("UPDATE subsystem SET status = 'registered' WHERE status IN ('submitted', 'checked')")
    op.create_check_constraint(op.f("ck_subsystem_status"), "subsystem", _OLD_STATUS)


def _put_back(table: str, key: str, columns: tuple[sa.Column[object], ...]) -> None:
    """Take the newest version of every row back into its table."""
    for column in columns:
        op.add_column(table, sa.Column(column.name, column.type, nullable=True))
    values = ", ".join(f"{column.name} = newest.{column.name}" for column in columns)
    op.execute(f"UPDATE {table} SET {values} FROM {table}_version newest WHERE newest.{key} = {table}.id AND newest.valid_to IS NULL")
    for column in columns:
        op.alter_column(table, column.name, nullable=False)
