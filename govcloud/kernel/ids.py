"""Identifiers: UUID version 7 (RFC 9562 section 5.7), so that new rows sit together at the end of an index.

Those of one process rise strictly, so rows that a command writes within a millisecond still sort in the order of their making.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from uuid import UUID

_VERSION_7 = 0x7
_VARIANT_RFC = 0b10
_COUNTER_BITS = 12
_RANDOM_BITS = 62


class _Sequence:
    """Milliseconds and a counter within them: RFC 9562 section 6.2, method 1."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = 0
        self._counter = 0

    def next(self) -> tuple[int, int]:
        """Return the next pair; it is greater than every one before, also when the machine's clock is set back."""
        with self._lock:
            now = time.time_ns() // 1_000_000
            if now > self._milliseconds:
                # Half of the room is left for the counter to rise in.
                self._milliseconds, self._counter = now, secrets.randbits(_COUNTER_BITS - 1)
            else:
                self._counter += 1
                if self._counter >> _COUNTER_BITS:
                    self._milliseconds, self._counter = self._milliseconds + 1, 0
            return self._milliseconds, self._counter


_sequence = _Sequence()


def new_id() -> UUID:
    """Return a fresh UUIDv7: 48 bits of Unix milliseconds, a counter of 12 bits, 62 random bits.

    The millisecond part only helps the index and the order; no decision reads it as a time.
    """
    return _made(secrets.randbits(_RANDOM_BITS))


def new_ids(count: int) -> list[UUID]:
    """Return ``count`` fresh ids in rising order; the system is asked for their random bits once, not for each."""
    drawn = secrets.token_bytes(8 * count)
    return [_made(int.from_bytes(drawn[8 * place : 8 * place + 8], "big") >> 2) for place in range(count)]


def fresh_ids(at_once: int = 256) -> Iterator[UUID]:
    """Give fresh ids in rising order without end, for one thread that needs many and does not know how many."""
    while True:
        yield from new_ids(at_once)


def _made(random: int) -> UUID:
    milliseconds, counter = _sequence.next()
    value = (milliseconds & (2**48 - 1)) << 80
    return UUID(int=value | _VERSION_7 << 76 | counter << 64 | _VARIANT_RFC << 62 | random)
