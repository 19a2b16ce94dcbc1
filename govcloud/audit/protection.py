"""What the database itself enforces about the record, as SQL that the first migration runs after creating the tables.

Three walls, because each has a way around it: the application's role holds no right to change or delete; triggers refuse it
to every role, the owner included, also under ``session_replication_role = replica``; and whoever drops the triggers is
found by ``govcloud audit verify``. Only the owner may erase a personal value, which breaks no proof.

The first migration runs what stands here, so these statements are frozen with it: a change is a new migration of its own.
"""

from __future__ import annotations

from psycopg import sql

ONLY_ADDED_TO = ("audit_event", "audit_sequence", "audit_node", "audit_checkpoint")

_FUNCTIONS = (
    """
    CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is only added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    CREATE FUNCTION audit_refuse_erasure_by_others() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_user <> (SELECT tableowner FROM pg_tables WHERE schemaname = TG_TABLE_SCHEMA AND tablename = TG_TABLE_NAME) THEN
            RAISE EXCEPTION '% is erased by its owner only, not by %', TG_TABLE_NAME, current_user
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NULL;
    END
    $$
    """,
)


def _trigger(table: str, name: str, events: str, function: str) -> tuple[str, str]:
    """Return the statements of one trigger; a statement's trigger fires even when no row is hit, and on TRUNCATE."""
    return (
        f"CREATE TRIGGER {name} BEFORE {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
        # ALWAYS: a session that plays the part of a replica would skip ordinary triggers.
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    )


PROTECT: tuple[str, ...] = (
    *_FUNCTIONS,
    *(
        statement
        for table in ONLY_ADDED_TO
        for statement in _trigger(table, "refuse_change", "UPDATE OR DELETE OR TRUNCATE", "audit_refuse_change")
    ),
    *_trigger("audit_personal", "refuse_change", "UPDATE OR TRUNCATE", "audit_refuse_change"),
    *_trigger("audit_personal", "refuse_erasure", "DELETE", "audit_refuse_erasure_by_others"),
    *_trigger("audit_pending", "refuse_change", "UPDATE OR TRUNCATE", "audit_refuse_change"),
)
"""Functions and triggers, in order; each is one statement."""

UNPROTECT: tuple[str, ...] = (
    *(f"DROP TRIGGER refuse_change ON {table}" for table in (*ONLY_ADDED_TO, "audit_personal", "audit_pending")),
    "DROP TRIGGER refuse_erasure ON audit_personal",
    "DROP FUNCTION audit_refuse_change()",
    "DROP FUNCTION audit_refuse_erasure_by_others()",
)
"""The way back, for the migration's downgrade."""


def grants(role: str) -> tuple[str, ...]:
    """Return the statements that give ``role``, the application's, its rights on the record: read and add, nothing else."""
    name = sql.Identifier(role).as_string()
    record = ", ".join((*ONLY_ADDED_TO, "audit_personal"))
    return (
        f"REVOKE ALL ON {record}, audit_pending FROM {name}",
        f"GRANT SELECT, INSERT ON {record} TO {name}",
        f"GRANT SELECT, INSERT, DELETE ON audit_pending TO {name}",
    )
