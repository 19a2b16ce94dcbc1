"""A set of texts that keeps eight bytes of each: a dry run of a million rows must notice a repeat and still fit anywhere."""

from __future__ import annotations

from array import array

_FIRST = 1 << 12
_MASK = (1 << 64) - 1


class Seen:
    """Remembers by 64-bit digests in an open table; two of 1.5 million texts share one in a trillion runs of the million.

    The digests are Python's own (keyed afresh in each process), so nobody can make texts that collide.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._slots = array("Q", bytes(8 * _FIRST))
        self._count = 0

    def add(self, key: str | bytes) -> bool:
        """Remember ``key``; say whether it is new."""
        # Zero marks a free slot.
        value = hash(key) & _MASK or 1
        if not self._put(value):
            return False
        self._count += 1
        if self._count * 2 > len(self._slots):
            self._grow()
        return True

    def __contains__(self, key: object) -> bool:
        """Say whether ``key`` was added."""
        value = hash(key) & _MASK or 1
        slots, mask = self._slots, len(self._slots) - 1
        place = value & mask
        while found := slots[place]:
            if found == value:
                return True
            place = (place + 1) & mask
        return False

    def _put(self, value: int) -> bool:
        slots, mask = self._slots, len(self._slots) - 1
        place = value & mask
        while found := slots[place]:
            if found == value:
                return False
            place = (place + 1) & mask
        slots[place] = value
        return True

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(2 * 8 * len(old)))
        for value in old:
            if value:
                self._put(value)
