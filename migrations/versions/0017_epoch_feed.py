"""A change names everybody and every department that it touches, in one row of the feed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("epoch_change", sa.Column("official_ids", postgresql.ARRAY(sa.Uuid()), nullable=True))
    op.add_column("epoch_change", sa.Column("department_ids", postgresql.ARRAY(sa.Uuid()), nullable=True))


def downgrade() -> None:
    op.drop_column("epoch_change", "department_ids")
    op.drop_column("epoch_change", "official_ids")
