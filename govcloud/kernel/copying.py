"""Many rows at once: PostgreSQL's COPY in its binary form, within the transaction of a session.

When to use it: a command that writes hundreds of rows. When not: a few rows, for which a statement is quicker and easier to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy.orm import Session


def driver_connection(session: Session) -> psycopg.Connection[Any]:
    """Return psycopg's connection behind ``session``; what runs on it belongs to the session's transaction."""
    return cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)


def copy_rows(session: Session, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Write ``rows`` to ``table``; ``columns`` gives each column's PostgreSQL type, in the order of a row's values.

    Raises:
        psycopg.IntegrityError: a constraint does not hold; ``constraints.explained`` turns it into words.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    )
    with driver_connection(session).cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)
