"""The reports as tables: heads and rows of plain cells, the same for the page, CSV and XLSX; and their charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext
from markupsafe import Markup

from govcloud.access.life.extending import ExtendedIn
from govcloud.access.reports.service import MOST_DAYS_BACK, SOON_DAYS, USUAL_DAYS
from govcloud.access.reports.views import Expiring, Held, TimeToAccess, Waited
from govcloud.access.reports.waiting import MANY_LINES
from govcloud.kernel.messages import Message
from govcloud.web.charts import Bars, bar_chart
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import say
from govcloud.web.moments import moment

_HOUR, _DAY = 3_600.0, 86_400.0
_MOST_BARS = 12
EXPORTED = 5_000


@dataclass(frozen=True)
class Table:
    """One table of a report, with the chart that repeats it (empty: none)."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    chart: Markup = Markup()  # noqa: RUF009 - immutable
    hint: str = ""


@dataclass(frozen=True)
class Report:
    """A report: its word, how many days it looks at by default (0: it is about now), and what makes its tables."""

    title: Message
    days: int
    tables: Callable[[int, int], tuple[Table, ...]]


def _time_to_access(days: int, _limit: int) -> tuple[Table, ...]:
    found = services().access_reports.time_to_access(current_actor(), days)
    return (_by_lines(found), _by_week(found))


def _by_lines(found: TimeToAccess) -> Table:
    rows = [(_lines(count), waited) for count, waited in found.by_lines]
    chart = bar_chart(
        (gettext("并联（实际）"), gettext("串联（推算）")),
        [Bars(name, (_middle(waited.parallel), _middle(waited.serial))) for name, waited in rows],
        lasting,
    )
    total = (gettext("全部"), found.total)
    return Table(
        gettext("按申请项数"),
        (gettext("申请项数"), *_waited_heads()),
        tuple((name, *_cells(waited)) for name, waited in [*rows, total]),
        chart,
        gettext("并联：从提交到最后一项获准。串联：各部门实际用时之和，即逐个部门依次办理将用的时间。图示为中位数。"),
    )


def _by_week(found: TimeToAccess) -> Table:
    chart = bar_chart(
        (gettext("中位数"), gettext("95 分位")),
        [Bars(f"{week:%m-%d}", waited.parallel or (None, None)) for week, waited in found.by_week[-_MOST_BARS:]],
        lasting,
    )
    rows = tuple((week.isoformat(), *_cells(waited)) for week, waited in found.by_week)
    return Table(gettext("按周（自周一起）"), (gettext("自"), *_waited_heads()), rows, chart)


def _waited_heads() -> tuple[str, ...]:
    return (
        gettext("申请数"),
        gettext("获准申请项"),
        gettext("并联中位数"),
        gettext("并联 95 分位"),
        gettext("串联中位数"),
        gettext("串联 95 分位"),
    )


def _cells(waited: Waited) -> tuple[object, ...]:
    pairs = [value for pair in (waited.parallel, waited.serial) for value in (pair or (None, None))]
    return (waited.requests, waited.lines, *("—" if value is None else lasting(value) for value in pairs))


def _middle(pair: tuple[float, float] | None) -> float | None:
    return pair[0] if pair else None


def _lines(count: int) -> str:
    return say(Message("%(count)s 项及以上", count=count) if count >= MANY_LINES else Message("%(count)s 项", count=count))


def _held(_days: int, _limit: int) -> tuple[Table, ...]:
    found = services().access_reports.held(current_actor())
    chart = bar_chart(
        (gettext("临时权限"), gettext("单独授予的角色")),
        [Bars(row.subsystem_name, (float(row.grants), float(row.assignments))) for row in found[:_MOST_BARS]],
        lambda value: f"{value:.0f}",
    )
    heads = (gettext("子系统"), gettext("临时权限"), gettext("持有人数"), gettext("单独授予的角色"), gettext("随岗位的规则"))
    hint = gettext("常设权限随岗位而来，按规则条数计，不按人数；单独授予的角色按授予次数计。")
    return (Table(gettext("常设与临时"), heads, tuple(_held_cells(row) for row in found), chart, hint),)


def _held_cells(row: Held) -> tuple[object, ...]:
    return (row.subsystem_name, row.grants, row.people, row.assignments, row.duty_rules)


def _expiring(days: int, limit: int) -> tuple[Table, ...]:
    found = services().access_reports.expiring(current_actor(), days, limit)
    chart = bar_chart(
        (gettext("到期项数"),),
        [Bars(f"{day:%m-%d}", (float(count),)) for day, count in found.by_day[:_MOST_BARS]],
        lambda value: f"{value:.0f}",
    )
    by_day = Table(
        gettext("按日"), (gettext("日期"), gettext("到期项数")), tuple((day.isoformat(), count) for day, count in found.by_day), chart
    )
    return (by_day, _first_to_end(found))


def _first_to_end(found: Expiring) -> Table:
    lines = [held.grant.line_id for held in found.first if held.grant.line_id]
    extended = services().grant_life.extended_in(lines)
    rows = tuple(
        (
            moment(held.grant.ends_at),
            held.holder.name,
            held.holder.department_name,
            held.grant.function_name,
            held.grant.subsystem_name,
            _number(extended, held.grant.line_id),
        )
        for held in found.first
    )
    heads = (gettext("到期"), gettext("使用人"), gettext("部门"), gettext("功能"), gettext("子系统"), gettext("续期申请"))
    return Table(gettext("最先到期的权限"), heads, rows)


def _number(extended: Mapping[UUID, ExtendedIn], line_id: UUID | None) -> str:
    found = extended.get(line_id) if line_id else None
    return found.number if found else "—"


def lasting(seconds: float) -> str:
    """Return a length of time in the unit that suits it."""
    if seconds >= 2 * _DAY:
        return say(Message("%(n)s 天", n=f"{seconds / _DAY:.1f}"))
    if seconds >= _HOUR:
        return say(Message("%(n)s 小时", n=f"{seconds / _HOUR:.1f}"))
    return say(Message("%(n)s 分钟", n=f"{seconds / 60:.0f}"))


REPORTS: Mapping[str, Report] = {
    "time": Report(Message("获得权限用时"), USUAL_DAYS, _time_to_access),
    "held": Report(Message("常设与临时"), 0, _held),
    "expiring": Report(Message("即将到期"), SOON_DAYS, _expiring),
}
PERIODS: Mapping[str, Sequence[int]] = {"time": (7, 30, MOST_DAYS_BACK), "held": (), "expiring": (7, 14, 30)}
