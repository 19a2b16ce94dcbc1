"""Integration levels: how closely a subsystem is connected, and so what a grant in it means (SIGNON.md, "Integration levels").

L0 the door alone · L1 claims at sign-in · L2 the check API is asked for every operation · L3 rows and fields are filtered.
"""

from __future__ import annotations

DOOR, CLAIMS, CHECK, FILTER = range(4)


def keeps_rows(level: int) -> bool:
    """Say whether a grant for certain rows is kept: at L2 each operation names its row, at L3 the rows are filtered."""
    return level >= CHECK


def asks_each_time(level: int) -> bool:
    """Say whether the end of a grant is felt at the next operation; below L2 the stay in the subsystem has to be ended instead."""
    return level >= CHECK
