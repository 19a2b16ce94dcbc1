"""What was read a moment ago and need not be read for every request: kept for a while, one value or many by their keys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from govcloud.kernel.clock import Clock

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[T]):
    """What ``read`` returned at most ``life`` ago. Whoever changes it in this process lets it be forgotten; others follow in time."""

    def __init__(self, read: Callable[[], T], clock: Clock, life: timedelta) -> None:
        """Take what reads the value anew, the clock, and for how long a value is good."""
        self._read = read
        self._clock = clock
        self._life = life
        self._known: tuple[datetime, T] | None = None
        self._lock = threading.Lock()
        self._forgotten = 0

    def get(self) -> T:
        """Return the value; a clock that was set back makes nothing last longer."""
        now, known = self._clock.now(), self._known
        if known is not None and timedelta(0) <= now - known[0] < self._life:
            return known[1]
        # Not under the lock: whoever reads waits for a connection, which another may hold that waits for the lock.
        forgotten = self._forgotten
        value = self._read()
        with self._lock:
            # What was read before somebody changed it is good for this answer, and for no other.
            if forgotten == self._forgotten:
                self._known = (now, value)
        return value

    def keep(self, value: T) -> None:
        """Let ``value`` be as good as one that was read now."""
        with self._lock:
            self._known = (self._clock.now(), value)

    def forget(self) -> None:
        """Read again at the next question."""
        with self._lock:
            self._forgotten += 1
            self._known = None


class Remembered(Generic[K, V]):
    """Values by key, each for ``life``; when there are ``most`` all are forgotten, which costs no more than reading them again."""

    def __init__(self, clock: Clock, life: timedelta, most: int) -> None:
        """Take the clock and the limits."""
        self._clock = clock
        self._life = life
        self._most = most
        self._kept: dict[K, tuple[datetime, V]] = {}
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """Return what is known of ``key``; a clock that was set back makes nothing last longer."""
        found = self._kept.get(key)
        if found is None or not timedelta(0) <= self._clock.now() - found[0] < self._life:
            return None
        return found[1]

    def put(self, key: K, value: V) -> V:
        """Remember ``value`` and return it."""
        with self._lock:
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[key] = (self._clock.now(), value)
        return value
