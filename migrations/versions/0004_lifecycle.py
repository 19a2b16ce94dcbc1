"""The duties of a person over time: one place at a time in one position, changes with a date, and what the personnel system reported."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
