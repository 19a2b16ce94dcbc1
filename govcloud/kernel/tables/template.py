"""The template that people fill in: as CSV, and as a workbook with a sheet of notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO

from govcloud.kernel.messages import Message
from govcloud.kernel.spreadsheets import csv_lines, write_xlsx
from govcloud.kernel.tables.columns import Columns

_NOTES = "填写说明"


def csv_template(columns: Columns) -> Iterator[str]:
    """Give the headings as CSV; a star is no part of a heading, so the notes say what is required."""
    return csv_lines([column.heading for column in columns], ())


def xlsx_template(file: IO[bytes], columns: Columns, sheet: str, say: Callable[[Message], str] = str) -> None:
    """Write the workbook: the headings on the first sheet, a note and an example for each column on the second."""
    headings = [column.heading + ("*" if column.required else "") for column in columns]
    heads = [say(Message("列")), say(Message("是否必填")), say(Message("说明")), say(Message("示例")), say(Message("JSON 字段"))]
    yes, no = say(Message("必填")), say(Message("选填"))
    notes = [(column.heading, yes if column.required else no, say(column.note), column.example, column.key) for column in columns]
    write_xlsx(file, ((sheet, headings, ()), (_NOTES, heads, notes)))
