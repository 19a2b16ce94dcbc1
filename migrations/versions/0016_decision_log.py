"""The record of decisions: every denial, every sensitive yes, and a sample of the others."""

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""


def downgrade() -> None:
    """Take it away again."""
