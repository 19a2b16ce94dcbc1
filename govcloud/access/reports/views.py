"""What the reports say: plain records; times are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from govcloud.access.views import HeldAccess


@dataclass(frozen=True)
class Waited:
    """How long requests waited until all was open that was approved of them: as it was, and what it would have been one after another.

    ``parallel`` is from the first line's submission to the last one's approval; ``serial`` is the sum of what the lines waited, each
    for its own department. Both as (half of the requests, nineteen of twenty); ``None`` when there are none.
    """

    requests: int
    lines: int
    parallel: tuple[float, float] | None
    serial: tuple[float, float] | None


@dataclass(frozen=True)
class TimeToAccess:
    """The waiting of requests that were approved in ``(since, until]``: of all, by how many lines they have, and week by week.

    The last number of lines stands for all that have as many or more; weeks begin on Monday, in China.
    """

    since: datetime
    until: datetime
    total: Waited
    by_lines: tuple[tuple[int, Waited], ...]
    by_week: tuple[tuple[date, Waited], ...]


@dataclass(frozen=True)
class Held:
    """How access to one subsystem is held now: by temporary grants (and how many people), by roles given, and by rules of duty."""

    subsystem_code: str
    subsystem_name: str
    grants: int
    people: int
    assignments: int
    duty_rules: int


@dataclass(frozen=True)
class Expiring:
    """The grants that end within some days: how many on each of them (in China), and the first to end, with those extended already."""

    days: int
    by_day: tuple[tuple[date, int], ...]
    first: tuple[HeldAccess, ...]

    @property
    def count(self) -> int:
        """How many grants end."""
        return sum(count for _day, count in self.by_day)
