"""State machines as small tables: the moves of a life cycle by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar


class Named(Protocol):
    """A move of some life cycle; what else it says is the life cycle's own."""

    @property
    def name(self) -> str:
        """What the move is called, once in its table."""
        ...


MoveT = TypeVar("MoveT", bound=Named)


def moves(*listed: MoveT) -> Mapping[str, MoveT]:
    """Return the table of ``listed`` moves by name, in their order.

    Raises:
        ValueError: two moves share a name.
    """
    table: dict[str, MoveT] = {}
    for move in listed:
        if move.name in table:
            raise ValueError(f"the move {move.name!r} stands twice in the table")
        table[move.name] = move
    return table
