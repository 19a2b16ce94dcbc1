"""The epoch that answers must not be older than, for a while after something told that access was taken away."""

from __future__ import annotations

import threading

from govcloud.client.limits import Pace

#: By then every decision point has caught up, or refuses by itself; a number kept for good would bar everybody after the platform was
#: restored from a copy.
KEPT_SECONDS = 60.0


class Epochs:
    """Carries ``min_epoch``; safe for threads."""

    def __init__(self, pace: Pace) -> None:
        """Begin without one."""
        self._pace = pace
        self._lock = threading.Lock()
        self._least: int | None = None
        self._until = 0.0

    def notice(self, epoch: int) -> None:
        """Take no answer from before ``epoch`` during the next minute."""
        with self._lock:
            self._least = max(epoch, self._current() or 0)
            self._until = self._pace.now() + KEPT_SECONDS

    def current(self) -> int | None:
        """Return the epoch to ask for; ``None``: any will do."""
        with self._lock:
            return self._current()

    def _current(self) -> int | None:
        return self._least if self._pace.now() < self._until else None
