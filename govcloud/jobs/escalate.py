"""Does what the clocks of waiting lines say: reminds, lets deputies in, then the department above, and lets lapse what nobody answered."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job, told_to_stop
from govcloud.services import Services

BATCH = 200


def escalate(services: Services) -> int:
    """Take the steps that are due, batch after batch until less than a full one is; return how many were taken."""
    taken = 0
    while not told_to_stop():
        done = services.escalating.run(ACTOR, BATCH, told_to_stop)
        taken += done
        if done < BATCH:
            break
    return taken


ESCALATE = Job("escalate", timedelta(seconds=30), escalate)
