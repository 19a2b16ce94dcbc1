"""Integration levels: how closely a subsystem is connected, and so what a grant in it means (SIGNON.md, "Integration levels").

L0 the door alone · L1 claims at sign-in · L2 the check API is asked for every operation · L3 rows and fields are filtered.
"""

from __future__ import annotations

from typing import NamedTuple

DOOR, CLAIMS, CHECK, FILTER = range(4)


class Traits(NamedTuple):
    """What decisions read of a function: its label, how closely a decision about it is enforced, and whether its use is sensitive."""

    label: int = 0
    level: int = FILTER
    sensitive: bool = False


#: What the platform's own functions are like: it enforces what it decides.
OWN = Traits()


def keeps_rows(level: int) -> bool:
    """Say whether a right to certain rows is kept: at L2 each operation names its row, at L3 the rows are filtered."""
    return level >= CHECK


def keeps_fields(level: int) -> bool:
    """Say whether fields are masked and hidden as an answer says: only L3 shapes what is shown; below, an answer is a yes or a no."""
    return level >= FILTER


def asks_each_time(level: int) -> bool:
    """Say whether the end of a grant is felt at the next operation; below L2 the stay in the subsystem has to be ended instead."""
    return level >= CHECK
