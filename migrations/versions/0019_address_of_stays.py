"""A stay keeps from which address it was entered, so that its door is asked again with what was asked then; open stays have an index."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Stays from before have none: it is not known, and the session's own may be that of another network.
    op.add_column("participant", sa.Column("source_address", sa.Text(), nullable=True))
    op.create_index("ix_participant_open", "participant", ["id"], postgresql_where=sa.text("ended_at IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_participant_open", "participant")
    op.drop_column("participant", "source_address")
