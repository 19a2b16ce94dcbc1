"""Does what the clocks of waiting lines say: reminds, lets deputies in, then the department above, and lets lapse what nobody answered."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job, told_to_stop
from govcloud.services import Services


def escalate(services: Services) -> int:
    """Take the steps that are due; return how many were taken."""
    return services.escalating.run(ACTOR, until=told_to_stop)


ESCALATE = Job("escalate", timedelta(seconds=30), escalate)
