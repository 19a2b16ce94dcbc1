"""Works off orders to end many grants that the page or the program which gave them has left: nothing that was ordered stays undone."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job, told_to_stop
from govcloud.services import Services


def end_grants(services: Services) -> int:
    """Go on with every order that is not done; return how many grants they have ended by now."""
    return sum(services.ending.go_on(ACTOR, order, told_to_stop).done for order in services.ending.unfinished())


END_GRANTS = Job("end_grants", timedelta(seconds=2), end_grants)
