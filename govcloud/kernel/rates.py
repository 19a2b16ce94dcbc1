"""How fast one caller may go on: token buckets in this process's memory, for callers that are known by name."""

from __future__ import annotations

import math
import threading
from datetime import datetime


class Rates:
    """Buckets of ``burst`` tokens, one for each caller, that fill by ``per_second``.

    Only callers that proved who they are may be handed in, so memory is bounded by how many of them are registered. Each process
    counts for itself: what this keeps away is one caller that takes all of a worker's time.
    """

    def __init__(self, per_second: int, burst: int) -> None:
        """Take how many tokens come back in a second, and how many there are at the most; both are at least 1."""
        self._per_second = per_second
        self._burst = burst
        self._left: dict[str, tuple[float, datetime]] = {}
        self._lock = threading.Lock()

    def take(self, caller: str, cost: int, now: datetime) -> int | None:
        """Take ``cost`` tokens of ``caller``'s bucket.

        Returns:
            ``None``, or after how many whole seconds the same is welcome; then nothing was taken. What costs more than a bucket holds
            is served from a full one: waiting longer would change nothing.
        """
        wanted = min(cost, self._burst)
        with self._lock:
            left, at = self._left.get(caller, (float(self._burst), now))
            # A clock that was set back gives nothing, and takes nothing away.
            passed = max(0.0, (now - at).total_seconds())
            left = min(float(self._burst), left + passed * self._per_second)
            if left < wanted:
                return max(1, math.ceil((wanted - left) / self._per_second))
            self._left[caller] = (left - wanted, now)
            return None
