"""The template of people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO

from govcloud.identity.importing.columns import COLUMNS
from govcloud.kernel.messages import Message
from govcloud.kernel.tables import template

_PEOPLE = "人员"


def csv_template() -> Iterator[str]:
    """Give the headings as CSV."""
    return template.csv_template(COLUMNS)


def xlsx_template(file: IO[bytes], say: Callable[[Message], str] = str) -> None:
    """Write the workbook with its sheet of notes."""
    template.xlsx_template(file, COLUMNS, _PEOPLE, say)
