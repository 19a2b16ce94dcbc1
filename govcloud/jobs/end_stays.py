"""Signs people out of subsystems that cannot ask by themselves when a grant has run out there (integration levels 0 and 1)."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services
from govcloud.signon.logout.service import ASKS_BY_ITSELF
from govcloud.signon.logout.views import GrantEnding

LOOK_BACK = timedelta(days=2)
"""Longer than any session lasts without a new sign-in, so that a job which rested over a night finds what it missed."""


def end_stays(services: Services) -> int:
    """End the stays that began before their grant ran out; return how many. One that ended is not found again."""
    now = services.clock.now()
    functions = [item.code for item in services.subsystem_queries.functions() if item.integration_level < ASKS_BY_ITSELF]
    grants = services.authorization_queries.ran_out(functions, now - LOOK_BACK, now) if functions else ()
    endings = [GrantEnding(item.id, item.official_id, item.subsystem_code, item.function, item.ends_at) for item in grants]
    return services.logout.end_stays(ACTOR, endings, "grant_expired")


END_STAYS = Job("end_stays", timedelta(seconds=10), end_stays)
