"""Crashes: the database's side of the writing connection is ended between two statements of a command, or as it commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection, event

from govcloud.kernel.database import db
from tests.factories import databases

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@dataclass
class Cut:
    """Whether the connection was cut."""

    done: bool = False


@contextmanager
def cut_before(number: int) -> Iterator[Cut]:
    """Cut the writing connection before its statement ``number`` (from 0), the commit being the last; reads elsewhere do not count."""
    cut, seen = Cut(), 0

    def step(connection: Connection) -> None:
        nonlocal seen
        if connection.get_execution_options().get("postgresql_readonly"):
            return
        if seen == number and not cut.done:
            cut.done = True
            pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
            with psycopg.connect(databases.server().superuser_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        seen += 1

    def at_statement(connection: Connection, *_rest: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event
        step(connection)

    event.listen(db.engine, "before_cursor_execute", at_statement)
    event.listen(db.engine, "commit", step)
    try:
        yield cut
    finally:
        event.remove(db.engine, "before_cursor_execute", at_statement)
        event.remove(db.engine, "commit", step)


def everything(superuser_url: str) -> dict[str, int]:
    """Return a digest of which rows every table shows, and of which version each: whatever was written and stands changes it."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        names = [row[0] for row in connection.execute(_TABLES)]
        digest = "SELECT '{0}', coalesce(sum(hashtextextended(ctid::text || xmin::text, 0)), 0)::text FROM {0}"
        query = " UNION ALL ".join(digest.format(name) for name in names)
        return {name: int(found) for name, found in connection.execute(query.encode())}
