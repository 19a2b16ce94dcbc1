"""A subsystem may be handed to another department: one more kind of step."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OLD = "step IN ('register', 'submit', 'return', 'check', 'publish', 'retire')"
_NEW = "step IN ('register', 'submit', 'return', 'check', 'publish', 'retire', 'hand_over')"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_subsystem_step_step"), "subsystem_step", type_="check")
    op.create_check_constraint(op.f("ck_subsystem_step_step"), "subsystem_step", _NEW)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_subsystem_step_step"), "subsystem_step", type_="check")
    op.execute("DELETE FROM subsystem_step WHERE step = 'hand_over'")
    op.create_check_constraint(op.f("ck_subsystem_step_step"), "subsystem_step", _OLD)
