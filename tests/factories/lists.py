"""Files of the power list and the implementation list as departments send them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import xlsxwriter

from govcloud.kernel.tables.columns import Columns
from govcloud.kernel.tables.sources import Source, examine
from govcloud.subsystems.listing.kinds import kind_of
from tests.factories.imports import uscc_of

Row = dict[str, str]


def power(number: int = 1, *, at: str = "housing", kind: str = "05", **given: str) -> Row:
    """Return a row of the power list of a department of the small province; ``given`` columns win."""
    row = {
        "code": f"33{kind}30{number:03d}000",
        "department_uscc": uscc_of(at),
        "name": f"公租房租赁补贴 {number}",
        "kind": kind,
        "legal_basis": "《公共租赁住房管理办法》第十九条",
    }
    return row | given


def service(number: int = 1, *, at: str = "housing", level: str = "2", kind: str = "05", **given: str) -> Row:
    """Return a row of the implementation list that rests on ``power(number)``."""
    row = {"code": f"{uscc_of(at)}{level}33{kind}30{number:03d}000", "name": f"公租房租赁补贴申领 {number}", "promised_days": "5"}
    return row | given


def table(columns: Columns, rows: Iterable[Row]) -> str:
    """Return a CSV with Chinese headings; a column that no row has is left out."""
    chosen = list(rows)
    keys = [key for key in columns.keys if any(key in row for row in chosen)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([columns.headings[key] for key in keys])
    writer.writerows([[row.get(key, "") for key in keys] for row in chosen])
    return text.getvalue()


def list_file(path: Path, kind: str, rows: Iterable[Row], name: str = "") -> Source:
    """Write a CSV and return it as a source of the list."""
    columns = kind_of(kind).columns
    path.write_text(table(columns, rows), encoding="utf-8", newline="")
    return examine(path, columns, name)


def list_workbook(path: Path, kind: str, rows: Iterable[Row]) -> Source:
    """Write an XLSX and return it as a source of the list."""
    columns = kind_of(kind).columns
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [column.heading for column in columns])
        for line, row in enumerate(rows, 1):
            for place, key in enumerate(columns.keys):
                sheet.write_string(line, place, row.get(key, ""))
    return examine(path, columns)
