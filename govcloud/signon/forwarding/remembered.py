"""What was read a moment ago and need not be read for every request: kept for a while, of a bounded number."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from govcloud.kernel.clock import Clock

K = TypeVar("K")
V = TypeVar("V")


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
