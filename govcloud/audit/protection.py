"""What the database itself enforces about the record, as SQL that the first migration runs after creating the tables.

Three walls, because each has a way around it: the application's role holds no right to change or delete (kernel/privileges.py);
triggers refuse it to every role, the owner included, also under ``session_replication_role = replica``; and whoever drops or
rewrites the triggers is found by ``govcloud audit verify``, which compares them with what stands here.

Adding is guarded as well, because the application may add: a place, a node or a checkpoint that does not continue the tree is
refused, as otherwise one stray row would stop the sealing of everything after it.

The first migration runs what stands here, so these statements are frozen with it: a change is a new migration of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

ONLY_ADDED_TO = ("audit_event", "audit_sequence", "audit_node", "audit_checkpoint")

# Tables are named with their schema: whoever may make temporary tables could put one in their place.
_FUNCTIONS = {
    "audit_refuse_change": """
    BEGIN
        RAISE EXCEPTION '% is only added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
    END
    """,
    "audit_refuse_erasure_by_others": """
    BEGIN
        IF current_user <> (SELECT tableowner FROM pg_tables WHERE schemaname = TG_TABLE_SCHEMA AND tablename = TG_TABLE_NAME) THEN
            RAISE EXCEPTION '% is erased by its owner only, not by %', TG_TABLE_NAME, current_user
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NULL;
    END
    """,
    "audit_next_place": """
    DECLARE
        next_place bigint := (SELECT coalesce(max(seq) + 1, 0) FROM public.audit_sequence);
    BEGIN
        IF NEW.seq <> next_place THEN
            RAISE EXCEPTION 'the next place in the sequence is %, not %', next_place, NEW.seq USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.leaf_hash IS DISTINCT FROM (SELECT leaf_hash FROM public.audit_event WHERE id = NEW.event_id) THEN
            RAISE EXCEPTION 'place % has another leaf hash than its event', NEW.seq USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END
    """,
    # The highest node that a leaf completes is enough: each node is refused without those below it.
    "audit_nodes_complete": """
    DECLARE
        height int := 0;
    BEGIN
        WHILE (NEW.seq >> height) & 1 = 1 LOOP
            height := height + 1;
        END LOOP;
        IF height > 0 AND NOT EXISTS (SELECT FROM public.audit_node WHERE level = height AND position = NEW.seq >> height) THEN
            RAISE EXCEPTION 'place % comes without the nodes that it completes', NEW.seq USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END
    """,
    "audit_true_node": r"""
    DECLARE
        below bytea := (
            SELECT string_agg(child.hash, ''::bytea ORDER BY child.position) FROM (
                SELECT seq AS position, leaf_hash AS hash FROM public.audit_sequence
                    WHERE NEW.level = 1 AND seq BETWEEN 2 * NEW.position AND 2 * NEW.position + 1
                UNION ALL SELECT position, hash FROM public.audit_node
                    WHERE level = NEW.level - 1 AND position BETWEEN 2 * NEW.position AND 2 * NEW.position + 1
            ) AS child
        );
    BEGIN
        IF length(below) IS DISTINCT FROM 64 OR NEW.hash <> sha256('\x01'::bytea || below) THEN
            RAISE EXCEPTION 'node (%, %) is not the hash of the two below it', NEW.level, NEW.position USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END
    """,
    "audit_within_tree": """
    DECLARE
        places bigint := (SELECT coalesce(max(seq) + 1, 0) FROM public.audit_sequence);
    BEGIN
        IF NEW.size > places THEN
            RAISE EXCEPTION 'a checkpoint over % events, of which there are %', NEW.size, places USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END
    """,
}

_TIMING = {"BEFORE": 2, "AFTER": 0}
_EVENTS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
_EACH_ROW = 1


@dataclass(frozen=True)
class Guard:
    """One trigger: its table, when it fires, and its function; ``deferred`` ones look at what a transaction leaves behind."""

    table: str
    name: str
    events: tuple[str, ...]
    function: str
    each_row: bool = False
    deferred: bool = False

    def statements(self) -> tuple[str, str]:
        """Return the statements that make it; a statement's trigger fires even when no row is hit, and on TRUNCATE."""
        what = f"CREATE CONSTRAINT TRIGGER {self.name} AFTER" if self.deferred else f"CREATE TRIGGER {self.name} BEFORE"
        when = "DEFERRABLE INITIALLY DEFERRED " if self.deferred else ""
        each = "ROW" if self.each_row else "STATEMENT"
        return (
            f"{what} {' OR '.join(self.events)} ON {self.table} {when}FOR EACH {each} EXECUTE FUNCTION {self.function}()",
            # ALWAYS: a session that plays the part of a replica would skip ordinary triggers.
            f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name}",
        )

    @property
    def kind(self) -> int:
        """Return what ``pg_trigger.tgtype`` holds for it."""
        return (
            sum(_EVENTS[event] for event in self.events)
            + _TIMING["AFTER" if self.deferred else "BEFORE"]
            + (_EACH_ROW if self.each_row else 0)
        )


_CHANGE = ("UPDATE", "DELETE", "TRUNCATE")

GUARDS: tuple[Guard, ...] = (
    *(Guard(table, "refuse_change", _CHANGE, "audit_refuse_change") for table in ONLY_ADDED_TO),
    Guard("audit_personal", "refuse_change", ("UPDATE", "TRUNCATE"), "audit_refuse_change"),
    Guard("audit_personal", "refuse_erasure", ("DELETE",), "audit_refuse_erasure_by_others"),
    Guard("audit_pending", "refuse_change", ("UPDATE", "TRUNCATE"), "audit_refuse_change"),
    Guard("audit_sequence", "next_place", ("INSERT",), "audit_next_place", each_row=True),
    Guard("audit_sequence", "nodes_complete", ("INSERT",), "audit_nodes_complete", each_row=True, deferred=True),
    Guard("audit_node", "true_node", ("INSERT",), "audit_true_node", each_row=True),
    Guard("audit_checkpoint", "within_tree", ("INSERT",), "audit_within_tree", each_row=True),
)

PROTECT: tuple[str, ...] = (
    *(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$" for name, body in _FUNCTIONS.items()),
    *(statement for guard in GUARDS for statement in guard.statements()),
)
"""Functions and triggers, in order; each is one statement."""

UNPROTECT: tuple[str, ...] = (
    *(f"DROP TRIGGER {guard.name} ON {guard.table}" for guard in GUARDS),
    *(f"DROP FUNCTION {name}()" for name in _FUNCTIONS),
)
"""The way back, for the migration's downgrade."""

_STANDING = text(
    """
    SELECT r.relname, t.tgname, t.tgtype, t.tgenabled::text, p.proname, p.prosrc, t.tgdeferrable AND t.tginitdeferred
    FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgqual IS NULL AND t.tgattr = '' AND r.relnamespace = 'public'::regnamespace
    """
)
_ALWAYS = "A"


def broken_guards(session: Session) -> Iterator[tuple[str, str]]:
    """Give table and name of every trigger of the record that is gone, switched off, or does something else than it should."""
    standing = {(table, name): tuple(found) for table, name, *found in session.execute(_STANDING)}
    for guard in GUARDS:
        wanted = (guard.kind, _ALWAYS, guard.function, _FUNCTIONS[guard.function], guard.deferred)
        if standing.get((guard.table, guard.name)) != wanted:
            yield guard.table, guard.name
