"""Where a page of a list that goes by time ended, and how that stands in an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list by moment and id; the next page begins after it."""

    at: datetime
    id: UUID

    def to_text(self) -> str:
        """Return the place as it stands in an address."""
        return f"{self.at.isoformat()}~{self.id}"

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """Read a place; whatever is none is the beginning."""
        at, _, key = text.partition("~")
        try:
            moment = datetime.fromisoformat(at)
            return cls(moment, UUID(key)) if moment.tzinfo else None
        except ValueError:
            return None
