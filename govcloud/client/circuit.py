"""What keeps a platform in trouble from being asked on and on: a circuit that opens after failures, and a budget of repeats.

While the circuit is open nothing is asked and nothing is answered from memory: every check fails at once, so access is refused.
"""

from __future__ import annotations

import threading

from govcloud.client.errors import CircuitOpenError
from govcloud.client.limits import Limits, Pace

#: Repeats that may be saved up; each costs one.
_MOST_REPEATS = 10.0
#: What a check that was answered adds: in the long run one repeat for ten answers.
_EARNED = 0.1


class Circuit:
    """Counts failed calls in a row; safe for threads.

    After ``failures`` of them it opens for ``rest`` seconds. Then a single call tries whether the platform is back: an answer closes
    the circuit, another failure doubles the rest.
    """

    def __init__(self, limits: Limits, pace: Pace) -> None:
        """Begin closed."""
        self._limits = limits
        self._pace = pace
        self._lock = threading.Lock()
        self._failed = 0
        self._rest = limits.rest
        self._until = 0.0
        self._trying_until = 0.0

    def enter(self) -> None:
        """Begin a call; ``leave`` must follow.

        Raises:
            CircuitOpenError: the platform is left alone for now.
        """
        with self._lock:
            if self._failed < self._limits.failures:
                return
            now = self._pace.now()
            wait = max(self._until, self._trying_until) - now
            if wait > 0:
                raise CircuitOpenError(f"not asked: the last {self._failed} calls failed", retry_after=wait)
            # Whoever tries has the time of one call; if its thread never comes back, the next one may try.
            self._trying_until = now + self._limits.total

    def leave(self, *, answered: bool | None) -> None:
        """End a call: the platform answered, or failed, or (``None``) nothing is known of it because the caller gave up."""
        with self._lock:
            self._trying_until = 0.0
            if answered is None:
                return
            if answered:
                self._failed, self._rest, self._until = 0, self._limits.rest, 0.0
                return
            self._failed += 1
            now = self._pace.now()
            # Calls that began before it opened fail one after the other; they count once.
            if self._failed >= self._limits.failures and now >= self._until:
                self._until = now + self._rest / 2 + self._pace.spread(self._rest / 2)
                self._rest = min(2 * self._rest, self._limits.longest_rest)


class RepeatBudget:
    """Lets only so many repeats through that they never become most of the load; safe for threads."""

    def __init__(self) -> None:
        """Begin with all that may be saved up."""
        self._left = _MOST_REPEATS
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Note that a check was answered."""
        with self._lock:
            self._left = min(_MOST_REPEATS, self._left + _EARNED)

    def spend(self) -> bool:
        """Take one repeat; return whether there was one."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True
