"""What conditions read as ``context``: what a question tells, and what the platform knows better (time, working day, network zone).

Whatever a caller says of the latter is not looked at: the clock is ours, the calendar is ours, and a zone is worked out from an
address that came from a source trusted to tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from govcloud.authorization.around.network_zones import NetworkZones
from govcloud.authorization.around.work_calendar import Days, shipped_calendar

#: Working hours are those of the government, wherever the server stands; China has had one zone without summer time since 1991.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")


@dataclass(frozen=True)
class Surroundings:
    """The working calendar and the network zones by which the platform decides."""

    calendar: Days = field(default_factory=shipped_calendar)
    zones: NetworkZones = field(default_factory=NetworkZones)


#: Those that ship with the platform: its calendar, and no zones.
SHIPPED = Surroundings()


class Context:
    """The context of one question; what is computed is computed when a condition reads it, which few do."""

    __slots__ = ("_address", "_given", "_local", "_now", "_surroundings")

    def __init__(self, now: datetime, given: Mapping[str, Any], surroundings: Surroundings, client_address: str | None = None) -> None:
        """Take the moment, what the question tells, the surroundings, and the trusted address of the person's device."""
        self._now = now
        self._given = given
        self._surroundings = surroundings
        self._address = client_address
        self._local: datetime | None = None

    def get(self, name: str, /) -> Any:  # noqa: ANN401 - attributes have many types
        """Return an attribute; ``None`` when nobody told it."""
        compute = _KNOWN.get(name)
        return self._given.get(name) if compute is None else compute(self)

    def _here(self) -> datetime:
        """Return the moment as clocks in China show it."""
        if self._local is None:
            self._local = self._now.astimezone(CHINA)
        return self._local

    def _time(self) -> str:
        return f"{self._here():%H:%M}"

    def _weekday(self) -> int:
        return self._here().isoweekday()

    def _workday(self) -> bool | None:
        return self._surroundings.calendar.workday(self._here().date())

    def _zone(self) -> str | None:
        return self._surroundings.zones.zone_of(self._address)


_KNOWN: Mapping[str, Callable[[Context], Any]] = {
    "time": Context._time,  # noqa: SLF001 - the table of its own class
    "weekday": Context._weekday,  # noqa: SLF001
    "workday": Context._workday,  # noqa: SLF001
    "network_zone": Context._zone,  # noqa: SLF001
}
