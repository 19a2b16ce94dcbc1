"""A stopwatch with two hands: the clock on the wall, and the time that the answering processes worked.

On a machine that others use too the first tells mostly about the others. The second (Linux counts it for every thread, in
``schedstat``) is what a call takes where nobody else is at work, but for a few wake-ups: it is the server's time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Lap:
    """How long one call took, in milliseconds: by the clock, and in work of the processes that answered it."""

    clock: float
    work: float


class Stopwatch:
    """Times calls that certain processes answer."""

    def __init__(self, processes: Iterable[int]) -> None:
        """Take the processes that answer; all of their threads count."""
        self._folders = [_PROC / str(process) / "task" for process in processes]

    def lap(self, call: Callable[[], object]) -> Lap:
        """Return how long ``call`` takes; what it leaves to be done after the answer falls to the next lap."""
        worked, begun = self._worked(), time.perf_counter_ns()
        call()
        clock = time.perf_counter_ns() - begun
        return Lap(clock / 1e6, (self._worked() - worked) / 1e6)

    def _worked(self) -> int:
        return sum(_ran(thread) for folder in self._folders if folder.is_dir() for thread in folder.iterdir())


def group_of(leader: int) -> list[int]:
    """Return the processes of the group that ``leader`` leads."""
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal() and _group(entry) == leader]


def _group(process: Path) -> int | None:
    """Return the group of a process; ``None`` when it has ended meanwhile."""
    try:
        return int((process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[2])
    except OSError:
        return None


def _ran(thread: Path) -> int:
    """Return for how many nanoseconds a thread has run; none for one that has ended meanwhile."""
    try:
        return int((thread / "schedstat").read_text(encoding="ascii").split()[0])
    except OSError:
        return 0
