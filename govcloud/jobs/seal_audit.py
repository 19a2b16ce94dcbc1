"""Gives committed events their place in the audit record, ten times a second."""

from __future__ import annotations

from datetime import timedelta

from govcloud.audit.sequencer import BATCH
from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def seal(services: Services) -> int:
    """Sequence batch after batch until less than a full one waits; nothing when another process is at it."""
    events = 0
    while run := services.sequencer.run_once(ACTOR):
        events += run.events
        if run.events < BATCH:
            break
    return events


SEAL_AUDIT = Job("seal_audit", timedelta(milliseconds=100), seal)
