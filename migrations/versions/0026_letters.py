"""Notices know the letter that they went out with, and are found by line, letter and age."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_notice_line": ("line_id", "line_id IS NOT NULL"),
    "ix_notice_letter": ("letter_id", "letter_id IS NOT NULL"),
    "ix_notice_read": ("read_at", "read_at IS NOT NULL"),
    "ix_notice_created": ("created_at", None),
}


def upgrade() -> None:
    """Add the letter, and the indexes that settling, mailing and forgetting go by."""
    op.add_column("notice", sa.Column("letter_id", sa.Uuid(), nullable=True))
    op.drop_index("ix_notice_asked", "notice")
    for name, (column, where) in _INDEXES.items():
        op.create_index(name, "notice", [column], postgresql_where=sa.text(where) if where else None)


def downgrade() -> None:
    """Take both away."""
    for name in _INDEXES:
        op.drop_index(name, "notice")
    op.create_index("ix_notice_asked", "notice", ["line_id"], postgresql_where=sa.text("kind = 'to_decide'"))
    op.drop_column("notice", "letter_id")
