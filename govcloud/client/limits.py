"""How long the client waits for the platform, how often it asks again, and when it stops asking for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from secrets import SystemRandom

from govcloud.client.errors import ConfigurationError


@dataclass(frozen=True)
class Limits:
    """The bounds of one client; all of them positive. Times are in seconds.

    Attributes:
        connect: for a connection (and for a free one of the pool).
        read: for the next piece of an answer, and for sending the question.
        total: for one check with everything: connections, repeats, pauses.
        attempts: how often one check is tried at most.
        pause: the first pause before a repeat; doubled each time, and spread at random.
        failures: after how many failed checks in a row the platform is left alone.
        rest: for how long, at first; doubled each time, up to ``longest_rest``.
        longest_rest: see ``rest``.
        connections: how many connections the pool keeps.
        batch: how many questions go into one call; more go into several.
        question_bytes: the longest body that is sent.
        answer_bytes: the longest body that is read.
    """

    connect: float = 1.0
    read: float = 2.0
    total: float = 3.0
    attempts: int = 3
    pause: float = 0.05
    failures: int = 5
    rest: float = 1.0
    longest_rest: float = 30.0
    connections: int = 32
    batch: int = 200
    question_bytes: int = 1_000_000
    answer_bytes: int = 16_000_000

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ConfigurationError: one is not positive.
        """
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ConfigurationError(f"{item.name} must be a number above 0, not {value!r}")


def _spread(most: float) -> float:
    """Return a random time up to ``most``."""
    return SystemRandom().uniform(0, most)


@dataclass(frozen=True)
class Pace:
    """The clock that the client goes by; tests bring their own.

    Attributes:
        now: seconds that only go forward.
        wall: the date and time, seconds since 1970 (``Retry-After`` may be a date).
        spread: a random time up to the one that is given, so that many clients do not ask again in step.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    spread: Callable[[float], float] = _spread
