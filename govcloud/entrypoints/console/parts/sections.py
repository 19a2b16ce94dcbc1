"""A table of related rows below the facts of one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class Section:
    """A heading, the column heads, and the rows as text."""

    title: Message
    heads: tuple[Message, ...]
    rows: Sequence[Sequence[str]]
