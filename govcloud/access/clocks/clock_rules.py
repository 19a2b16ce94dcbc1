"""The rules of the clock that runs on departments: working hours, and within how many of them an item of each tier is answered.

They are set in one place by the security administrator or at the command line (``kernel/rulebook.py``). A line keeps the moments that
it was given when it was placed, so that another rule moves no deadline that somebody was told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from govcloud.access.clocks.working_time import WorkingHours
from govcloud.access.events import ClockRulesSet
from govcloud.access.models import ClockPolicyVersion
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.events import Event
from govcloud.kernel.messages import Message
from govcloud.kernel.rulebook import Rule, Rulebook, TimeOfDay, Whole
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import Fields

#: Two working days of six and a half hours.
_TWO_DAYS = 13
LEAST_HOURS, MOST_HOURS = 1, 260
_HOURS_OF = {"auto": "auto_hours", "one": "one_hours", "quorum": "quorum_hours", "two_units": "two_units_hours", "serial": "serial_hours"}
HOURS = tuple(_HOURS_OF.values())
TIMES = ("morning_from", "morning_to", "afternoon_from", "afternoon_to")


@dataclass(frozen=True, kw_only=True)
class ClockRules:
    """The rules, each with what it is without anybody's word.

    Attributes:
        morning_from, morning_to, afternoon_from, afternoon_to: the working day, as clocks in China show it (``HH:MM``).
        auto_hours, one_hours, quorum_hours, two_units_hours, serial_hours: working hours within which the department that owns an
            item of that tier answers. At half of it the approvers are reminded, when it is over the deputies may decide as well, at
            one and a half also the department above, and at twice the line lapses.
    """

    morning_from: str = "09:00"
    morning_to: str = "12:00"
    afternoon_from: str = "13:30"
    afternoon_to: str = "17:00"
    auto_hours: int = _TWO_DAYS
    one_hours: int = _TWO_DAYS
    quorum_hours: int = _TWO_DAYS
    two_units_hours: int = _TWO_DAYS
    serial_hours: int = _TWO_DAYS

    @property
    def hours(self) -> WorkingHours:
        """Return the working hours of a day.

        Raises:
            ValueError: they do not rise through the day.
        """
        moments = [time.fromisoformat(getattr(self, name)) for name in TIMES]
        return WorkingHours(((moments[0], moments[1]), (moments[2], moments[3])))

    def to_answer(self, tier: str) -> timedelta:
        """Return the working time within which an item of ``tier`` is answered; one without a rule counts as one approver's."""
        return timedelta(hours=getattr(self, _HOURS_OF.get(tier, "one_hours")))


class ClockPolicies(Rulebook[ClockRules]):
    """The rules of the clock that hold now, and how others are set."""

    command = "govcloud:clock_policy:set"
    target = Target("clock_policy", "clocks")
    table = ClockPolicyVersion
    rules: ClassVar[Mapping[str, Rule]] = {**dict.fromkeys(TIMES, TimeOfDay()), **dict.fromkeys(HOURS, Whole(LEAST_HOURS, MOST_HOURS))}

    def __init__(self, uow: UnitOfWork, read: Callable[[], Session], clock: Clock) -> None:
        """Take the unit of work, the source of reading sessions, and the clock."""
        super().__init__(uow, read, clock, ClockRules())

    def _told(self, changes: dict[str, Any], reason: str) -> Event:
        return ClockRulesSet(subject="access:clocks", changes=changes, reason=reason)

    def _check_together(self, form: Fields, rules: ClockRules) -> None:
        """Note hours that do not rise through the day."""
        try:
            _ = rules.hours
        except ValueError:
            shown = " ".join(getattr(rules, name) for name in TIMES)
            form.fail("morning_to", Message("各时刻须依次推后，例如 09:00、12:00、13:30、17:00。"), shown)
