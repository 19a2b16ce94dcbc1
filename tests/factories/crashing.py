"""Crashes: the database's side of the writing connection is ended between two statements of a command, or as it commits."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import Connection, event

from govcloud.kernel.database import db

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_DIGEST = sql.SQL("SELECT {name}, coalesce(sum(hashtextextended(ctid::text || xmin::text, 0)), 0)::text FROM {table}")
#: A server's process is gone within a millisecond; this long one waits on the busiest of machines.
_PATIENCE_SECONDS = 30
_WRITES = re.compile(r"\b(INSERT INTO|UPDATE \S+ SET|DELETE FROM|TRUNCATE)\b")


@dataclass
class Cut:
    """Whether the connection was cut."""

    done: bool = False


class Striker:
    """A superuser's own connection, which looks at every table and ends the connections of others; both hundreds of times."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        """Take the connection, to the database of the test."""
        self._connection = connection
        names = [str(row[0]) for row in connection.execute(_TABLES)]
        digests = [_DIGEST.format(name=sql.Literal(name), table=sql.Identifier(name)) for name in names]
        self._everything = sql.SQL(" UNION ALL ").join(digests)

    def everything(self) -> dict[str, int]:
        """Return a digest of which rows every table shows, and of which version each: whatever was written and stands changes it."""
        return {str(name): int(str(found)) for name, found in self._connection.execute(self._everything, prepare=True)}

    @contextmanager
    def cut_before(self, number: int, *, reads: bool = False) -> Iterator[Cut]:
        """Cut the writing connection before the statement ``number`` (from 0) that writes, the commit being the last.

        What is lost is the same wherever it is cut between two writes. With ``reads`` its reads count as well; those of others never do.
        """
        cut, seen = Cut(), 0

        def step(connection: Connection) -> None:
            nonlocal seen
            if connection.get_execution_options().get("postgresql_readonly"):
                return
            if seen == number and not cut.done:
                cut.done = True
                self._end(connection)
            seen += 1

        def at_statement(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
            if reads or _WRITES.search(statement):
                step(connection)

        event.listen(db.engine, "before_cursor_execute", at_statement)
        event.listen(db.engine, "commit", step)
        try:
            yield cut
        finally:
            event.remove(db.engine, "before_cursor_execute", at_statement)
            event.remove(db.engine, "commit", step)

    def _end(self, connection: Connection) -> None:
        """End the server's process behind a connection and return once nothing is left of it.

        The server's own way to wait for that looks ten times a second, which would be most of the time that these tests take.
        """
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
        self._connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._connection.execute("SELECT FROM pg_stat_get_activity(%s)", (pid,)).rowcount:
            assert time.monotonic() < deadline, "the server's process does not end"


@contextmanager
def striking(superuser_url: str) -> Iterator[Striker]:
    """Give what strikes commands on the database of ``superuser_url``."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        yield Striker(connection)
