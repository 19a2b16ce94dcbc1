"""The examples' own data: a CSV file in a table in memory. Subsystems keep their data where it is; the platform never sees it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Engine, MetaData, RowMapping, Table, Text, create_engine, func, insert, select
from sqlalchemy.pool import StaticPool

DATA = Path(__file__).parent / "data"
ROWS = 20


@dataclass(frozen=True)
class Page:
    """One page of rows; ``shown`` counts the rows that the permission opens, ``total`` those of the whole register."""

    rows: list[Mapping[str, Any]]
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
    # One connection for all threads: the table lives in that connection's memory, and is only read.
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(insert(table), rows)
    return engine, table


def area_names(engine: Engine, table: Table) -> Mapping[str, str]:
    """Return the names of the divisions that the subsystem has data of, by code."""
    with engine.connect() as connection:
        found = connection.execute(select(table.c.division_code, table.c.division_name).distinct())
        return {row.division_code: row.division_name for row in found}


def page_of(engine: Engine, table: Table, granted: ColumnElement[bool], order: Column[str], number: int) -> Page:
    """Return page ``number`` (from 1) of the granted rows of ``table`` in the order of a column, citizens' numbers masked."""
    with engine.connect() as connection:
        shown = connection.scalar(select(func.count()).select_from(table).where(granted)) or 0
        total = connection.scalar(select(func.count()).select_from(table)) or 0
        last = max(1, -(-shown // ROWS))
        number = min(max(1, number), last)
        rows = select(table).where(granted).order_by(order).limit(ROWS).offset((number - 1) * ROWS)
        return Page(masked(connection.execute(rows).mappings()), number, last, shown, total)


def masked(rows: Iterable[RowMapping]) -> list[Mapping[str, Any]]:
    """Return the rows with the middle of each citizen's number hidden: the page shows no more than the duty needs."""
    return [{**row, "id_number": f"{row['id_number'][:6]}********{row['id_number'][-4:]}"} for row in rows]
