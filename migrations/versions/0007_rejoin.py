"""People who left may come back: another kind of change in a person's duty."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('transfer', 'concurrent', 'attachment', 'secondment', 'suspend', 'reinstate', 'leave', 'undo_leave')"
_AFTER = "kind IN ('transfer', 'concurrent', 'attachment', 'secondment', 'suspend', 'reinstate', 'leave', 'undo_leave', 'rejoin')"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_personnel_change_kind"), "personnel_change", type_="check")
    op.create_check_constraint(op.f("ck_personnel_change_kind"), "personnel_change", _AFTER)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_personnel_change_kind"), "personnel_change", type_="check")
    # Whoever came back stays on record: what stands is not checked again.
    op.create_check_constraint(op.f("ck_personnel_change_kind"), "personnel_change", _BEFORE, postgresql_not_valid=True)
