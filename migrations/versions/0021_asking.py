"""Requests of several lines that belong together, the basket, duties in matters, keys of the search, and keys against asking twice."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from govcloud.subsystems.sought import sought

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NAMED = ("subsystem", "subsystem_function_version", "catalogue_item_version", "matter_version")
_BATCH = 2_000


def upgrade() -> None:
    op.add_column("access_request", sa.Column("submission_id", sa.Uuid(), nullable=True))
    op.add_column("access_request", sa.Column("matter_version", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_access_request_submission_id"), "access_request", "access_request", ["submission_id"], ["id"]
    )
    op.create_index(
        "ix_access_request_submission_id", "access_request", ["submission_id"], postgresql_where=sa.text("submission_id <> id")
    )
    op.add_column("matter_item", sa.Column("duty", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_matter_item_duty"), "matter_item", "duty IN ('handle', 'review')")
    _make_basket()
    _make_attachments()
    _make_answered_calls()
    _make_keys()


def downgrade() -> None:
    op.drop_table("service_item_key")
    for table in reversed(_NAMED):
        op.drop_index(f"ix_{table}_search_grams", table)
        op.drop_column(table, "search_grams")
        op.drop_column(table, "search_text")
    op.drop_table("answered_call")
    op.drop_table("request_attachment")
    op.drop_table("access_basket_item")
    op.drop_constraint(op.f("ck_matter_item_duty"), "matter_item", type_="check")
    op.drop_column("matter_item", "duty")
    op.drop_index("ix_access_request_submission_id", "access_request")
    op.drop_constraint(op.f("fk_access_request_submission_id"), "access_request", type_="foreignkey")
    op.drop_column("access_request", "matter_version")
    op.drop_column("access_request", "submission_id")


def _make_basket() -> None:
    op.create_table(
        "access_basket_item",
        sa.Column("official_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("scope", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("days BETWEEN 1 AND 366", name=op.f("ck_access_basket_item_days")),
        sa.ForeignKeyConstraint(["official_id"], ["official.id"], name=op.f("fk_access_basket_item_official_id")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_access_basket_item_appointment_id")),
        sa.ForeignKeyConstraint(["item_id"], ["catalogue_item.id"], name=op.f("fk_access_basket_item_item_id")),
        sa.PrimaryKeyConstraint("official_id", "appointment_id", "item_id", name=op.f("pk_access_basket_item")),
    )


def _make_attachments() -> None:
    op.create_table(
        "request_attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size BETWEEN 1 AND 5242880", name=op.f("ck_request_attachment_size")),
        sa.ForeignKeyConstraint(["submission_id"], ["access_request.id"], name=op.f("fk_request_attachment_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_attachment")),
    )
    op.create_index("ix_request_attachment_submission_id", "request_attachment", ["submission_id"])


def _make_answered_calls() -> None:
    op.create_table(
        "answered_call",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_answered_call")),
    )
    op.create_index("ix_answered_call_expires_at", "answered_call", ["expires_at"])


def _make_keys() -> None:
    """Give everything that has a name what searches look at; a release that does not know the columns leaves them empty."""
    for table in _NAMED:
        op.add_column(table, sa.Column("search_text", sa.Text(), server_default="", nullable=False))
        op.add_column(table, sa.Column("search_grams", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
        _fill(table)
        op.create_index(f"ix_{table}_search_grams", table, ["search_grams"], postgresql_using="gin")
    op.create_table(
        "service_item_key",
        sa.Column("service_item_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), server_default="", nullable=False),
        sa.Column("search_grams", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["service_item_id"], ["service_item.id"], name=op.f("fk_service_item_key_service_item_id")),
        sa.PrimaryKeyConstraint("service_item_id", name=op.f("pk_service_item_key")),
    )
    bound = op.get_bind().execute(
        sa.text(
            "SELECT v.service_item_id, v.name FROM service_item_version v WHERE v.valid_to IS NULL"
            " AND EXISTS (SELECT FROM function_basis b WHERE b.service_item_id = v.service_item_id AND b.valid_to IS NULL)"
        )
    )
    keys = sa.table("service_item_key", *(sa.column(name) for name in ("service_item_id", "name", "search_text", "search_grams")))
    rows = [{"service_item_id": row.service_item_id, "name": row.name, **sought(row.name)} for row in bound]
    for start in range(0, len(rows), _BATCH):
        op.get_bind().execute(sa.insert(keys), rows[start : start + _BATCH])
    op.create_index("ix_service_item_key_search_grams", "service_item_key", ["search_grams"], postgresql_using="gin")


def _fill(table: str) -> None:
    named = sa.table(
        table,
        sa.column("id", sa.Uuid()),
        sa.column("name", sa.Text()),
        sa.column("search_text", sa.Text()),
        sa.column("search_grams", postgresql.ARRAY(sa.Text())),
    )
    connection = op.get_bind()
    rows = [{"of": row.id, **sought(row.name)} for row in connection.execute(sa.select(named.c.id, named.c.name))]
    if rows:
        connection.execute(sa.update(named).where(named.c.id == sa.bindparam("of")), rows)
