"""Puts the end of sessions that ran out on record and tells the subsystems; no check waits for it, as each compares the time itself."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services
from govcloud.signon.sessions import BATCH


def end_expired(services: Services) -> int:
    """End batch after batch of what ran out until less than a full one was due; return how many sessions that were."""
    ended = 0
    while True:
        batch = services.signon.end_expired(ACTOR)
        ended += batch
        if batch < BATCH:
            return ended


END_SESSIONS = Job("end_sessions", timedelta(seconds=10), end_expired)
