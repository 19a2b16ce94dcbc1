"""The lists: what an entry says moves to versions, every change of a list is an edition, uploads wait to be confirmed.

What stands already becomes version 1 of an edition that says so.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KIND = "kind IN ('power', 'implementation')"
#: Fixed ids of the editions that hold what was registered before there were editions.
_FIRST = {"power": "01935d2a-0000-7000-8000-000000000001", "implementation": "01935d2a-0000-7000-8000-000000000002"}


def upgrade() -> None:
    _editions()
    _versions("power_item", sa.Column("kind", sa.Text(), nullable=False), sa.Column("legal_basis", sa.Text(), nullable=False))
    _versions("service_item", sa.Column("promised_days", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_power_item_version_kind"), "power_item_version", "kind ~ '^[0-9]{2}$'")
    op.create_check_constraint(
        op.f("ck_service_item_version_promised_days"), "service_item_version", "promised_days BETWEEN 0 AND 999"
    )
    _backfill("power_item", "power", "kind, legal_basis", "item.kind, ''")
    _backfill("service_item", "implementation", "promised_days", "NULL")
    op.drop_constraint(op.f("ck_power_item_kind"), "power_item", type_="check")
    op.drop_column("power_item", "name")
    op.drop_column("power_item", "kind")
    op.drop_column("service_item", "name")
    op.drop_constraint(op.f("uq_service_item_code"), "service_item", type_="unique")
    op.drop_index("ix_service_item_department_id", "service_item")
    op.create_index("uq_service_item_live", "service_item", ["code"], unique=True, postgresql_where=sa.text("valid_to IS NULL"))
    for table in ("power_item", "service_item"):
        op.add_column(table, sa.Column("ended_edition_id", sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_{table}_ended_edition_id"), table, "list_edition", ["ended_edition_id"], ["id"])
        op.create_index(f"ix_{table}_ended_edition_id", table, ["ended_edition_id"])
        op.create_index(f"ix_{table}_department_id", table, ["department_id", "code", "id"])
        op.create_index(f"ix_{table}_code", table, ["code"], postgresql_ops={"code": "text_pattern_ops"})
    _uploads()


def _editions() -> None:
    op.create_table(
        "list_edition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("department_path", sa.Text(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("added", "changed", "unchanged", "withdrawn")),
        sa.CheckConstraint(_KIND, name=op.f("ck_list_edition_kind")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_list_edition_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_edition")),
        sa.UniqueConstraint("kind", "number", name=op.f("uq_list_edition_kind_number")),
    )
    op.create_index("ix_list_edition_sha256", "list_edition", ["sha256"])


def _versions(item: str, *facts: sa.Column[object]) -> None:
    """Make the table of what the entries of one list say."""
    table = f"{item}_version"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(f"{item}_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        *facts,
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f(f"ck_{table}_window")),
        sa.CheckConstraint("version >= 1", name=op.f(f"ck_{table}_version")),
        sa.ForeignKeyConstraint([f"{item}_id"], [f"{item}.id"], name=op.f(f"fk_{table}_{item}_id")),
        sa.ForeignKeyConstraint(["edition_id"], ["list_edition.id"], name=op.f(f"fk_{table}_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(f"{item}_id", "version", name=op.f(f"uq_{table}_{item}_id_version")),
    )
    op.create_index(f"uq_{table}_live", table, [f"{item}_id"], unique=True, postgresql_where=sa.text("valid_to IS NULL"))
    op.create_index(f"ix_{table}_edition_id", table, ["edition_id"])
    op.create_index(f"ix_{table}_name", table, ["name"], postgresql_ops={"name": "text_pattern_ops"})


def _backfill(item: str, kind: str, columns: str, values: str) -> None:
    """Let what stands, and what stood, be version 1; a list without entries gets no edition."""
    edition = _FIRST[kind]
    op.execute(
        f"""
        INSERT INTO list_edition (id, kind, number, title, note, department_path, complete, actor_id, actor_name, recorded_at,
                                  added, changed, unchanged, withdrawn)
        SELECT '{edition}', '{kind}', 1, '启用版本管理以前的登记', '', '/', false, 'migration', 'migration', min(valid_from), count(*), 0, 0, 0
          FROM {item} HAVING count(*) > 0
        """
    )
    op.execute(
        f"""
        INSERT INTO {item}_version (id, {item}_id, version, name, {columns}, edition_id, valid_from, valid_to)
        SELECT gen_random_uuid(), item.id, 1, item.name, {values}, '{edition}', item.valid_from, item.valid_to FROM {item} AS item
        """
    )


def _uploads() -> None:
    op.create_table(
        "list_upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("order", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_KIND, name=op.f("ck_list_upload_kind")),
        sa.CheckConstraint("state IN ('waiting', 'applied', 'discarded')", name=op.f("ck_list_upload_state")),
        sa.ForeignKeyConstraint(["edition_id"], ["list_edition.id"], name=op.f("fk_list_upload_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_upload")),
    )
    op.create_index("ix_list_upload_waiting", "list_upload", ["created_at"], postgresql_where=sa.text("state = 'waiting'"))
    op.create_table(
        "list_piece",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["list_upload.id"], name=op.f("fk_list_piece_upload_id")),
        sa.PrimaryKeyConstraint("upload_id", "position", name=op.f("pk_list_piece")),
    )


def downgrade() -> None:
    """Bring the last version of each entry back into its row; legal basis, promised days and editions are lost.

    A code that left and came back stands in one row only before this migration: the newest stay keeps it, with all that hangs on
    the earlier ones left out.
    """
    op.drop_table("list_piece")
    op.drop_table("list_upload")
    op.add_column("power_item", sa.Column("name", sa.Text(), nullable=True))
    op.add_column("power_item", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column("service_item", sa.Column("name", sa.Text(), nullable=True))
    for item, facts in (("power_item", ("name", "kind")), ("service_item", ("name",))):
        taken = ", ".join(f"{name} = said.{name}" for name in facts)
        op.execute(
            f"""
            UPDATE {item} AS item SET {taken} FROM {item}_version AS said
             WHERE said.{item}_id = item.id
               AND said.version = (SELECT max(version) FROM {item}_version WHERE {item}_id = item.id)
            """
        )
    for item in ("power_item", "service_item"):
        op.drop_table(f"{item}_version")
        op.drop_column(item, "ended_edition_id")
        op.drop_index(f"ix_{item}_code", item)
        op.drop_index(f"ix_{item}_department_id", item)
        op.alter_column(item, "name", nullable=False)
    op.alter_column("power_item", "kind", nullable=False)
    op.create_check_constraint(op.f("ck_power_item_kind"), "power_item", "kind ~ '^[0-9]{2}$'")
    op.drop_index("uq_service_item_live", "service_item")
    op.execute(
        """
        DELETE FROM service_item AS item WHERE EXISTS (
            SELECT 1 FROM service_item AS later WHERE later.code = item.code AND (later.valid_from, later.id) > (item.valid_from, item.id))
        """
    )
    op.create_unique_constraint(op.f("uq_service_item_code"), "service_item", ["code"])
    op.create_index("ix_service_item_department_id", "service_item", ["department_id"])
    op.drop_table("list_edition")
