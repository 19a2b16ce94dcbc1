"""Prepared statements do what SQLAlchemy's own do, and single reads run on connections that cannot write."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import QueuePool, bindparam, event, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, InternalError, OperationalError

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.database import db, looking_on
from govcloud.kernel.errors import Denied
from govcloud.kernel.ids import new_id
from govcloud.kernel.looking import Looking, streaming
from govcloud.kernel.prepared import Look, Prepared, driver_of
from govcloud.services import Services
from govcloud.signon.models import IssuedToken
from govcloud.subsystems.models import Client, Subsystem
from tests.factories import databases
from tests.factories.world import World

COMMAND = "govcloud:token:issue"
CLIENT = Actor.subsystem("housing-web", "housing")
TARGET = Target("client", "housing-web")
OF_CLIENT = Look(select(Client.id, Client.settings, Client.roles, Client.secret_digest).where(Client.client_id == bindparam("client")))
COUNT = Look(select(func.count().label("found")).select_from(IssuedToken).where(IssuedToken.family_id == bindparam("family")))
COLUMNS = ("jti", "family_id", "client_id", "scope", "audience", "confirmation", "issued_at", "expires_at")
KEEP = Prepared(insert(IssuedToken.__table__), COLUMNS)  # type: ignore[arg-type]  # a Table, as it always is
END = Prepared(
    update(IssuedToken).where(IssuedToken.jti == bindparam("token")).values(revoked_at=bindparam("now")).returning(IssuedToken.jti)
)


@pytest.fixture
def client_id(services: Services, world: World) -> str:
    return next(
        client.client_id for subsystem in services.subsystem_queries.all() for client in services.subsystem_queries.clients_of(subsystem.id)
    )


def keep(services: Services, client_id: str, family: UUID) -> UUID:
    """Write a token by a prepared statement, and say which."""
    jti = new_id()
    with services.uow.begin(CLIENT, COMMAND, TARGET) as tx:
        tx.run(
            KEEP,
            jti=jti,
            family_id=family,
            client_id=client_id,
            scope="openid",
            audience=["a", "b"],
            confirmation=None,
            issued_at=tx.now,
            expires_at=tx.now,
        )
        assert services.uow.look(COUNT, family=family)[0].found == 1  # what the transaction has written is seen within it
        db.session.remove()
    return jti


def test_rows_are_those_of_the_session(services: Services, client_id: str) -> None:
    row = services.uow.look(OF_CLIENT, client=client_id)[0]
    columns = (Client.id, Client.settings, Client.roles, Client.secret_digest)
    same = services.uow.read().execute(select(*columns).where(Client.client_id == client_id)).one()
    assert tuple(row) == tuple(same)
    assert (row.id, row.settings) == (same.id, same.settings)
    assert services.uow.look(OF_CLIENT, client="nobody") == []


def test_values_are_written_as_the_session_writes_them(services: Services, client_id: str) -> None:
    family = new_id()
    jti = keep(services, client_id, family)
    with services.uow.begin(CLIENT, COMMAND, TARGET) as tx:
        values = dict.fromkeys(COLUMNS) | {"jti": new_id(), "family_id": family, "client_id": client_id, "scope": "openid"}
        values |= {"audience": ["a", "b"], "issued_at": tx.now, "expires_at": tx.now}
        tx.session.execute(insert(IssuedToken), values)
    raw = text("SELECT audience, confirmation::text, scope, participant_id FROM issued_token WHERE family_id = :family")
    ours, theirs = services.uow.read().execute(raw, {"family": family}).all()
    assert ours == theirs
    with services.uow.begin(CLIENT, COMMAND, TARGET) as tx:
        assert [row.jti for row in tx.run(END, token=jti, now=tx.now)] == [jti]


def test_what_objects_have_to_write_comes_before(services: Services, world: World, client_id: str) -> None:
    with services.uow.begin(CLIENT, COMMAND, TARGET) as tx:
        family = new_id()
        common = {"client_id": client_id, "scope": "openid", "audience": [], "issued_at": tx.now, "expires_at": tx.now}
        tx.session.add(IssuedToken(jti=new_id(), family_id=family, **common))
        assert tx.run(COUNT, family=family)[0].found == 1


def test_a_failure_is_sqlalchemys_and_names_no_value(services: Services, world: World) -> None:
    with pytest.raises(IntegrityError) as refused:
        keep(services, "secret-name-of-nobody", new_id())
    assert "secret-name-of-nobody" not in str(refused.value)
    assert "fk_issued_token_client_id" in str(refused.value)


def test_listeners_of_the_engine_hear_of_every_statement(app: Flask, services: Services, client_id: str) -> None:
    heard: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        services.uow.look(OF_CLIENT, client=client_id)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(heard) == 1


def test_a_single_read_leaves_nothing_open_and_cannot_write(app: Flask, services: Services, world: World) -> None:
    look = Look(select(Subsystem.id))
    with Looking(db.engine)() as connection:
        assert look.run(connection, {})
        driver = driver_of(connection)
        assert driver.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        with pytest.raises(InternalError, match="read-only"):
            Prepared(update(Subsystem).values(name="x")).run(connection, {})
        assert look.run(connection, {})


def test_a_single_read_uses_the_connection_that_the_request_holds(services: Services, client_id: str) -> None:
    pid = Look(select(func.pg_backend_pid().label("pid")))
    held = services.uow.read().scalar(text("SELECT pg_backend_pid()"))
    assert services.uow.look(pid)[0].pid == held
    db.session.remove()
    pool = looking_on(db.engine).engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0, "both took from the pool of readers, and gave back"


def test_what_is_prepared_on_a_reader_outlives_the_page_that_read(services: Services, client_id: str) -> None:
    prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%client.settings, client.roles%'")
    services.uow.look(OF_CLIENT, client=client_id)
    for _ in range(2):
        assert services.uow.read().scalar(prepared) == 1
        db.session.remove()


def test_what_commands_prepare_outlives_the_pages_between_them(services: Services, world: World) -> None:
    prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM subsystem%'")
    look = Look(select(Subsystem.id).where(Subsystem.code == bindparam("code")))
    for _ in range(2):
        with services.uow.begin(CLIENT, COMMAND, TARGET) as tx:
            tx.run(look, code="housing")
            assert tx.session.scalar(prepared) == 1
        services.uow.read().scalar(select(1))
        db.session.remove()


def test_rows_in_pieces_come_within_a_transaction_that_ends_with_them(services: Services, world: World) -> None:
    session = services.uow.read()
    with streaming(session):
        query = select(Subsystem.code).order_by(Subsystem.code).execution_options(yield_per=1)
        assert len(session.scalars(query).all()) > 1
        assert driver_of(session.connection()).info.transaction_status is not psycopg.pq.TransactionStatus.IDLE
    assert driver_of(session.connection()).info.transaction_status is psycopg.pq.TransactionStatus.IDLE


def test_a_connection_that_was_cut_is_replaced(services: Services, client_id: str) -> None:
    pid = Look(select(func.pg_backend_pid().label("pid")))
    db.session.remove()
    first = services.uow.look(pid)[0].pid
    with psycopg.connect(databases.server().superuser_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 10000)", (first,))
    assert services.uow.look(pid)[0].pid != first


def test_a_connection_that_is_cut_in_a_read_is_told_as_the_database_being_away(services: Services, world: World) -> None:
    db.session.remove()
    with pytest.raises(OperationalError):
        services.uow.look(Look(select(func.pg_terminate_backend(func.pg_backend_pid()).label("done"))))
    assert services.uow.look(Look(select(Subsystem.id)))


def test_a_refusal_is_written_where_it_is_committed(services: Services, world: World) -> None:
    """What is remembered after a rollback has a transaction of its own, and prepared statements run in that one."""
    with pytest.raises(Denied), services.uow.begin(world.wang.actor(), COMMAND, TARGET):
        raise AssertionError("may not be reached")
    refused = text("SELECT count(*) FROM audit_event WHERE name = 'kernel:command:refused'")
    assert services.uow.read().scalar(refused) == 1
