"""What is wrong in a table: findings by line and field, and the report of them for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from govcloud.kernel.errors import FieldError
from govcloud.kernel.messages import Message
from govcloud.kernel.spreadsheets import csv_lines
from govcloud.kernel.tables.columns import Columns


@dataclass(frozen=True)
class Finding:
    """What is wrong with ``field`` of the line ``line`` (personal numbers masked), and what to do."""

    line: int
    field: str
    message: Message
    value: str = ""

    @classmethod
    def of(cls, line: int, error: FieldError) -> Finding:
        """Take over what the checks of the single commands found."""
        return cls(line, error.field, error.message, error.value)


def report_lines(
    columns: Columns,
    findings: Iterable[Finding],
    heads: tuple[str, ...],
    say: Callable[[Message], str] = str,
    named: Callable[[str], str] = str,
) -> Iterator[str]:
    """Give a report as CSV, line by line; every cell is safe to open. ``named`` says a column's heading in the reader's language."""
    rows = ((found.line, named(columns.heading_of(found.field)), found.value, say(found.message)) for found in findings)
    return csv_lines(heads, rows)
