"""Departments over time: who leads them, and what became of those that were merged, split or abolished."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
