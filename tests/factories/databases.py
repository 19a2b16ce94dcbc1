"""The PostgreSQL that tests run on, throw-away databases on it, and an authorizer where rights are not the question."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import URL, NullPool, Table, create_engine, make_url, text
from sqlalchemy.orm import DeclarativeBase, Session

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.database import Base
from govcloud.kernel.embedded_postgres import throw_away
from govcloud.kernel.provisioning import engine_url, prepare_database, role_of, with_database


class Everybody:
    """Allows every command."""

    def authorize(self, session: Session, actor: Actor, command: str, target: Target | None, now: datetime) -> None:
        """Refuse nothing."""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL for this process of pytest: a superuser, the two roles of the platform, and their empty database."""

    superuser_url: str
    owner_url: str
    app_url: str


_standing = ExitStack()
#: What the databases of one process of pytest and their log may come to, with room to spare.
_ROOM = 4 * 2**30
#: For how long the last connections to a database that is dropped may take to end before it is dropped in any case.
_PATIENCE_SECONDS = 10


@cache
def server() -> Server:
    """Return the server that tests run on: a throw-away one of our own, or the one whose superuser TEST_POSTGRES_URL names."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        return _standing.enter_context(_roles_on(given))
    addresses = _standing.enter_context(throw_away(_memory()))
    made = Server(addresses.superuser_url, addresses.owner_url, addresses.app_url)
    _sign_in_at_once(made)
    return made


def _sign_in_at_once(made: Server) -> None:
    """Let one round of hashing do for the passwords of a server that lasts minutes: the usual 4096 take 2 ms of each connection."""
    with psycopg.connect(made.superuser_url, autocommit=True) as connection:
        connection.execute("SET scram_iterations = 1")
        for url in map(make_url, (made.superuser_url, made.owner_url, made.app_url)):
            role, password = (url.username or "").encode(), (url.password or "").encode()
            secret = connection.pgconn.encrypt_password(password, role, b"scram-sha-256").decode("ascii")
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role.decode()), sql.Literal(secret)))


def _memory() -> Path | None:
    """Return a file system in memory with room to spare, if there is one: copies of databases cost a fifth of the system's time there."""
    place = Path("/dev/shm")  # noqa: S108 - a directory of an unforeseeable name is made in it
    roomy = os.access(place, os.W_OK | os.X_OK) and shutil.disk_usage(place).free >= _ROOM
    return place if roomy else None


@cache
def _superuser() -> psycopg.Connection[tuple[object, ...]]:
    """Return the connection that makes and drops databases, held for the whole process: to open one costs as much as a copy."""
    return _standing.enter_context(psycopg.connect(server().superuser_url, autocommit=True))


def stop_server() -> None:
    """Take away what ``server`` made; pytest calls it in the end."""
    _standing.close()
    _superuser.cache_clear()
    server.cache_clear()


@contextmanager
def _roles_on(superuser_url: str) -> Iterator[Server]:
    """Make roles and a database of our own names on somebody's server, and drop them afterwards."""
    mark = f"test_{uuid4().hex[:12]}"
    password = uuid4().hex
    owner, app = f"{mark}_owner", f"{mark}_app"
    prepare_database(superuser_url, owner_password=password, app_password=password, database=mark, owner=owner, app=app)
    try:
        yield Server(
            with_database(superuser_url, make_url(superuser_url).database or "postgres"),
            with_database(superuser_url, mark, role=owner, password=password),
            with_database(superuser_url, mark, role=app, password=password),
        )
    finally:
        with psycopg.connect(superuser_url, autocommit=True) as connection:
            for statement in (f"DROP DATABASE {mark} WITH (FORCE)", f"DROP ROLE {app}", f"DROP ROLE {owner}"):
                connection.execute(statement.encode())


def server_url() -> URL:
    """Return the superuser's address on the server that tests run on."""
    return engine_url(server().superuser_url)


def app_url(database: str) -> str:
    """Return the address of a database for the role that the platform works under."""
    return with_database(server().app_url, database)


def owner_url(database: str) -> str:
    """Return the address of a database for the role that owns the tables."""
    return with_database(server().owner_url, database)


@contextmanager
def clone(template: str, prefix: str = "test") -> Iterator[str]:
    """Copy a database that nobody is connected to for the role that owns the tables, give the copy's name, drop it.

    Copying its files takes 15 ms; the default, which writes every page to the log, takes 70 ms of a processor.
    """
    name = f"{prefix}_{uuid4().hex[:12]}"
    owner = role_of(server().owner_url)
    _superuser().execute(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE {template} STRATEGY file_copy".encode())
    try:
        yield name
    finally:
        _left(name)
        _superuser().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def _left(name: str) -> None:
    """End what is still connected to a database and return once it is gone, which takes a millisecond or two.

    The server itself would look again a tenth of a second later.
    """
    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _superuser().execute(ending, (name,)).rowcount and time.monotonic() < deadline:
        time.sleep(0.001)


@contextmanager
def database(template: str = "template1") -> Iterator[URL]:
    """Make a database as a copy of ``template`` and give its address for the superuser."""
    with clone(template, "part") as name:
        yield server_url().set(database=name)


@contextmanager
def database_with(tables: Sequence[type[DeclarativeBase]], statements: Sequence[str] = ()) -> Iterator[URL]:
    """Make a database with the ``tables`` of some models, on which ``statements`` were run."""
    with database() as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            chosen = [model.__table__ for model in tables]
            Base.metadata.create_all(connection, tables=[table for table in chosen if isinstance(table, Table)])
            for statement in statements:
                connection.execute(text(statement))
        yield url
