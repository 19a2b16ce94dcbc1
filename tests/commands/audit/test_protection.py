"""What the database refuses: to the application's role by its rights, to the owner and to superusers by triggers."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from govcloud.audit.protection import ONLY_ADDED_TO, PROTECT, UNPROTECT, grants
from tests.commands.audit.conftest import Record

RECORD = (*ONLY_ADDED_TO, "audit_personal")
FIRST_COLUMN = {
    "audit_event": "name",
    "audit_personal": "value",
    "audit_sequence": "leaf_hash",
    "audit_node": "hash",
    "audit_checkpoint": "root",
    "audit_pending": "event_id",
}


@pytest.fixture
def sealed(record: Record) -> Record:
    record.write(4, chain="QX1")
    record.seal()
    record.write(1)
    return record


@pytest.fixture
def app_role(record_engine: Engine) -> Iterator[str]:
    """Return a role with the rights that the application's role gets."""
    role = f"app_{uuid4().hex[:12]}"
    with record_engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {role}"))
        for statement in grants(role):
            connection.execute(text(statement))
    yield role
    with record_engine.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))


def refused(engine: Engine, statement: str, *, role: str | None = None, replica: bool = False) -> str:
    """Run ``statement`` and return PostgreSQL's reason for refusing it."""
    with engine.begin() as connection:
        if role is not None:
            connection.execute(text(f"SET LOCAL ROLE {role}"))
        if replica:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        with pytest.raises(ProgrammingError) as caught:
            connection.execute(text(statement))
        connection.rollback()
    assert caught.value.orig is not None
    assert getattr(caught.value.orig, "sqlstate", None) == "42501"
    return str(caught.value.orig)


@pytest.mark.parametrize("table", RECORD)
def test_the_application_may_not_change_the_record(sealed: Record, app_role: str, table: str) -> None:
    for statement in (
        f"UPDATE {table} SET {FIRST_COLUMN[table]} = {FIRST_COLUMN[table]}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        assert "permission denied" in refused(sealed.engine, statement, role=app_role)


@pytest.mark.parametrize("table", RECORD)
@pytest.mark.parametrize("replica", [False, True])
def test_not_even_a_superuser_changes_the_record_by_mistake(sealed: Record, table: str, *, replica: bool) -> None:
    update = f"UPDATE {table} SET {FIRST_COLUMN[table]} = {FIRST_COLUMN[table]}"
    assert f"{table} is only added to: UPDATE is refused" in refused(sealed.engine, update, replica=replica)
    assert "is only added to: TRUNCATE is refused" in refused(sealed.engine, f"TRUNCATE {table} CASCADE", replica=replica)
    if table != "audit_personal":
        assert f"{table} is only added to: DELETE is refused" in refused(sealed.engine, f"DELETE FROM {table}", replica=replica)


def test_an_upsert_is_a_change(sealed: Record) -> None:
    upsert = "INSERT INTO audit_checkpoint SELECT * FROM audit_checkpoint ON CONFLICT (size) DO UPDATE SET root = excluded.root"
    assert "UPDATE is refused" in refused(sealed.engine, upsert)


def test_the_application_writes_reads_and_seals(sealed: Record, app_role: str) -> None:
    with sealed.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL ROLE {app_role}"))
        connection.execute(
            text(
                "INSERT INTO audit_event SELECT gen_random_uuid(), at, name, actor_kind, actor_id, subject, NULL, NULL, NULL,"
                " canonical, leaf_hash FROM audit_event WHERE chain IS NULL"
            )
        )
        connection.execute(
            text("INSERT INTO audit_pending (event_id) SELECT id FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_pending)")
        )
        assert connection.execute(text("DELETE FROM audit_pending")).rowcount > 0
        connection.execute(text("INSERT INTO audit_sequence SELECT 4, id, leaf_hash FROM audit_event WHERE chain IS NULL LIMIT 1"))
        connection.execute(text("INSERT INTO audit_node VALUES (9, 9, sha256('x'))"))
        connection.execute(text("INSERT INTO audit_checkpoint VALUES (99, sha256('x'), now())"))


def test_a_personal_value_is_erased_by_the_owner_only(sealed: Record) -> None:
    other = f"other_{uuid4().hex[:12]}"
    with sealed.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {other} SUPERUSER"))
    assert "is erased by its owner only" in refused(sealed.engine, "DELETE FROM audit_personal", role=other)
    with sealed.engine.begin() as connection:
        connection.execute(text(f"DROP ROLE {other}"))
        assert connection.execute(text("DELETE FROM audit_personal WHERE field = 'data.phone'")).rowcount == 5


def test_the_way_back_takes_all_of_it_away(record: Record) -> None:
    with record.engine.begin() as connection:
        for statement in UNPROTECT:
            connection.execute(text(statement))
        assert connection.execute(text("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'refuse%'")).scalar() == 0
        for statement in PROTECT:
            connection.execute(text(statement))
        assert connection.execute(text("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'refuse%'")).scalar() == 7
