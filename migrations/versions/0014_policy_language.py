"""What the policy language gained: fields that a rule masks or hides, labels of functions, clients that tell where people come from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_FIELDS = ("masked", "hidden")


def upgrade() -> None:
    for column in _FIELDS:
        op.add_column("policy_rule", sa.Column(column, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.create_check_constraint(op.f("ck_policy_rule_one_way"), "policy_rule", "NOT masked && hidden")
    op.create_check_constraint(op.f("ck_policy_rule_fields"), "policy_rule", "effect = 'allow' OR (masked = '{}' AND hidden = '{}')")
    op.add_column("subsystem_function_version", sa.Column("label", sa.Integer(), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_subsystem_function_version_label"), "subsystem_function_version", "label BETWEEN 0 AND 4")
    _client_roles("'provisioning', 'address_source'")


def downgrade() -> None:
    op.execute("UPDATE client SET roles = array_remove(roles, 'address_source')")
    _client_roles("'provisioning'")
    op.drop_constraint(op.f("ck_subsystem_function_version_label"), "subsystem_function_version", type_="check")
    op.drop_column("subsystem_function_version", "label")
    # Who loses the masks loses the rules: what was opened with them was never opened without.
    op.execute("UPDATE policy_rule SET valid_to = valid_from WHERE valid_to IS NULL AND (masked <> '{}' OR hidden <> '{}')")
    for name in ("fields", "one_way"):
        op.drop_constraint(op.f(f"ck_policy_rule_{name}"), "policy_rule", type_="check")
    for column in _FIELDS:
        op.drop_column("policy_rule", column)


def _client_roles(names: str) -> None:
    op.drop_constraint(op.f("ck_client_roles"), "client", type_="check")
    op.create_check_constraint(op.f("ck_client_roles"), "client", f"roles <@ ARRAY[{names}]")
