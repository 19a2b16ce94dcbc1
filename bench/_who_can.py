"""Who can open a function that 50,000 people hold, at the size of the province: the first page, and the whole list.

A part of ``bench._impact``, which has the people; the function that the fewest hold is lent to so many of them here.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from bench._platform import Platform
from bench._rows import Target
from bench._running import percentile, say
from govcloud.authorization.answers.entries import PeoplePage
from govcloud.authorization.answers.people import MOST_PEOPLE
from govcloud.kernel.database import db
from govcloud.services import Services

FIRST_PAGE, WHOLE = Target("<=", 20), Target("<=", 200)
_LAPS, _PAGE, _MORE = 20, 20, 5


def measure(place: Platform, services: Services, size: str, count: int, lend: Callable[[str, int], None]) -> None:
    """Lend a function with ``lend`` to so many that ``count`` people can open it, and list them."""
    function = _of_few(services)
    # Some who are lent it lack the label that it asks for.
    lend(function, count + count // _MORE)
    stopwatch = place.stopwatch(os.getpid())
    held = len(services.authorization_queries.answers.list_people(function, {}, {}, limit=MOST_PEOPLE).rows)
    say(f"who can open {function}: {held:,} people")
    assert held >= count, f"{held:,} people were found of {count:,}"
    for what, limit, target in (("first page", _PAGE, FIRST_PAGE), ("the whole list", MOST_PEOPLE, WHOLE)):

        def look(limit: int = limit) -> PeoplePage:
            page = services.authorization_queries.answers.list_people(function, {}, {}, limit=limit)
            db.session.remove()
            return page

        look()
        laps = [stopwatch.lap(look) for _ in range(_LAPS)]
        label = f"who can open a function that {held:,} people hold, at {size}, {what}"
        place.sheet.add(f"{label}, clock, p50", percentile([lap.clock for lap in laps], 50), "ms", target)
        place.sheet.add(f"{label}, work, p50", percentile([lap.work for lap in laps], 50), "ms")


def _of_few(services: Services) -> str:
    """Return a function of a relying system that as few as possible can open."""
    catalogue = services.drafting.measuring.catalogue(services.clock.now())
    inside = sorted(function for function in catalogue if not function.endswith(":door:enter"))
    return min(inside, key=lambda function: services.authorization_queries.answers.count_people(function, {}, {}).allowed)
