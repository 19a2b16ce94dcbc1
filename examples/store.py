"""The examples' own data: a CSV file in a table in memory. Subsystems keep their data where it is; the platform never sees it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, Index, MetaData, RowMapping, Table, Text, create_engine, func, insert, select
from sqlalchemy.pool import StaticPool

from govcloud.client import Columns, Govcloud, Masked

DATA = Path(__file__).parent / "data"
ROWS = 20


@dataclass(frozen=True)
class Page:
    """One page of rows; ``shown`` counts the rows that the permission opens, ``total`` those of the whole register."""

    rows: list[Masked]
    number: int
    last: int
    shown: int
    total: int

    @property
    def before(self) -> int:
        """Return how many rows lie on the pages before."""
        return (self.number - 1) * ROWS


def load(name: str) -> tuple[Engine, Table]:
    """Return an engine and the table that holds ``data/<name>.csv``; every column is text."""
    with (DATA / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    table = Table(name, MetaData(), *(Column(column, Text) for column in rows[0]))
    # The filter is a range of codes, which an ordinary index answers.
    Index(f"ix_{name}_division", table.c.division_code)
    # One connection for all threads: the table lives in that connection's memory, and is only read.
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    with engine.begin() as connection:
        table.metadata.create_all(connection)
        connection.execute(insert(table), rows)
    return engine, table


def area_names(engine: Engine, table: Table) -> Mapping[str, str]:
    """Return the names of the divisions that the subsystem has data of, by code."""
    with engine.connect() as connection:
        found = connection.execute(select(table.c.division_code, table.c.division_name).distinct())
        return {row.division_code: row.division_name for row in found}


def page_of(engine: Engine, table: Table, govcloud: Govcloud, columns: Columns, *, order: Column[Any], number: int) -> Page:
    """Return page ``number`` (from 1) of what the current request may see of ``table``, in the order of a column.

    The filter is part of the query, so that pages and counts are those of the granted rows; each row is masked by the views that
    cover it.
    """
    with engine.connect() as connection:
        shown = connection.scalar(govcloud.filter(select(func.count()).select_from(table), columns)) or 0
        total = connection.scalar(select(func.count()).select_from(table)) or 0
        last = max(1, -(-shown // ROWS))
        number = min(max(1, number), last)
        rows = govcloud.filter(select(table), columns).order_by(order).limit(ROWS).offset((number - 1) * ROWS)
        return Page(govcloud.masked(connection.execute(rows).mappings(), columns), number, last, shown, total)


def row_of(engine: Engine, table: Table, key: Column[Any], value: str) -> RowMapping | None:
    """Return the row whose ``key`` is ``value``, as it is: whoever shows it has to ask for it, and to mask it."""
    with engine.connect() as connection:
        return connection.execute(select(table).where(key == value)).mappings().one_or_none()
