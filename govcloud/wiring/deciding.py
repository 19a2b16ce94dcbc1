"""What decisions are made with: the decider, its working calendar and network zones, the machine's replica, and the watch on the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from govcloud.access.tasks.lending import lent_among
from govcloud.authorization.around.calendar_days import LiveCalendar
from govcloud.authorization.around.clock_watch import ClockWatch
from govcloud.authorization.around.network_zones import zones_of
from govcloud.authorization.around.surroundings import Surroundings
from govcloud.authorization.around.work_calendar import WorkCalendar, WorkCalendarError, read_calendar, shipped_calendar
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.replica.database import known_identity
from govcloud.authorization.replica.reading import Replica
from govcloud.kernel.clock import Clock, SystemClock
from govcloud.kernel.prepared import Look, Looker
from govcloud.settings import Settings, SettingsError
from govcloud.wiring.ground import Ground, Reads

_DATABASE_TIME = Look(select(func.clock_timestamp().label("at")))


@dataclass(frozen=True)
class Deciding:
    """What decides, and the working calendar that it goes by."""

    decider: Decider
    calendar: LiveCalendar


def wire_deciding(ground: Ground, reads: Reads) -> Deciding:
    """Make what decides, before there is a unit of work: that asks it."""
    settings = ground.settings
    calendar = LiveCalendar(ground.look, ground.clock, base_calendar(settings))
    decider = Decider(
        ground.read,
        reads.identity,
        reads.subsystems,
        ground.clock,
        surroundings=replace(surroundings(settings), calendar=calendar),
        source=_replica(settings, ground.read, lambda: ground.uow.at_work()),  # noqa: PLW0108 - it is made later
        watch=_watch(settings, ground.clock, ground.look),
    )
    decider.lent_to = lambda officials, now: lent_among(ground.read(), officials, now)
    return Deciding(decider, calendar)


def base_calendar(settings: Settings) -> WorkCalendar:
    """Return the working calendar of the installation, to which imported days are added.

    Raises:
        SettingsError: the file of days is wrong.
    """
    if settings.work_calendar_file is None:
        return shipped_calendar()
    try:
        return shipped_calendar().amended_by(read_calendar(settings.work_calendar_file))
    except WorkCalendarError as error:
        raise SettingsError(f"GOVCLOUD_WORK_CALENDAR_FILE: {error}") from error


def surroundings(settings: Settings) -> Surroundings:
    """Return the working calendar of the installation and the network zones by which the platform decides.

    Raises:
        SettingsError: the file of days or the networks are wrong.
    """
    try:
        return Surroundings(base_calendar(settings), zones_of(settings.network_zones))
    except ValueError as error:
        raise SettingsError(f"GOVCLOUD_NETWORK_ZONES: {error}") from error


def _replica(settings: Settings, read: Callable[[], Session], busy: Callable[[], bool]) -> Replica | None:
    """Return this machine's replica of what decisions read, if it is to have one."""
    if settings.replica_dir is None:
        return None
    return Replica(settings.replica_dir, settings.replica_bound_seconds, identity=partial(known_identity, read), busy=busy)


def _watch(settings: Settings, clock: Clock, look: Looker) -> ClockWatch | None:
    """Return what compares this machine's clock with the database's; a clock that is set by hand belongs to no machine."""
    if not isinstance(clock, SystemClock):
        return None
    return ClockWatch(clock, lambda: look(_DATABASE_TIME)[0].at, timedelta(seconds=settings.clock_bound_seconds))
