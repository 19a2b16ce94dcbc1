"""Appointments carry their person's search keys, so that a county's people are found department by department.

Two triggers keep them: one takes the keys from the person when an appointment is added, the other hands them on when a person's name
changes. The platform is stopped meanwhile, as for every upgrade: what is there is filled in by one statement, two minutes for 1.7
million appointments, indexes included. Alembic does not compare triggers: a later change of them needs a migration by hand.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KEYS = ("employee_code", "name", "pinyin", "initials")
# The lock makes whoever changes the name meanwhile wait, and then hand the new one on; a foreign key alone would let both pass.
_TAKE = """
CREATE FUNCTION appointment_take_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT employee_code, name, pinyin, initials INTO NEW.employee_code, NEW.name, NEW.pinyin, NEW.initials
      FROM official WHERE id = NEW.official_id FOR SHARE;
    RETURN NEW;
END
$$
"""
# An employee code never changes.
_HAND_ON = """
CREATE FUNCTION official_hand_keys_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE appointment SET name = NEW.name, pinyin = NEW.pinyin, initials = NEW.initials
     WHERE official_id = NEW.id;
    RETURN NULL;
END
$$
"""
_CHANGED = "(OLD.name, OLD.pinyin, OLD.initials) IS DISTINCT FROM (NEW.name, NEW.pinyin, NEW.initials)"


def upgrade() -> None:
    for key in _KEYS:
        op.add_column("appointment", sa.Column(key, sa.Text(collation="C"), nullable=True))
    values = ", ".join(f"{key} = official.{key}" for key in _KEYS)
    op.execute(f"UPDATE appointment SET {values} FROM official WHERE official.id = appointment.official_id")
    for key in _KEYS:
        op.alter_column("appointment", key, nullable=False)
        op.create_index(f"ix_appointment_department_{key}", "appointment", ["department_id", key, "official_id"])
    op.execute(_TAKE)
    op.execute(_HAND_ON)
    op.execute("CREATE TRIGGER take_keys BEFORE INSERT ON appointment FOR EACH ROW EXECUTE FUNCTION appointment_take_keys()")
    op.execute(
        "CREATE TRIGGER hand_keys_on AFTER UPDATE ON official FOR EACH ROW"
        f" WHEN ({_CHANGED}) EXECUTE FUNCTION official_hand_keys_on()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER hand_keys_on ON official")
    op.execute("DROP TRIGGER take_keys ON appointment")
    op.execute("DROP FUNCTION official_hand_keys_on()")
    op.execute("DROP FUNCTION appointment_take_keys()")
    for key in _KEYS:
        op.drop_index(f"ix_appointment_department_{key}", "appointment")
        op.drop_column("appointment", key)
