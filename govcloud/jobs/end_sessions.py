"""Puts the end of sessions that ran out on record; no check waits for it, as every check compares the time itself."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def end_expired(services: Services) -> int:
    """End what ran out; return how many sessions that were."""
    return services.signon.end_expired(ACTOR)


END_SESSIONS = Job("end_sessions", timedelta(minutes=1), end_expired)
