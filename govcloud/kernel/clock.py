"""The one source of time: aware UTC datetimes, from the system or set by hand in tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that can say what time it is."""

    def now(self) -> datetime:
        """Return the current moment as an aware UTC datetime."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current moment as an aware UTC datetime."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when told to; tests use it so that nothing waits."""

    def __init__(self, start: datetime) -> None:
        """Start at ``start`` (aware; converted to UTC)."""
        if start.tzinfo is None:
            msg = f"a clock needs an aware datetime, got {start!r}"
            raise ValueError(msg)
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move forward by ``by`` and return the new moment."""
        self._now += by
        return self._now
