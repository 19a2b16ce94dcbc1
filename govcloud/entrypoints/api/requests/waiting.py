"""Where work waits, over the API: the report on departments, for whom it is open to; and the rules of the clock and the calendar."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictInt, StrictStr

from govcloud.access.clocks.clock_rules import HOURS, TIMES, ClockRules
from govcloud.access.clocks.waiting import DepartmentWaiting, WaitingReport
from govcloud.authorization.around.calendar_days import CalendarChange
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.entrypoints.api.wire.table import Route
from govcloud.web.gate import current_actor, requires, services, signed_in

READS, SETS, IMPORTS = "govcloud:waiting:read", "govcloud:clock_policy:set", "govcloud:work_calendar:import"
_MOST_FILE = 400_000


class WaitingQuery(Input):
    """A period; by default the last thirty days."""

    since: AwareDatetime | None = Field(default=None, description="closed at or after this moment")
    until: AwareDatetime | None = Field(default=None, description="and before this one; at most 92 days later")


class DepartmentWaitingAnswer(Answer):
    """How one department answers; seconds are of working time, null when nothing was answered."""

    department_id: UUID
    name: str
    closed: int
    lapsed: int
    p50_seconds: int | None
    p95_seconds: int | None
    waiting: int
    overdue: int
    oldest_submitted_at: datetime | None

    @classmethod
    def of(cls, row: DepartmentWaiting) -> DepartmentWaitingAnswer:
        """Take the view over."""
        return cls(
            department_id=row.department_id,
            name=row.name,
            closed=row.closed,
            lapsed=row.lapsed,
            p50_seconds=None if row.p50 is None else int(row.p50.total_seconds()),
            p95_seconds=None if row.p95 is None else int(row.p95.total_seconds()),
            waiting=row.waiting,
            overdue=row.overdue,
            oldest_submitted_at=row.oldest,
        )


class WaitingAnswer(Answer):
    """The report on a period: all departments together, then each, the slowest first. It names nobody."""

    since: datetime
    until: datetime
    working_day_seconds: int
    total: DepartmentWaitingAnswer
    departments: tuple[DepartmentWaitingAnswer, ...]

    @classmethod
    def of(cls, report: WaitingReport) -> WaitingAnswer:
        """Take the report over."""
        return cls(
            since=report.since,
            until=report.until,
            working_day_seconds=int(report.working_day.total_seconds()),
            total=DepartmentWaitingAnswer.of(report.total),
            departments=tuple(DepartmentWaitingAnswer.of(row) for row in report.departments),
        )


class ClockRulesAnswer(Answer):
    """Working hours in China Standard Time, and within how many of them items of each tier are answered."""

    morning_from: str
    morning_to: str
    afternoon_from: str
    afternoon_to: str
    auto_hours: int
    one_hours: int
    quorum_hours: int
    two_units_hours: int
    serial_hours: int

    @classmethod
    def of(cls, rules: ClockRules) -> ClockRulesAnswer:
        """Take the rules over."""
        return cls(**asdict(rules))


class ClockRulesBody(Input):
    """The rules that change; what is left out stays."""

    morning_from: StrictStr | None = None
    morning_to: StrictStr | None = None
    afternoon_from: StrictStr | None = None
    afternoon_to: StrictStr | None = None
    auto_hours: StrictInt | None = None
    one_hours: StrictInt | None = None
    quorum_hours: StrictInt | None = None
    two_units_hours: StrictInt | None = None
    serial_hours: StrictInt | None = None
    reason: Text = Field(description="stands in the audit record")


class CalendarBody(Input):
    """A file of days: CSV with the columns `date`, `day` (`holiday`, `workday`) and `name`."""

    file: Annotated[StrictStr, Field(max_length=_MOST_FILE)]
    reason: Text = Field(default="", description="stands in the audit record; needed unless `dry_run`")
    dry_run: bool = Field(default=False, description="only say what would change")


class DayAnswer(Answer):
    """A day that is worked from now on, or no longer."""

    day: date
    works: bool
    name: str


class CalendarAnswer(Answer):
    """What an import changes: the years that it says everything of, those that nobody had announced, and the days."""

    years: tuple[int, ...]
    new_years: tuple[int, ...]
    days: tuple[DayAnswer, ...]
    dry_run: bool

    @classmethod
    def of(cls, change: CalendarChange, *, dry_run: bool) -> CalendarAnswer:
        """Take the change over."""
        days = tuple(DayAnswer(day=item.day, works=item.works, name=item.name) for item in change.days)
        return cls(years=change.years, new_years=change.new_years, days=days, dry_run=dry_run)


@requires(READS)
def waiting_report(query: WaitingQuery) -> WaitingAnswer:
    """How long departments let requests wait, how much waits now, and what lapsed."""
    return WaitingAnswer.of(services().waiting.report(current_actor(), query.since, query.until))


@signed_in
def clock_rules() -> ClockRulesAnswer:
    """The working hours and the time to answer, as they hold now."""
    return ClockRulesAnswer.of(services().clock_policies.current())


@requires(SETS)
def set_clock_rules(body: ClockRulesBody) -> ClockRulesAnswer:
    """Change working hours or the time to answer, for lines that are placed from now on."""
    given = body.model_dump()
    changes = {name: given[name] for name in (*TIMES, *HOURS) if given[name] is not None}
    return ClockRulesAnswer.of(services().clock_policies.set(current_actor(), changes, body.reason))


@requires(IMPORTS)
def import_work_calendar(body: CalendarBody) -> CalendarAnswer:
    """Import days off and make-up working days; a dry run only looks."""
    if body.dry_run:
        return CalendarAnswer.of(services().calendars.preview(body.file), dry_run=True)
    return CalendarAnswer.of(services().calendars.import_days(current_actor(), body.file, body.reason), dry_run=False)


TABLE = (
    Route("GET", "/waiting", waiting_report, WaitingAnswer, query=WaitingQuery),
    Route("GET", "/clocks", clock_rules, ClockRulesAnswer),
    Route("POST", "/clocks", set_clock_rules, ClockRulesAnswer, body=ClockRulesBody),
    Route("POST", "/work-calendar", import_work_calendar, CalendarAnswer, body=CalendarBody),
)
