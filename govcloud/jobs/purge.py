"""Deletes long expired tickets and tokens and old sign-in attempts."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def purge(services: Services) -> int:
    """Delete batch after batch until nothing is left; return how many rows went."""
    gone = 0
    while batch := services.signon.purge(ACTOR):
        gone += batch
    return gone


PURGE = Job("purge", timedelta(minutes=10), purge)
