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
        "DELETE FROM signing_key_end",
        "UPDATE signing_key_end SET at = now()",
        "UPDATE signing_key SET signs_from = now()",
        "UPDATE client SET protocol = 'cas'",
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


#: Two stays of one base code and a service item, as they stood before the lists had versions.
LISTS_BEFORE = """
INSERT INTO department VALUES ('00000000-0000-7000-8000-000000000001', '11330000MB1234567X', '2026-01-01Z');
INSERT INTO power_item (id, code, name, kind, department_id, valid_from, valid_to) VALUES
  ('00000000-0000-7000-8000-000000000002', '330530001000', '旧名称', '05', '00000000-0000-7000-8000-000000000001',
   '2026-01-01Z', '2026-02-01Z'),
  ('00000000-0000-7000-8000-000000000003', '330530001000', '租赁补贴', '05', '00000000-0000-7000-8000-000000000001', '2026-03-01Z', NULL);
INSERT INTO service_item (id, code, name, power_item_id, department_id, valid_from) VALUES
  ('00000000-0000-7000-8000-000000000004', '11330000MB1234567X2330530001000', '补贴申领', '00000000-0000-7000-8000-000000000003',
   '00000000-0000-7000-8000-000000000001', '2026-03-02Z')
"""
LISTS_AFTER = """
SELECT i.id::text, v.version, v.name, v.valid_from = i.valid_from, v.valid_to IS NOT DISTINCT FROM i.valid_to, e.kind, e.number, e.added
  FROM power_item i JOIN power_item_version v ON v.power_item_id = i.id JOIN list_edition e ON e.id = v.edition_id
UNION ALL SELECT i.id::text, v.version, v.name, v.valid_from = i.valid_from, v.valid_to IS NULL, e.kind, e.number, e.added
  FROM service_item i JOIN service_item_version v ON v.service_item_id = i.id JOIN list_edition e ON e.id = v.edition_id ORDER BY 1
"""


def test_what_stood_on_the_lists_becomes_version_one_and_goes_back(empty: str, app_role: str) -> None:
    owner = databases.owner_url(empty)
    schema.upgrade(owner, app_role, "0006")
    run(owner, LISTS_BEFORE)
    schema.upgrade(owner, app_role, "0009")
    with psycopg.connect(owner) as connection:
        found = [(row[0][-1], *row[1:]) for row in connection.execute(LISTS_AFTER.encode()).fetchall()]
    assert found == [
        ("2", 1, "旧名称", True, True, "power", 1, 2),
        ("3", 1, "租赁补贴", True, True, "power", 1, 2),
        ("4", 1, "补贴申领", True, True, "implementation", 1, 1),
    ]
    again = "INSERT INTO service_item (id, code, power_item_id, department_id, valid_from, valid_to) VALUES (gen_random_uuid(),"
    again += (
        " '11330000MB1234567X2330530001000', '00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000001', now(), now())"
    )
    run(owner, again)
    run(
        owner,
        "INSERT INTO service_item_version (id, service_item_id, version, name, edition_id, valid_from, valid_to)"
        " SELECT gen_random_uuid(), s.id, 1, '再次列入', e.id, now(), now() FROM service_item s, list_edition e"
        " WHERE s.valid_to IS NOT NULL AND e.kind = 'implementation'",
    )
    schema.downgrade(owner, app_role, "0006")
    with psycopg.connect(owner) as connection:
        powers = connection.execute("SELECT name, kind FROM power_item ORDER BY id").fetchall()
        services = connection.execute("SELECT name FROM service_item").fetchall()
    assert (powers, services) == ([("旧名称", "05"), ("租赁补贴", "05")], [("再次列入",)])
