"""What the database refuses: to the application's role by its rights, to the owner and to superusers by triggers."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from govcloud.audit.protection import GUARDS, ONLY_ADDED_TO, PROTECT, UNPROTECT
from govcloud.kernel.privileges import grant_rights
from tests.commands.audit.conftest import Record

RECORD = (*ONLY_ADDED_TO, "audit_personal")
A_COLUMN = {
    "audit_event": "name",
    "audit_personal": "value",
    "audit_sequence": "leaf_hash",
    "audit_node": "hash",
    "audit_checkpoint": "root",
}
TRIGGERS = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"


@pytest.fixture
def sealed(record: Record) -> Record:
    record.write(4, chain="QX1")
    record.seal()
    record.write(1)
    return record


@pytest.fixture
def app_role(record: Record) -> str:
    """Return a role with the rights that the application's role gets; it goes with the test's transaction."""
    role = f"app_{uuid4().hex[:12]}"
    record.run(f"CREATE ROLE {role}")
    with record.open() as session:
        grant_rights(session.connection(), role)
        session.commit()
    return role


def refused(record: Record, statement: str, *settings: str) -> str:
    """Run ``statement`` under ``settings`` and return PostgreSQL's reason for refusing it."""
    with record.open() as session:
        for setting in settings:
            session.execute(text(setting))
        with pytest.raises(ProgrammingError) as caught:
            session.execute(text(statement))
        session.rollback()
    assert getattr(caught.value.orig, "sqlstate", None) == "42501"
    return str(caught.value.orig)


@pytest.mark.parametrize("table", RECORD)
def test_the_application_may_not_change_the_record(sealed: Record, app_role: str, table: str) -> None:
    update = f"UPDATE {table} SET {A_COLUMN[table]} = {A_COLUMN[table]}"
    for statement in (update, f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        assert "permission denied" in refused(sealed, statement, f"SET LOCAL ROLE {app_role}")


@pytest.mark.parametrize("table", RECORD)
@pytest.mark.parametrize("part", ["origin", "replica"])
def test_not_even_a_superuser_changes_the_record_by_mistake(sealed: Record, table: str, part: str) -> None:
    setting = f"SET LOCAL session_replication_role = {part}"
    update = f"UPDATE {table} SET {A_COLUMN[table]} = {A_COLUMN[table]}"
    assert f"{table} is only added to: UPDATE is refused" in refused(sealed, update, setting)
    assert "is only added to: TRUNCATE is refused" in refused(sealed, f"TRUNCATE {table} CASCADE", setting)
    if table != "audit_personal":
        assert f"{table} is only added to: DELETE is refused" in refused(sealed, f"DELETE FROM {table}", setting)


def test_an_upsert_is_a_change(sealed: Record) -> None:
    upsert = "INSERT INTO audit_checkpoint SELECT * FROM audit_checkpoint ON CONFLICT (size) DO UPDATE SET root = excluded.root"
    assert "UPDATE is refused" in refused(sealed, upsert)


def test_the_application_writes_reads_and_seals(record: Record, app_role: str) -> None:
    record.run(f"SET LOCAL ROLE {app_role}")
    record.write(4, chain="QX1")
    record.seal()
    assert record.verify().events == 4
    assert record.run("SELECT current_user", "SELECT 1 FROM audit_personal") == [1, 12]
    record.run("RESET ROLE")
    assert record.verify().holds


SOME_EVENT = "(SELECT event_id FROM audit_pending)"
ITS_LEAF = f"(SELECT leaf_hash FROM audit_event WHERE id = {SOME_EVENT})"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (f"INSERT INTO audit_sequence VALUES (1000000, {SOME_EVENT}, {ITS_LEAF})", "the next place in the sequence is 4, not 1000000"),
        (f"INSERT INTO audit_sequence VALUES (4, {SOME_EVENT}, sha256('x'))", "another leaf hash than its event"),
        ("INSERT INTO audit_node VALUES (1, 500, sha256('x'))", "is not the hash of the two below it"),
        ("INSERT INTO audit_node VALUES (1, 2, sha256('x'))", "is not the hash of the two below it"),
        ("INSERT INTO audit_checkpoint VALUES (1000000, sha256('x'), now())", "a checkpoint over 1000000 events, of which there are 4"),
    ],
)
def test_the_application_adds_nothing_that_does_not_continue_the_tree(sealed: Record, app_role: str, statement: str, reason: str) -> None:
    with sealed.open() as session:
        session.execute(text(f"SET LOCAL ROLE {app_role}"))
        with pytest.raises(IntegrityError, match=reason):
            session.execute(text(statement))
        session.rollback()
    sealed.seal()
    assert sealed.verify().holds


def test_a_place_comes_with_the_nodes_that_it_completes(shared_record: Record) -> None:
    record = shared_record
    record.write(1)
    record.seal()
    record.write(1)
    with pytest.raises(IntegrityError, match="place 1 comes without the nodes that it completes"):
        record.run(f"INSERT INTO audit_sequence VALUES (1, {SOME_EVENT}, {ITS_LEAF})")
    record.seal()
    assert record.verify().holds


def test_a_personal_value_is_erased_by_the_owner_only(sealed: Record) -> None:
    other = f"other_{uuid4().hex[:12]}"
    sealed.run(f"CREATE ROLE {other} SUPERUSER")
    assert "is erased by its owner only" in refused(sealed, "DELETE FROM audit_personal", f"SET LOCAL ROLE {other}")
    assert sealed.run("DELETE FROM audit_personal WHERE field = 'data.phone'") == [5]


def test_the_way_back_takes_all_of_it_away(record: Record) -> None:
    record.run(*UNPROTECT)
    assert triggers(record) == 0
    record.run(*PROTECT)
    assert triggers(record) == len(GUARDS)


def triggers(record: Record) -> int:
    with record.open() as session:
        return int(session.execute(text(TRIGGERS)).scalar_one())
