"""Imports and their reports, activation codes, passwords that were hashed elsewhere."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
