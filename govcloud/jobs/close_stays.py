"""Signs people out of subsystems that cannot ask by themselves once their door has closed: a role ended, a duty, a policy, a term."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job, told_to_stop
from govcloud.services import Services


def close_stays(services: Services) -> int:
    """End the stays whose door has closed since the last look; return how many."""
    return services.closed_doors.look(ACTOR, told_to_stop)


CLOSE_STAYS = Job("close_stays", timedelta(seconds=2), close_stays)
