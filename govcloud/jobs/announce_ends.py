"""Tells holders of temporary access that it ends within a week, and within a day."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job, told_to_stop
from govcloud.services import Services


def announce(services: Services) -> int:
    """Tell of the ends that have come near; return of how many."""
    return services.announcing.run(ACTOR, told_to_stop)


ANNOUNCE_ENDS = Job("announce_ends", timedelta(minutes=1), announce)
