"""What becomes of one function for one subject when a policy gives way to another: gained, lost, perhaps, or on other rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reach(StrEnum):
    """How far a function is open when nothing is known of the thing, the time or the place: not, perhaps, for certain."""

    CLOSED = "closed"
    CONDITIONAL = "conditional"
    OPEN = "open"


class Effect(StrEnum):
    """What a change of policy does to one function of one subject."""

    GAINED = "gained"
    MAY_GAIN = "may_gain"
    LOST = "lost"
    MAY_LOSE = "may_lose"
    ALTERED = "altered"


GAINS = (Effect.GAINED, Effect.MAY_GAIN)
LOSSES = (Effect.LOST, Effect.MAY_LOSE)

_BETWEEN: Mapping[tuple[Reach, Reach], Effect] = {
    (Reach.CLOSED, Reach.OPEN): Effect.GAINED,
    (Reach.CLOSED, Reach.CONDITIONAL): Effect.MAY_GAIN,
    (Reach.CONDITIONAL, Reach.OPEN): Effect.MAY_GAIN,
    (Reach.OPEN, Reach.CLOSED): Effect.LOST,
    (Reach.OPEN, Reach.CONDITIONAL): Effect.MAY_LOSE,
    (Reach.CONDITIONAL, Reach.CLOSED): Effect.MAY_LOSE,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a function is open, and on what it rests: rows, fields, and the conditions that are still to be met."""

    reach: Reach
    rests_on: frozenset[object] = frozenset()


def between(before: Outcome, after: Outcome) -> Effect | None:
    """Return what happens; ``None``: nothing."""
    if before.reach is after.reach:
        return Effect.ALTERED if before.rests_on != after.rests_on else None
    return _BETWEEN[before.reach, after.reach]
