"""The clock of a line: by when its department answers, in working time, and what the clock does when it does not.

It runs on the department that holds the line, and only while the line waits for it: a line that was returned to its requester, or that
separation of duty keeps apart, has a clock that stands. What the clock does at each moment is the work of ``escalating.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from govcloud.access.clocks.clock_rules import ClockRules
from govcloud.access.clocks.working_time import WorkingTime
from govcloud.access.models import RequestLine
from govcloud.authorization.around.work_calendar import Days

#: The marks of the clock, in the order of escalation: the column of each, and how many times the time to answer it stands at.
MARKS = (("remind_at", 0.5), ("deputy_at", 1.0), ("superior_at", 1.5), ("due_at", 2.0))
LEFT_LYING = timedelta(days=30)
"""How long a line waits for whoever has to do something about it while its clock stands: a correction, an exception."""


class Clocks:
    """Starts, stops and reads the clocks of lines; it writes on the row that it is handed, whose lock the caller holds."""

    def __init__(self, rules: Callable[[], ClockRules], calendar: Callable[[], Days]) -> None:
        """Take what gives the rules, and the calendar, as they are now."""
        self._rules = rules
        self._calendar = calendar
        self._counting: WorkingTime | None = None

    @property
    def working(self) -> WorkingTime:
        """Return working time by the hours and the calendar as they are now."""
        hours, calendar = self._rules().hours, self._calendar()
        known = self._counting
        if known is None or known.calendar is not calendar or known.hours != hours:
            known = self._counting = WorkingTime(calendar, hours)
        return known

    def start(self, line: RequestLine, tier: str, now: datetime) -> None:
        """Let the clock of a line that is placed begin to run."""
        span, working = self._rules().to_answer(tier), self.working
        for column, times in MARKS:
            setattr(line, column, working.add(now, span * times))
        line.escalation, line.waited_seconds, line.counted_from, line.paused_at = 0, 0, now, None
        line.acts_at = next_act(line)

    def start_anew(self, line: RequestLine, tier: str, now: datetime) -> None:
        """Let the marks of a line be counted from ``now``, as its next step waits for other people; what it has waited stays counted."""
        waited = int(self.waited(line, now).total_seconds())
        self.start(line, tier, now)
        line.waited_seconds = waited

    def pause(self, line: RequestLine, now: datetime) -> None:
        """Let the clock stand: the line does not wait for its department. One that stands already goes on standing where it stood.

        Whoever has to do something about it has ``LEFT_LYING`` for that from now on; then it lapses, which stands against no department.
        """
        if line.paused_at is None:
            line.waited_seconds = int(self.waited(line, now).total_seconds())
            line.paused_at = now
        line.acts_at = now + LEFT_LYING

    def resume(self, line: RequestLine, now: datetime) -> None:
        """Let the clock go on with what was left of each mark; one that runs already goes on running."""
        if line.paused_at is None:
            return
        working, stood = self.working, line.paused_at
        for column, _ in MARKS:
            mark = getattr(line, column)
            if mark is not None and mark > stood:
                setattr(line, column, working.add(now, working.between(stood, mark)))
        line.counted_from, line.paused_at = now, None
        line.acts_at = next_act(line)

    def waited(self, line: RequestLine, until: datetime) -> timedelta:
        """Return for how much working time the line has waited for its department by ``until``; while the clock stood does not count."""
        before = timedelta(seconds=line.waited_seconds)
        if line.paused_at is not None:
            return before
        return before + self.working.between(line.counted_from or line.submitted_at, until)

    def lapses_at(self, tier: str, now: datetime) -> datetime:
        """Return when a line of an item of ``tier`` would lapse, were it placed now: by then its department has answered, if it does."""
        return self.working.add(now, self._rules().to_answer(tier) * dict(MARKS)["due_at"])


def next_act(line: RequestLine) -> datetime:
    """Return when the clock acts next on a line that waits: at the first mark that it has not acted on yet, by ``escalation``."""
    marks = (getattr(line, column) for column, _ in MARKS[line.escalation :])
    # Lines from before there were marks know only when they lapse.
    return next((mark for mark in marks if mark is not None), line.due_at)


def is_over(line: RequestLine, now: datetime) -> bool:
    """Return whether the time of a line has run out: its department's, or, while its clock stands, that of whoever it waits for."""
    return line.due_at <= now if line.paused_at is None else line.acts_at is not None and line.acts_at <= now
