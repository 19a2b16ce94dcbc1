"""Requests of several lines: returned and blocked lines, progressive or atomic opening, a wanted start, the duty in a matter, escalation."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_STATES = "'approved', 'blocked_sod', 'lapsed', 'pending', 'rejected', 'returned', 'withdrawn'"
_OPEN = "state IN ('blocked_sod', 'pending', 'returned')"
_WAITING = "state IN ('pending')"


def upgrade() -> None:
    op.add_column("access_request", sa.Column("mode", sa.Text(), server_default="progressive", nullable=False))
    op.add_column("access_request", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_access_request_mode"), "access_request", "mode IN ('progressive', 'atomic')")
    op.add_column("request_line", sa.Column("duty", sa.Text(), nullable=True))
    op.add_column("request_line", sa.Column("escalation", sa.Integer(), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_request_line_duty"), "request_line", "duty IN ('handle', 'review')")
    op.create_check_constraint(op.f("ck_request_line_escalation"), "request_line", "escalation BETWEEN 0 AND 3")
    op.drop_constraint(op.f("ck_request_line_state"), "request_line", type_="check")
    op.create_check_constraint(op.f("ck_request_line_state"), "request_line", f"state IN ({_STATES})")
    _index_open_lines(_OPEN)


def downgrade() -> None:
    # The older release knows neither state: such a line waits for its owner again.
    op.execute("UPDATE request_line SET state = 'pending', version = version + 1 WHERE state IN ('returned', 'blocked_sod')")
    _index_open_lines(_WAITING)
    op.drop_constraint(op.f("ck_request_line_state"), "request_line", type_="check")
    op.create_check_constraint(
        op.f("ck_request_line_state"), "request_line", "state IN ('approved', 'lapsed', 'pending', 'rejected', 'withdrawn')"
    )
    op.drop_constraint(op.f("ck_request_line_escalation"), "request_line", type_="check")
    op.drop_constraint(op.f("ck_request_line_duty"), "request_line", type_="check")
    op.drop_column("request_line", "escalation")
    op.drop_column("request_line", "duty")
    op.drop_constraint(op.f("ck_access_request_mode"), "access_request", type_="check")
    op.drop_column("access_request", "starts_at")
    op.drop_column("access_request", "mode")


def _index_open_lines(states: str) -> None:
    """Let the indexes of open lines be about those in ``states``."""
    op.drop_index("uq_request_line_open", "request_line")
    op.create_index(
        "uq_request_line_open", "request_line", ["beneficiary_official_id", "item_id"], unique=True, postgresql_where=sa.text(states)
    )
    op.drop_index("ix_request_line_due", "request_line")
    op.create_index("ix_request_line_due", "request_line", ["due_at"], postgresql_where=sa.text(states))
