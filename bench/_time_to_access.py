"""How long a request of several departments takes: in parallel and one after the other, with and without escalation, simulated.

The clocks are the platform's own (working time, its rules); how approvers answer is assumed: sixty in a hundred after a median of 45
minutes, thirty on the next working day, ten not at all until the clock lets the deputies in. Without escalation such a line lapses and is
asked for again.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench._rows import Sheet
from bench._running import percentile, say
from govcloud.access.clocks.clock_rules import ClockRules
from govcloud.access.clocks.working_time import WorkingTime
from govcloud.authorization.around.work_calendar import shipped_calendar

REQUESTS = 2_000
_MEDIAN, _SPREAD = 45.0, 1.0
_QUICK, _NEXT_DAY = 0.6, 0.9
#: How many departments a request asks: a median of three, eight at the 95th percentile.
_DEPARTMENTS = (1, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8)
_BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

Answer = Callable[[datetime, random.Random], datetime]


class Office:
    """A department that answers lines by the assumption, on the platform's clocks."""

    def __init__(self, *, escalates: bool) -> None:
        """Take whether the clock lets the deputies in."""
        self._working = WorkingTime(shipped_calendar())
        self._to_answer = ClockRules().to_answer("one")
        self._escalates = escalates

    def answered(self, asked: datetime, chance: random.Random) -> datetime:
        """Return when a line that is asked at ``asked`` is answered."""
        drawn = chance.random()
        if drawn < _QUICK:
            return self._working.add(asked, _minutes(chance))
        if drawn < _NEXT_DAY:
            return self._working.add(asked, self._working.day + _minutes(chance))
        if self._escalates:
            return self._working.add(asked, self._to_answer + _minutes(chance))
        return self.answered(self._working.add(asked, self._to_answer * 2), chance)

    def waited(self, since: datetime, until: datetime) -> float:
        """Return the working hours between two moments."""
        return self._working.between(since, until).total_seconds() / 3600


def simulate(sheet: Sheet) -> None:
    """Ask ``REQUESTS`` times both ways, with and without escalation, the same chances each time."""
    say(f"{REQUESTS:,} requests simulated, four ways")
    for escalates in (True, False):
        office = Office(escalates=escalates)
        taken: dict[str, list[float]] = {"parallel": [], "one after the other": []}
        for number in range(REQUESTS):
            chance = random.Random(number)
            departments = chance.choice(_DEPARTMENTS)
            asked = _BEGIN + timedelta(minutes=chance.randrange(180 * 24 * 60))
            seeds = [chance.random() for _ in range(departments)]
            taken["parallel"].append(office.waited(asked, max(office.answered(asked, random.Random(seed)) for seed in seeds)))
            moment = asked
            for seed in seeds:
                moment = office.answered(moment, random.Random(seed))
            taken["one after the other"].append(office.waited(asked, moment))
        label = "escalated" if escalates else "not escalated"
        for way, hours in taken.items():
            for rank in (50, 95):
                sheet.add(f"time to access, simulated, {way}, {label}, p{rank}", percentile(hours, rank), "working hours")


def _minutes(chance: random.Random) -> timedelta:
    return timedelta(minutes=_MEDIAN * math.exp(_SPREAD * chance.gauss(0, 1)))
