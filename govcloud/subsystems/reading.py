"""What the queries of the catalogue share: where they read, and the moment that they read as of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.prepared import Looker


class Reading:
    """The tools of a query."""

    def __init__(self, read: Callable[[], Session], look: Looker, keys: KeyRing, clock: Clock) -> None:
        """Take the source of reading sessions, what runs single reads, the key ring (client secrets) and the clock."""
        self._read = read
        self._look = look
        self._keys = keys
        self._clock = clock

    def _at(self, at: datetime | None) -> datetime:
        return self._clock.now() if at is None else at
