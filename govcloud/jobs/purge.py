"""Deletes what was kept long enough: expired tickets and tokens, sign-in attempts, logged decisions, keys of calls, notices."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def purge(services: Services) -> int:
    """Delete batch after batch until nothing is left; return how many rows went."""
    gone = 0
    forgetting = (
        services.signon.purge,
        services.decision_log.purge,
        services.answered_calls.purge,
        services.authorization.forget_uses,
        services.notice_forgetting.purge,
    )
    for forget in forgetting:
        while batch := forget(ACTOR):
            gone += batch
    return gone


PURGE = Job("purge", timedelta(minutes=10), purge)
