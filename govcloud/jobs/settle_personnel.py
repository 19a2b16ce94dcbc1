"""Settles changes in people's duties whose day has come: sessions and grants end, and it stands on record; no decision waits for it."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def settle(services: Services) -> int:
    """Settle what is due; return how many changes and ends of appointments that were."""
    return services.identity.settle_due(ACTOR)


SETTLE_PERSONNEL = Job("settle_personnel", timedelta(seconds=10), settle)
