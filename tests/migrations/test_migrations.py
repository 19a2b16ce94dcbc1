"""The migrations: from empty, one head, nothing missing, back and forth, and what the application's role may do afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Column, create_engine, text

from govcloud.app import metadata
from govcloud.audit.protection import ONLY_ADDED_TO
from govcloud.kernel import schema
from govcloud.kernel.database import WINDOW_FUNCTIONS
from govcloud.kernel.privileges import RIGHTS
from govcloud.kernel.provisioning import engine_url, role_of
from tests.factories import databases

RECORD = (*ONLY_ADDED_TO, "audit_personal")
MIGRATOR = "import sys; from govcloud.kernel import schema; schema.upgrade(sys.argv[1], sys.argv[2])"
#: Columns, constraints and indexes as the server itself writes them: Alembic compares neither checks nor exclusions.
DESCRIPTION = """
SELECT 'column', table_name, column_name, concat_ws(' ', data_type, udt_name, is_nullable, column_default, is_identity)
  FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
  FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version' AND contype NOT IN ('n', 't')
UNION ALL SELECT 'index', tablename, indexname, indexdef
  FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL SELECT 'sequence', sequencename, data_type::text, concat_ws(' ', start_value, increment_by)
  FROM pg_sequences WHERE schemaname = 'public'
"""

HELD_COLUMNS = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   AND has_column_privilege(%s, c.oid, a.attnum, 'UPDATE')
"""
HELD_TABLES = """
SELECT c.relname, right_name FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS right_name
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND has_table_privilege(%s, c.oid, right_name)
"""


def empty_database() -> AbstractContextManager[str]:
    """Give the name of an empty database."""
    return databases.clone("template0", "empty")


@pytest.fixture
def empty() -> Iterator[str]:
    with empty_database() as name:
        yield name


@pytest.fixture
def app_role() -> str:
    return role_of(databases.server().app_url)


def upgrade(name: str) -> None:
    schema.upgrade(databases.owner_url(name), role_of(databases.server().app_url))


def description(url: str) -> set[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return set(connection.execute(DESCRIPTION.encode()).fetchall())


def run(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def test_there_is_one_head() -> None:
    assert schema.head_revision()


def test_from_empty_to_head_leaves_nothing_for_autogeneration(empty: str, app_role: str) -> None:
    assert schema.current_revision(databases.owner_url(empty)) is None
    upgrade(empty)
    assert schema.current_revision(databases.app_url(empty)) == schema.head_revision()
    schema.check(databases.owner_url(empty), app_role)


def test_the_migrations_make_what_the_models_say(empty: str) -> None:
    upgrade(empty)
    with empty_database() as other:
        engine = create_engine(engine_url(databases.owner_url(other)))
        with engine.begin() as connection:
            for function in WINDOW_FUNCTIONS:
                connection.execute(text(function))
            metadata().create_all(connection)
        engine.dispose()
        migrated, modelled = description(databases.owner_url(empty)), description(databases.owner_url(other))
    assert sorted(modelled - migrated) == []
    assert sorted(migrated - modelled) == []


def test_down_to_empty_and_up_again(empty: str, app_role: str) -> None:
    upgrade(empty)
    before = description(databases.owner_url(empty))
    schema.downgrade(databases.owner_url(empty), app_role, "base")
    assert description(databases.owner_url(empty)) == set()
    with psycopg.connect(databases.owner_url(empty)) as connection:
        left = connection.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace").fetchall()
        left += connection.execute("SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'r'").fetchall()
    assert left == []
    upgrade(empty)
    assert description(databases.owner_url(empty)) == before


def test_two_migrators_at_once_do_the_work_once(empty: str, app_role: str) -> None:
    with psycopg.connect(databases.owner_url(empty)) as holder:
        # Whoever holds the lock makes others wait before they look at what there is to do.
        holder.execute("SELECT pg_advisory_lock(%s)", (0x676F7663_6C6F7564,))
        other = subprocess.Popen([sys.executable, "-c", MIGRATOR, databases.owner_url(empty), app_role])
        while holder.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone() != (1,):
            assert other.poll() is None
            time.sleep(0.1)
        assert schema.current_revision(databases.owner_url(empty)) is None
    upgrade(empty)
    assert other.wait() == 0
    assert schema.current_revision(databases.owner_url(empty)) == schema.head_revision()


def test_a_revision_from_the_future_is_named(empty: str) -> None:
    upgrade(empty)
    run(databases.owner_url(empty), "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(schema.SchemaError, match="9999"):
        upgrade(empty)


@pytest.fixture
def migrated(template_database: str) -> Iterator[str]:
    with databases.clone(template_database) as name:
        yield name


@pytest.mark.parametrize("table", RECORD)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_cannot_change_the_record(migrated: str, table: str, change: str) -> None:
    column = {"audit_event": "name", "audit_personal": "value", "audit_checkpoint": "root", "audit_node": "hash"}.get(table, "leaf_hash")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        run(databases.app_url(migrated), change.format(table, column, column))


@pytest.mark.parametrize("table", RECORD)
def test_triggers_stop_the_owner_as_well(migrated: str, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="is only added to"):
        run(databases.owner_url(migrated), f"TRUNCATE {table} CASCADE")


def test_the_application_adds_to_the_record_and_works_elsewhere(migrated: str) -> None:
    with psycopg.connect(databases.app_url(migrated)) as connection:
        connection.execute("INSERT INTO department VALUES (gen_random_uuid(), '11330000MB1234567X', now())")
        connection.execute("UPDATE department_version SET valid_to = now()")
        connection.execute("SELECT nextval('access_request_number')")
        connection.execute("SELECT * FROM alembic_version")


def test_every_table_says_what_the_application_may_do() -> None:
    tables = {table.name: {column.name for column in table.columns} for table in metadata().sorted_tables}
    assert set(RIGHTS) - {"alembic_version"} == set(tables)
    assert {f"{table}.{column}" for table, rights in RIGHTS.items() for column in rights.update if column not in tables[table]} == set()
    assert {table for table, rights in RIGHTS.items() if set(rights.update) & {column.name for column in _primary_key(table)}} == set()


def _primary_key(table: str) -> Iterable[Column[object]]:
    return metadata().tables[table].primary_key.columns if table in metadata().tables else ()


def test_the_application_may_do_what_its_rights_say_and_nothing_else(migrated: str, app_role: str) -> None:
    with psycopg.connect(databases.owner_url(migrated)) as connection:
        columns = connection.execute(HELD_COLUMNS, (app_role,)).fetchall()
        tables = connection.execute(HELD_TABLES, (app_role,)).fetchall()
    assert {(table, column) for table, column in columns} == {
        (table, column) for table, rights in RIGHTS.items() for column in rights.update
    }
    wanted = {(table, "SELECT") for table in RIGHTS}
    wanted |= {(table, "INSERT") for table, rights in RIGHTS.items() if rights.insert}
    wanted |= {(table, "DELETE") for table, rights in RIGHTS.items() if rights.delete}
    assert set(tables) == wanted


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decision SET outcome = 'rejected'",
        "DELETE FROM decision",
        "UPDATE policy_version SET document = ''",
        "DELETE FROM epoch_change",
        "UPDATE access_grant SET ends_at = ends_at + interval '1 year'",
        "UPDATE role_assignment SET role_code = 'system_admin'",
        "DELETE FROM signing_key",
        "UPDATE signing_key SET retired_at = NULL",
        "UPDATE client SET public = true, secret_digest = NULL",
        "SELECT setval('access_request_number', 1)",
    ],
)
def test_the_application_cannot_rewrite_what_happened(migrated: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(databases.app_url(migrated), statement)


def test_an_upgrade_mends_rights_that_were_changed_by_hand(migrated: str, app_role: str) -> None:
    run(
        databases.owner_url(migrated),
        f"GRANT DELETE, UPDATE (outcome) ON decision TO {app_role}; REVOKE SELECT ON official FROM {app_role}",
    )
    upgrade(migrated)
    run(databases.app_url(migrated), "SELECT * FROM official")
    for statement in ("DELETE FROM decision", "UPDATE decision SET outcome = outcome"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run(databases.app_url(migrated), statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (word text)",
        "DROP TABLE department",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "TRUNCATE department CASCADE",
        "UPDATE alembic_version SET version_num = '0'",
        "GRANT UPDATE ON audit_event TO CURRENT_USER",
        "SET session_replication_role = replica",
        "DROP TRIGGER refuse_change ON audit_event",
    ],
)
def test_the_application_may_not(migrated: str, statement: str) -> None:
    if statement.startswith("GRANT"):
        # PostgreSQL answers a GRANT without the right to grant by a warning; what counts is that nothing was granted.
        run(databases.app_url(migrated), statement)
        statement = "UPDATE audit_event SET name = name"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(databases.app_url(migrated), statement)


def test_a_table_that_says_nothing_of_rights_is_closed_to_the_application(migrated: str) -> None:
    run(databases.owner_url(migrated), "CREATE TABLE later (word text)")
    upgrade(migrated)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(databases.app_url(migrated), "SELECT * FROM later")


def test_the_migrations_follow_one_another() -> None:
    files = sorted(Path(schema.migrations_folder() / "versions").glob("*.py"))
    assert [file.name[:4] for file in files] == [f"{number:04d}" for number in range(1, len(files) + 1)]
