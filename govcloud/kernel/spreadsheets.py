"""Cells of exports: what a spreadsheet program would run as a formula is written so that it stays text.

Every CSV and XLSX that leaves the platform goes through ``safe_cell`` (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

import xlsxwriter

#: A cell that begins with one of these may be run: formulas, and what lets one begin on the next line.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM = "\ufeff"


def safe_cell(value: object) -> str:
    """Return ``value`` as text for a cell; a dangerous beginning gets an apostrophe before it. Numbers stay as they are."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return text
    return f"'{text}" if text.startswith(_DANGEROUS) or text.lstrip(" \u3000\u00a0").startswith(_DANGEROUS) else text


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Give a CSV line by line, with the mark by which Excel knows UTF-8; every cell is safe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write(BOM)
    writer.writerow([safe_cell(cell) for cell in heads])
    yield _taken(buffer)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        yield _taken(buffer)


def write_xlsx(file: IO[bytes], sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[object]]]]) -> None:
    """Write a workbook of text cells; each sheet is its name, heads and rows.

    Excel runs no text cell; the cells are made safe all the same, because people save such a sheet as CSV.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        # "@" makes the columns text, so that Excel keeps all eighteen digits of a number that is typed in.
        text = book.add_format({"num_format": "@", "text_wrap": False})
        head = book.add_format({"num_format": "@", "bold": True, "bg_color": "#E8F0FB"})
        for name, heads, rows in sheets:
            sheet = book.add_worksheet(name)
            sheet.set_column(0, max(len(heads) - 1, 0), 22, text)
            sheet.freeze_panes(1, 0)
            for column, value in enumerate(heads):
                sheet.write_string(0, column, safe_cell(value), head)
            for line, row in enumerate(rows, 1):
                for column, cell in enumerate(row):
                    sheet.write_string(line, column, safe_cell(cell), text)


def _taken(buffer: io.StringIO) -> str:
    """Return what was written since the last time."""
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
