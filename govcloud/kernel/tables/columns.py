"""What a table is made of: its columns in their order, under the names by which files may call them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from govcloud.kernel.messages import Message
from govcloud.kernel.tables.record import MOST_CELL


@dataclass(frozen=True)
class Column:
    """A column: its key in JSON, its heading in tables, what belongs there, an example, and whether a source must have it.

    ``most`` is how many characters a cell may have before it is taken for a mistake of the file.
    """

    key: str
    heading: str
    note: Message
    example: str = ""
    required: bool = False
    most: int = MOST_CELL


class Columns:
    """The columns of one kind of table. The first names the thing that a row is about; a faulty row keeps that much."""

    def __init__(self, *columns: Column) -> None:
        """Take the columns in the order in which records hold their texts."""
        self._columns = columns
        self.keys = tuple(column.key for column in columns)
        self.place = {key: place for place, key in enumerate(self.keys)}
        self.headings = {column.key: column.heading for column in columns}
        self.width = len(columns)
        self.most = tuple(column.most for column in columns)
        self._by_name = {name: place for place, column in enumerate(columns) for name in (column.key, column.heading)}

    def __iter__(self) -> Iterator[Column]:
        """Give the columns in their order."""
        return iter(self._columns)

    def __len__(self) -> int:
        """Return how many there are."""
        return self.width

    def __getitem__(self, place: int) -> Column:
        """Return the column at ``place``."""
        return self._columns[place]

    def place_of(self, heading: object) -> int | None:
        """Return the place of a heading; the star of a required column, width and space do not matter."""
        return self._by_name.get(unicodedata.normalize("NFKC", str(heading)).strip().rstrip("*").strip().lower())

    def missing(self, places: Sequence[int | None]) -> list[str]:
        """Return the headings of required columns that are not among ``places``."""
        return [column.heading for place, column in enumerate(self._columns) if column.required and place not in places]

    def heading_of(self, key: str) -> str:
        """Return what people call a field; what is no column is called as it is."""
        return self.headings.get(key, key)
