"""Closed load on a server: so many connections, each asking again as soon as it was answered; windows, warming up, rounds in turn."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench._running import percentile, say

Operation = Callable[[], object]
"""One operation over a connection of its own; it raises when it goes wrong."""
#: A server is warm when its last windows differ by no more than this.
STEADY = 0.05
WINDOWS = 3
MOST_WINDOWS = 12


@dataclass(frozen=True)
class Window:
    """What one stretch of time brought."""

    rate: float
    seconds: Sequence[float]

    @property
    def p99(self) -> float:
        """Return the time, in milliseconds, that ninety-nine of a hundred did not exceed."""
        return percentile(self.seconds, 99) * 1e3


@dataclass
class Measured:
    """The windows of one operation on one server, one for each round."""

    windows: list[Window] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return the median of operations a second."""
        return statistics.median(window.rate for window in self.windows)

    @property
    def p99(self) -> float:
        """Return the median of the rounds' 99th percentiles, in milliseconds."""
        return statistics.median(window.p99 for window in self.windows)


def window(operations: Sequence[Operation], seconds: float) -> Window:
    """Let every connection work for ``seconds``.

    Raises:
        Exception: whatever an operation raised, once all have stopped.
    """
    taken: list[list[float]] = [[] for _ in operations]
    failed: list[BaseException] = []
    begun = time.perf_counter()
    until = begun + seconds

    def work(operation: Operation, times: list[float]) -> None:
        try:
            while (now := time.perf_counter()) < until:
                operation()
                times.append(time.perf_counter() - now)
        except Exception as error:  # noqa: BLE001 - handed to the caller, who would not hear of it otherwise
            failed.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(operations, taken, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    spent = time.perf_counter() - begun
    times = [second for mine in taken for second in mine]
    return Window(len(times) / spent, times)


def warm(name: str, operations: Sequence[Operation], seconds: float) -> bool:
    """Work until three windows in a row lie within five per cent of each other; say whether they came to."""
    rates: list[float] = []
    for _ in range(MOST_WINDOWS):
        rates.append(window(operations, seconds).rate)
        last = rates[-WINDOWS:]
        if len(last) == WINDOWS and max(last) - min(last) <= STEADY * max(last):
            return True
    say(f"{name} did not become steady: {', '.join(f'{rate:.0f}' for rate in rates)} a second")
    return False


def rounds(servers: Mapping[str, Sequence[Operation]], count: int, seconds: float) -> dict[str, Measured]:
    """Measure the same operation on every server, one after the other, ``count`` times over."""
    measured = {name: Measured() for name in servers}
    for _ in range(count):
        for name, operations in servers.items():
            measured[name].windows.append(window(operations, seconds))
    return measured
