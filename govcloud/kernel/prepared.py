"""Statements of the hottest paths: put together once, then handed to the driver itself.

SQLAlchemy takes ten times as long for a statement of one row as the driver does (120 µs beside 14), most of it for what such a
statement does not need: objects, options, results of every kind. What runs at every request is therefore compiled once, by SQLAlchemy
and for its types, and from then on only its values change. It runs on the connection of the transaction that is open, is told to
SQLAlchemy's listeners, and fails with SQLAlchemy's errors, so that nobody above can tell the difference.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias, cast
from uuid import UUID

import psycopg
from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Insert,
    Select,
    Text,
    TextClause,
    TextualSelect,
    Update,
    Uuid,
    any_,
    bindparam,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import ExternallyTraversible, replacement_traverse
from sqlalchemy.types import NullType

Statement: TypeAlias = "Select[*tuple[Any, ...]] | Insert | Update | Delete | TextClause | TextualSelect"
Processor: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class _Compiled:
    """What the driver takes: the text, the values that never change, what makes the others ready, whether rows come back and as what."""

    text: str
    constants: Mapping[str, Any]
    processors: Mapping[str, Processor]
    returns: bool
    record: Callable[[tuple[Any, ...]], Any]


class Prepared:
    """A statement with named parameters (``bindparam``); its rows come with their columns by name, as the driver reads them."""

    def __init__(self, statement: Statement, columns: Collection[str] | None = None) -> None:
        """Take the statement, which is compiled when it first runs; ``columns`` are those that an ``INSERT`` gives values to."""
        self._statement = statement
        self._columns = columns
        self._compiled: _Compiled | None = None

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Run it within what is open on ``connection`` and return its rows, named tuples; none for a statement that returns none.

        Raises:
            DBAPIError: as for every statement of SQLAlchemy's.
        """
        compiled = self._compiled
        if compiled is None:
            compiled = self._compiled = _compile(self._statement, self._columns, connection.dialect)
        sent = {**compiled.constants, **values}
        for name, process in compiled.processors.items():
            sent[name] = process(sent[name])
        with driver_of(connection).cursor() as cursor:
            for listener in connection.dispatch.before_cursor_execute:
                listener(connection, cursor, compiled.text, sent, None, False)  # noqa: FBT003 - SQLAlchemy's event
            try:
                cursor.execute(compiled.text, sent, prepare=True)
                return [compiled.record(row) for row in cursor.fetchall()] if compiled.returns else []
            except psycopg.Error as error:
                # The way that SQLAlchemy's own statements take: listeners hear of it, and what is broken leaves the pool.
                connection._handle_dbapi_exception(error, compiled.text, sent, cursor, None)  # type: ignore[arg-type]  # noqa: SLF001

    def within(self, session: Session, values: Mapping[str, Any]) -> list[Any]:
        """Run it in the transaction of ``session``, after what its objects have still to write."""
        if session.autoflush:
            session.flush()
        return self.run(session.connection(), values)


class Look(Prepared):
    """A statement that only reads, and that may so run outside any transaction."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        """Take a ``SELECT`` that locks and changes nothing."""
        super().__init__(statement)


def one_of(
    column: InstrumentedAttribute[UUID] | InstrumentedAttribute[str], name: str, kind: type[Uuid[UUID] | Text] = Uuid
) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of the list that the parameter ``name`` takes, of whatever length the list is.

    ``kind`` is named, because a column that refers to another one only learns its type from that once all tables are known.
    """
    return column == any_(bindparam(name, type_=ARRAY(kind())))


class Looker(Protocol):
    """Whatever runs single reads, each where it belongs: see ``UnitOfWork.look``."""

    def __call__(self, query: Look, **values: Any) -> list[Any]:  # noqa: ANN401 - what its parameters take
        """Return the rows that ``query`` finds."""
        ...


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """Return the driver's own connection that SQLAlchemy's stands on."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _compile(statement: Statement, columns: Collection[str] | None, dialect: Dialect) -> _Compiled:
    written_out = cast("ClauseElement", replacement_traverse(statement, {}, partial(_written_out, dialect=dialect)))
    compiled = cast("SQLCompiler", written_out.compile(dialect=dialect, column_keys=columns))
    processors = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind, name in compiled.bind_names.items()}
    names = [] if isinstance(statement, TextClause) else [str(name) for name in statement.exported_columns.keys()]  # noqa: SIM118
    return _Compiled(
        text=str(compiled),
        constants={name: value for name, value in compiled.params.items() if value is not None},
        processors={name: process for name, process in processors.items() if process is not None},
        returns=bool(names),
        record=_record(names),
    )


def _written_out(element: ExternallyTraversible, *, dialect: Dialect, **_: Any) -> ExternallyTraversible | None:  # noqa: ANN401 - SQLAlchemy's
    """Write a value that is always the same into the text: only so does a plan for all others use the partial indexes for it."""
    if not isinstance(element, BindParameter) or element.value is None or isinstance(element.type, NullType):
        return None
    literal = element.type.dialect_impl(dialect).literal_processor(dialect)
    if literal is None:
        return None
    text = f"({', '.join(map(literal, element.value))})" if element.expanding else literal(element.value)
    return literal_column(text, element.type)


def _record(names: list[str]) -> Callable[[tuple[Any, ...]], Any]:
    """Return what makes a row of the driver's into one whose columns are taken by name."""
    made: Any = namedtuple("Found", names)  # type: ignore[misc]  # noqa: PYI024 - its fields are those of the statement
    return cast("Callable[[tuple[Any, ...]], Any]", made._make)
