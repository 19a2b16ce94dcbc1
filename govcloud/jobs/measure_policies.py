"""Works out whom policy drafts would touch, where that takes too long to wait for."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def measure(services: Services) -> int:
    """Take up what waits, and what was interrupted; return how many impacts that were."""
    return services.drafting.work(ACTOR)


MEASURE_POLICIES = Job("measure_policies", timedelta(seconds=1), measure)
