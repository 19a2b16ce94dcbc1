"""Throw-away databases with a few tables, for tests of one part of the house; and an authorizer where rights are not the question."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4

from sqlalchemy import URL, NullPool, Table, create_engine, make_url, text
from sqlalchemy.orm import DeclarativeBase, Session

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.database import Base


class Everybody:
    """Allows every command."""

    def authorize(self, session: Session, actor: Actor, command: str, target: Target | None, now: datetime) -> None:
        """Refuse nothing."""


def server_url() -> URL:
    """Return the superuser's address on the server that tests run on."""
    url = make_url(os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:54329/postgres"))
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def database(template: str = "template1") -> Iterator[URL]:
    """Make a database as a copy of ``template``, give its address, drop it."""
    name = f"part_{uuid4().hex[:12]}"
    server = create_engine(server_url(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield server_url().set(database=name)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


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
