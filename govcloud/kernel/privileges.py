"""What the application's database role may do, table by table: the one place from which rights are granted.

A fact that is only added to can be read and added; a fact with an end can have that end written, and nothing else; rows are
deleted only where the code forgets on purpose. Rights are granted anew at the end of every ``govcloud db upgrade``, from this
table as far as the database has the tables and columns yet, so a migration that makes a table or a column adds its line
here and grants nothing itself. A table without a line is closed to the application, and a test names it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql
from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Rights:
    """What may be done beside reading: add rows, change these columns, delete rows."""

    insert: bool = True
    update: tuple[str, ...] = ()
    delete: bool = False


ONLY_READ = Rights(insert=False)
ONLY_ADDED_TO = Rights()
CLOSED = Rights(update=("valid_to",))
"""A fact with a window: it is closed, never overwritten."""

RIGHTS: Mapping[str, Rights] = {
    # The record; triggers hold the same against the owner (audit/protection.py).
    "audit_event": ONLY_ADDED_TO,
    "audit_personal": ONLY_ADDED_TO,
    "audit_sequence": ONLY_ADDED_TO,
    "audit_node": ONLY_ADDED_TO,
    "audit_checkpoint": ONLY_ADDED_TO,
    "audit_pending": Rights(delete=True),
    "outbox_message": Rights(update=("attempts", "available_at", "delivered_at", "abandoned_at", "last_error")),
    # The kernel
    # A key is ended by adding its end, so what ended stays ended.
    "signing_key": ONLY_ADDED_TO,
    "signing_key_end": ONLY_ADDED_TO,
    # Identity
    "division": CLOSED,
    # Locked by whoever places people there or dissolves it, like a person's row below.
    "department": Rights(update=("created_at",)),
    "department_succession": ONLY_ADDED_TO,
    "department_version": CLOSED,
    "office": CLOSED,
    # Commands on one person wait for each other at this row, and locking a row takes the right to change some column of it.
    "official": Rights(update=("name", "pinyin", "initials", "id_number_sealed", "id_number_digest", "phone_sealed")),
    "official_version": CLOSED,
    # The last three are search keys of the person; a trigger hands them on when the name changes, in the right of who changes it.
    "appointment": Rights(update=("valid_to", "handover_from", "end_noted_at", "name", "pinyin", "initials")),
    "personnel_change": Rights(
        update=("before", "appointment_id", "settled_at", "cancelled_at", "undone_at", "superseded_by"),
    ),
    # The answer is written in the transaction that takes the event's id.
    "personnel_event": Rights(update=("answer",)),
    "account": ONLY_ADDED_TO,
    # A run moves on with each of its commands; an upload and the findings of a check go when nothing more is read of them.
    "import_run": Rights(
        update=("state", "lines_done", "lines_total", "summary", "allow_vanish", "error", "actor", "updated_at", "finished_at")
    ),
    "import_chunk": Rights(delete=True),
    "import_finding": Rights(delete=True),
    "import_member": Rights(update=("source", "run_id")),
    # Subsystems
    # What a subsystem is called and where it is reached changes in place, each time with an event that says from what to what.
    "subsystem": Rights(
        update=(
            "status",
            "owner_department_id",
            "name",
            "integration_level",
            "launch_url",
            "webhook_url",
            "description",
            "search_text",
            "search_grams",
        ),
    ),
    "subsystem_step": ONLY_ADDED_TO,
    "subsystem_function": CLOSED,
    "subsystem_function_version": CLOSED,
    "function_basis": CLOSED,
    "catalogue_item": CLOSED,
    "catalogue_item_version": Rights(update=("valid_to", "owner_department_id")),
    "client": Rights(update=("name", "auth_method", "settings", "secret_digest", "roles", "disabled_at")),
    "client_redirect": Rights(update=("removed_at",)),
    "power_item": Rights(update=("valid_to", "department_id", "ended_edition_id")),
    # The name follows the list.
    "service_item_key": Rights(update=("name", "search_text", "search_grams")),
    "service_item": Rights(update=("valid_to", "department_id", "power_item_id", "ended_edition_id")),
    "power_item_version": CLOSED,
    "service_item_version": CLOSED,
    # The counts of a long list grow with each part that is written.
    "list_edition": Rights(update=("added", "changed", "unchanged", "withdrawn")),
    "list_upload": Rights(update=("state", "edition_id")),
    "list_piece": Rights(delete=True),
    "matter": CLOSED,
    "matter_version": Rights(update=("valid_to", "lead_department_id")),
    "matter_item": ONLY_ADDED_TO,
    # Authorization
    "role": CLOSED,
    "role_link": CLOSED,
    "policy_rule": CLOSED,
    "policy_version": ONLY_ADDED_TO,
    # A draft changes until it is applied; a review never does. What a text would change is worked out anew with each text.
    "policy_draft": Rights(
        update=("title", "reason", "base_number", "source", "document", "checksum", "revision", "state", "tests", "updated_at")
    ),
    "policy_review": ONLY_ADDED_TO,
    "policy_impact": Rights(
        update=("state", "at", "done", "total", "grouped_by", "summary", "digest", "error", "updated_at", "finished_at"), delete=True
    ),
    "policy_impact_place": Rights(delete=True),
    "policy_impact_group": Rights(delete=True),
    "policy_impact_member": Rights(delete=True),
    "policy_shadow": Rights(update=("ended_at", "checked", "different", "dropped")),
    "policy_shadow_difference": Rights(update=("times", "last_at")),
    "policy_shadow_sample": Rights(update=("at", "official_id", "appointment_id", "function", "division", "live", "shadow")),
    "role_assignment": Rights(update=("valid_to", "ended_with", "planned_end")),
    "duty_rule": CLOSED,
    "role_ceiling": CLOSED,
    "access_grant": Rights(update=("line_id", "valid_to", "closed_by", "close_reason", "owner_department_id")),
    "grant_suspension": CLOSED,
    "epoch_change": ONLY_ADDED_TO,
    # Separation of duty: a rule is closed by its next version; of a draft only what became of it is written.
    "sod_rule": CLOSED,
    "sod_draft": Rights(update=("state", "decided_by", "decided_at")),
    "sod_exception": CLOSED,
    "sod_violation": CLOSED,
    "sod_use": Rights(delete=True),
    # Kept for a while, then purged.
    "decision_log": Rights(delete=True),
    "decision_log_gap": Rights(delete=True),
    # Sign-on; what has run out is purged
    "credential": Rights(update=("secret_hash", "last_step", "replaced_at")),
    "recovery_code": Rights(update=("used_at", "replaced_at")),
    "signon_policy": CLOSED,
    "activation_code": Rights(update=("used_at", "replaced_at")),
    "session": Rights(
        update=(
            "appointment_id",
            "appointment_until",
            "token_digest",
            "auth_time",
            "amr",
            "second_factor_at",
            "last_seen_at",
            "expires_at",
            "ended_at",
            "end_reason",
        )
    ),
    "participant": Rights(update=("source_address", "ended_at")),
    "ticket": Rights(update=("redeemed_at",), delete=True),
    "proxy_grant": Rights(update=("ended_at",), delete=True),
    "issued_token": Rights(update=("revoked_at",), delete=True),
    "refresh_token": Rights(update=("used_at", "revoked_at"), delete=True),
    "device_authorization": Rights(
        update=("polled_at", "interval_seconds", "participant_id", "decision", "decided_at", "redeemed_at"), delete=True
    ),
    "pushed_request": Rights(update=("used_at",), delete=True),
    "shown_proof": Rights(update=("expires_at",), delete=True),
    "logout_notice": Rights(update=("acknowledged_at", "answer", "given_up_at")),
    "launcher_favourite": Rights(delete=True),
    "sign_in_attempt": Rights(update=("outcome", "locked_until"), delete=True),
    # Access
    "access_request": Rights(update=("requester_appointment_id", "beneficiary_appointment_id", "reason", "case_number")),
    # The last four are what a correction changes (access/returning.py).
    "request_line": Rights(
        update=(
            "owner_path",
            "owner_department_id",
            "state",
            "version",
            "escalation",
            "remind_at",
            "deputy_at",
            "superior_at",
            "due_at",
            "acts_at",
            "paused_at",
            "counted_from",
            "waited_seconds",
            "closed_at",
            "round",
            "item_version",
            "requested_scope",
            "requested_days",
            "held_scope",
            "held_days",
        )
    ),
    "decision": ONLY_ADDED_TO,
    # Deciding
    "decision_task": Rights(update=("path", "asked_path", "state", "claimed_by", "claimed_at", "closed_at")),
    "line_return": ONLY_ADDED_TO,
    "line_comment": ONLY_ADDED_TO,
    "delegation": Rights(update=("ended_at",)),
    "approval_rule": Rights(update=("ended_at",)),
    # A basket is its owner's alone, and what was asked for leaves it.
    "access_basket_item": Rights(update=("scope", "days"), delete=True),
    "request_attachment": ONLY_ADDED_TO,
    # Kept for a while, then purged.
    "answered_call": Rights(update=("status", "answer", "location"), delete=True),
    "decision_receipt": ONLY_ADDED_TO,
    "receipt_signature": ONLY_ADDED_TO,
    # Clocks and notices: a merger hands a department's waiting on; a notice is read, an address confirmed and ended.
    "clock_policy": CLOSED,
    "calendar_day": CLOSED,
    "line_wait": Rights(update=("department_id",)),
    "notice": Rights(update=("read_at",), delete=True),
    "notice_setting": Rights(update=("mailed", "language", "updated_at")),
    "notice_address": Rights(update=("code_sealed", "tries", "confirmed_at", "ended_at")),
    "notice_mark": Rights(update=("until",)),
    # An order to end many grants moves on with each part of it.
    "revocation": Rights(update=("done", "finished_at")),
    "revoke_ack": ONLY_ADDED_TO,
    # Alembic's own
    "alembic_version": ONLY_READ,
}

SEQUENCES = ("access_request_number",)
"""Counters that the application draws from; those behind identity columns need no right of their own."""

HELD = """
SELECT c.relname::text, r.name
  FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'DELETE', 'TRUNCATE']) AS r (name)
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND has_table_privilege(c.oid, r.name)
UNION ALL SELECT c.relname::text, format('UPDATE (%I)', a.attname)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND has_column_privilege(c.oid, a.attnum, 'UPDATE')
"""
"""Selects (table, right) of everything that the current role may do with tables, in the words of ``declared``."""

_COLUMNS = text("SELECT table_name, array_agg(column_name::text) FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1")
_COUNTERS = text("SELECT sequencename::text FROM pg_sequences WHERE schemaname = 'public'")


def declared() -> set[tuple[str, str]]:
    """Return every right of the application as (table, right), where the right to change names its column."""
    return {
        (table, right)
        for table, rights in RIGHTS.items()
        for right in (
            "SELECT",
            *(["INSERT"] if rights.insert else []),
            *(f"UPDATE ({column})" for column in rights.update),
            *(["DELETE"] if rights.delete else []),
        )
    }


def grant_rights(connection: Connection, role: str) -> None:
    """Give ``role`` exactly its rights on what the database holds now; run as the owner of the tables."""
    tables = {name: frozenset(columns) for name, columns in connection.execute(_COLUMNS)}
    sequences = set(connection.scalars(_COUNTERS))
    for statement in statements(role, tables, sequences):
        connection.execute(text(statement))


def statements(role: str, tables: Mapping[str, Collection[str]], sequences: Collection[str]) -> Iterator[str]:
    """Give the statements that bring the rights of ``role`` to what stands here; ``tables`` are those at hand, with their columns."""
    name = sql.Identifier(role).as_string()
    yield f"GRANT USAGE ON SCHEMA public TO {name}"
    for table, rights in RIGHTS.items():
        if table not in tables:
            continue
        # Taking a right on the table takes it on every column as well.
        yield f"REVOKE ALL ON {table} FROM {name}"
        yield f"GRANT {', '.join(_granted(rights, tables[table]))} ON {table} TO {name}"
    for sequence in SEQUENCES:
        if sequence in sequences:
            yield f"GRANT USAGE ON SEQUENCE {sequence} TO {name}"


def _granted(rights: Rights, columns: Collection[str]) -> Iterator[str]:
    yield "SELECT"
    if rights.insert:
        yield "INSERT"
    # A later migration's column is not there yet while an earlier one is at work.
    if changed := [column for column in rights.update if column in columns]:
        yield f"UPDATE ({', '.join(changed)})"
    if rights.delete:
        yield "DELETE"
