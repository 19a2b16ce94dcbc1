"""One record of a source: its line (rows of a table count from 1, the heading included) and the texts of its columns."""

from __future__ import annotations

from typing import NamedTuple

from govcloud.kernel.messages import Message


class Record(NamedTuple):
    """``values`` stand in the order of the table's columns; ``None``: the source has no such column.

    ``fault`` is the field and sentence of what was wrong with the record as such; then its values do not count.
    """

    line: int
    values: tuple[str | None, ...]
    fault: tuple[str, Message] | None = None


#: No text of a table is longer unless its column says so; whatever is, was never meant for this column.
MOST_CELL = 1_000
#: A line of a table, or an element of a feed, in characters.
MOST_RECORD = 64 * 1024
