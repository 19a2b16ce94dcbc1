"""Sends the webhooks and the notices of sign-out that are due."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def deliver(services: Services) -> int:
    """Send what is due; return how many messages arrived."""
    return services.delivery.deliver_due(ACTOR).delivered


DELIVER_OUTBOX = Job("deliver_outbox", timedelta(seconds=1), deliver)
