"""Clients that the security administrator entrusts with work for the platform itself, such as provisioning."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client", sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.create_check_constraint(op.f("ck_client_roles"), "client", "roles <@ ARRAY['provisioning']")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_client_roles"), "client", type_="check")
    op.drop_column("client", "roles")
