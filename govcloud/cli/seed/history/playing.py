"""Fills an empty platform with a province that has lived for seven weeks: the clock is set back, and everything happens at its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from govcloud.cli.seed.history.deciders import DeciderScenes
from govcloud.cli.seed.history.routine import WEEKS, Routine
from govcloud.cli.seed.history.staff import StaffScenes
from govcloud.cli.seed.history.stage import Stage
from govcloud.cli.seed.loader import load
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.report import Progress, SeedReport
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services

BEGINNING = timedelta(days=7 * WEEKS + 3)
"""So long before the first look the province begins."""
_STAGE = "seven weeks"


def live(
    services: Services, clock: ManualClock, until: datetime, plan: Plan, *, progress: Progress, launch_urls: Mapping[str, str]
) -> SeedReport:
    """Load a province at ``clock``'s moment and play what happened up to ``until``; the clock stands there afterwards.

    The province is loaded in one transaction, and each act is one of its own, as it was for whoever acted.

    Args:
        services: a platform that goes by ``clock``, whose record of events is empty: events follow one another in time.
        clock: set to some weeks before ``until``.
        until: the moment of the first look.
        plan: the province; the acts follow from its seed.
        progress: told the stage, how much of it is done and how much there is.
        launch_urls: addresses of the example subsystems, by code.
    """
    report = load(services, plan, progress, launch_urls)
    stage = Stage(services, clock, report.staff, until, plan.seed)
    Routine(stage).prepare()
    StaffScenes(stage).prepare()
    DeciderScenes(stage).prepare()
    stage.play(lambda done, known: progress(_STAGE, done, known))
    return report
