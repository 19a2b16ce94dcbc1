"""Sends the webhooks that are due."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.outbox.deliver import BATCH
from govcloud.services import Services


def deliver(services: Services) -> int:
    """Send batch after batch until less than a full one was due; return how many arrived."""
    arrived = 0
    while True:
        run = services.delivery.deliver_due(ACTOR)
        arrived += run.delivered
        if run.delivered + run.failed < BATCH:
            return arrived


DELIVER_OUTBOX = Job("deliver_outbox", timedelta(seconds=1), deliver)
