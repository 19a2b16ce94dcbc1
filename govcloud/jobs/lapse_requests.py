"""Closes the lines of requests that nobody answered in time; this stands against the department that held them."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def lapse(services: Services) -> int:
    """Close what is due; return how many lines that were."""
    return services.access.lapse_due(ACTOR)


LAPSE_REQUESTS = Job("lapse_requests", timedelta(seconds=30), lapse)
