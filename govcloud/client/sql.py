"""Row conditions as SQLAlchemy expressions: ranges and equality, which ordinary indexes answer; no LIKE, nothing to escape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, String, and_, false, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from govcloud.client.case_numbers import spellings
from govcloud.client.columns import ROW_KEYS, Columns
from govcloud.client.errors import ConfigurationError
from govcloud.client.rows import RowCondition, Rows, division_range, path_range


class Bytewise(FunctionElement[str]):
    """A column compared byte by byte, whatever the language of the database.

    A range of paths needs that: a linguistic order passes over slashes. PostgreSQL answers it from an index on
    ``(department_path COLLATE "C")``, or from any index on a column that was declared with this collation.
    """

    inherit_cache = True
    name = "bytewise"
    type = String()


@compiles(Bytewise)
def _plain(element: Bytewise, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return compiler.process(element.clauses, **options)


@compiles(Bytewise, "postgresql")
def _postgresql(element: Bytewise, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f'({compiler.process(element.clauses, **options)}) COLLATE "C"'


@compiles(Bytewise, "mysql", "mariadb")
def _mysql(element: Bytewise, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"({compiler.process(element.clauses, **options)}) COLLATE utf8mb4_bin"


def condition(rows: Rows, columns: Columns) -> ColumnElement[bool]:
    """Return the condition that selects exactly the rows that ``rows.covers`` allows.

    The division's column holds 12-digit codes, the label's whole numbers. Every row: no condition; no row: false. An alternative that
    reads what the table does not have selects nothing.

    Raises:
        ConfigurationError: ``columns`` names keys of rows instead of columns, or a label that is a text.
    """
    placed = _placed(rows, columns)
    return placed if columns.label is None else and_(placed, _cleared(columns.label, rows.label_at_most))


def _cleared(label: Any, most: int) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    """Return the condition of rows whose security label is one of 0 to ``most``; NULL is 0."""
    if isinstance(label, str):
        raise ConfigurationError(f"a filter needs the column itself, not its name: Columns(label=table.c.{label})")
    if isinstance(label.type, String):
        # As texts they would be compared by the language of the database.
        raise ConfigurationError(f"{label} holds texts; a security label is a whole number from 0 to 4")
    return or_(label.is_(None), label.between(0, most))


def _placed(rows: Rows, columns: Columns) -> ColumnElement[bool]:
    """Return the condition of rows that meet one of the alternatives."""
    if rows.alternatives is None:
        return true()
    for key in ROW_KEYS:
        if isinstance(getattr(columns, key), str):
            raise ConfigurationError(f"a filter needs the column itself, not its name: Columns({key}=table.c.{getattr(columns, key)})")
    met = [item for item in rows.alternatives if all(getattr(columns, key) is not None for key in item.named())]
    cases = sorted({item.case_number for item in met if item.case_number is not None and len(item.named()) == 1})
    others = [_all_of(item, columns) for item in met if item.case_number is None or len(item.named()) > 1]
    if cases:
        others.append(columns.case_number.in_([spelling for case in cases for spelling in spellings(case)]))
    return or_(false(), *others)


def _all_of(item: RowCondition, columns: Columns) -> ColumnElement[bool]:
    return and_(*_parts(item, columns))


def _parts(item: RowCondition, columns: Columns) -> Iterator[ColumnElement[bool]]:
    """Return what a row has to meet, the most selective first."""
    if item.case_number is not None:
        yield columns.case_number.in_(spellings(item.case_number))
    if item.division is not None:
        first, last = division_range(item.division)
        # Digits are ordered alike in every language, so the column's own order does, and its own index.
        yield columns.division.between(first, last)
    if item.department_path is not None:
        begin, end = path_range(item.department_path)
        path = Bytewise(columns.department_path)
        yield and_(path >= begin, path < end)
