"""Whether this node's clock may be believed: begins and ends of facts are compared with it, and other nodes wrote them by theirs.

A node that is behind holds open what another has closed already; one that is ahead opens what is yet to begin. So each node compares
its clock with that of the database, which all of them share, and beyond a bound it answers and changes nothing. Two nodes are then at
most twice the bound apart.

The database is not asked at every question. A clock that nobody sets strays from the counter of the machine's own seconds by a few
thousandths an hour; one that is set leaves it at once, and that is seen here without asking anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError

from govcloud.authorization.errors import clock_astray, inputs_away
from govcloud.authorization.subjects.snapshot import instant
from govcloud.kernel.clock import Clock

#: Microseconds: how long a comparison holds, how long one waits to repeat one that failed, and by how much the clock may meanwhile stray
#: from the counter.
_HOLDS, _AGAIN, _STRAY = 600_000_000, 1_000_000, 100_000


@dataclass(frozen=True, slots=True)
class _Compared:
    """What a comparison came to: when by the counter, where the clock stood against it, by how many microseconds it certainly was off.

    ``off`` is above 0 for a clock that is ahead; it is 0 where the time that the question took leaves that open. ``None``: unknown.
    """

    at: int
    against: int
    off: int | None


class ClockWatch:
    """Compares the node's clock with the database's; one a process, used by all of its threads."""

    def __init__(
        self, clock: Clock, database_time: Callable[[], datetime], bound: timedelta, counter: Callable[[], int] | None = None
    ) -> None:
        """Take what is compared.

        Args:
            clock: the clock that decisions go by.
            database_time: asks the database what time it is.
            bound: by how much they may differ.
            counter: microseconds that pass evenly and that nobody sets; by default those since the machine was started.
        """
        self._clock = clock
        self._database_time = database_time
        self._bound = bound // timedelta(microseconds=1)
        self._counter = counter or _since_start
        #: Replaced as a whole, so any thread may.
        self._last: _Compared | None = None

    def check(self) -> None:
        """Return nothing when the clock may be believed.

        Raises:
            Unavailable: it is further from the database's than the bound, or it was set and the database cannot be asked.
        """
        last, at = self._last, self._counter()
        against = instant(self._clock.now()) - at
        if last is None or not self._holds(last, at, against):
            last = self._last = self._compare(against, last)
        if last.off is None:
            raise inputs_away()
        if abs(last.off) > self._bound:
            raise clock_astray(last.off / 1_000_000)

    def _holds(self, last: _Compared, at: int, against: int) -> bool:
        """Return whether a comparison still says how the clock stands."""
        doubtful = last.off is None or abs(last.off) > self._bound
        return 0 <= at - last.at < (_AGAIN if doubtful else _HOLDS) and abs(against - last.against) <= _STRAY

    def _compare(self, against: int, last: _Compared | None) -> _Compared:
        """Ask the database for its time; where it is away, a clock that nobody has set since stands as it stood."""
        before = instant(self._clock.now())
        try:
            there = instant(self._database_time())
        except OperationalError:
            # Counted from now: the database may have taken long to be away.
            at, unset = self._counter(), last is not None and abs(against - last.against) <= _STRAY
            # A comparison that is put off is due again soon.
            return _Compared(at - _HOLDS + _AGAIN, last.against, last.off) if unset and last is not None else _Compared(at, against, None)
        at, after = self._counter(), instant(self._clock.now())
        # The database read its clock at some moment between the two.
        off = before - there if before > there else after - there if after < there else 0
        if abs(after - before) > self._bound >= abs(off):
            # The answer was so slow that the clock may be astray all the same: it is believed until it is asked again, soon.
            at -= _HOLDS - _AGAIN
        return _Compared(at, against, off)


def _since_start() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000
