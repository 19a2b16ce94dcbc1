"""Separation of duty at work: lets blocked lines on when their conflict is gone, and lists each night who breaks a rule."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job, told_to_stop
from govcloud.services import Services


def let_on(services: Services) -> int:
    """Look again at the lines that wait for an exception; return how many go on to their owners."""
    return services.blocked.look_at_all(ACTOR, told_to_stop)


def look(services: Services) -> int:
    """Compare every rule with what people hold; return how many violations came or went."""
    return services.apart.look_for_violations(ACTOR)


UNBLOCK_LINES = Job("unblock_lines", timedelta(minutes=1), let_on)
LOOK_APART = Job("look_apart", timedelta(days=1), look)
