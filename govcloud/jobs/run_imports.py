"""Checks uploaded files of people, applies those that were confirmed, and goes on with what was interrupted."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def work(services: Services) -> int:
    """Take up what waits; return how many imports that were. Each runs with the rights of whoever confirmed it."""
    return services.importing.work(ACTOR)


RUN_IMPORTS = Job("run_imports", timedelta(seconds=1), work)
