"""等待时长: how long departments let requests wait, what waits now, what lapsed; on the page and as a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from govcloud.access.clocks.waiting import LONGEST, DepartmentWaiting, WaitingReport
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.forms import Findings
from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.spreadsheets import csv_lines, write_xlsx
from govcloud.web.gate import current_actor, requires, services
from govcloud.web.locale import say
from govcloud.web.moments import at_of, minute, moment

READS = "govcloud:waiting:read"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADS = (
    Message("部门"),
    Message("已办结"),
    Message("逾期失效"),
    Message("等待中位数（工作小时）"),
    Message("等待 95 分位（工作小时）"),
    Message("正在等待"),
    Message("其中已超时限"),
    Message("最早提交"),
)


@portal.get("/waiting")
@requires(READS)
def waiting() -> ResponseReturnValue:
    """Show the report on a period, by default the last thirty days."""
    acting_appointment()
    findings, status = Findings(), 200
    since, until = _period()
    try:
        report = services().waiting.report(current_actor(), since, until)
    except Invalid as error:
        findings.take(error)
        report, status = services().waiting.report(current_actor()), 422
    page = render_template(
        "portal/waiting.html",
        report=report,
        since=minute(since or report.since),
        until=minute(until or report.until),
        hours=working_hours,
        bar=_bar(report),
        longest=LONGEST.days,
        announced=services().clocks.working.announced(report.at),
        errors=findings.errors,
        general=findings.general,
    )
    return page, status


@portal.get("/waiting/export")
@requires(READS)
def export_waiting() -> ResponseReturnValue:
    """Give the report as a file: CSV, or with ``format=xlsx`` a workbook."""
    since, until = _period()
    report = services().waiting.report(current_actor(), since, until)
    heads, rows = [say(head) for head in _HEADS], [_cells(row) for row in report.departments]
    name = f"waiting-{minute(report.since)[:10]}-{minute(report.until)[:10]}"
    if request.args.get("format") == "xlsx":
        file = io.BytesIO()
        write_xlsx(file, [(say(Message("等待时长")), heads, rows)])
        return _file(file.getvalue(), _XLSX, f"{name}.xlsx")
    return _file("".join(csv_lines(heads, rows)).encode(), "text/csv; charset=utf-8", f"{name}.csv")


def working_hours(span: timedelta | None) -> str:
    """Return a stretch of working time in hours, to the tenth; nothing for none."""
    return "" if span is None else f"{span.total_seconds() / 3600:.1f}"


def _period() -> tuple[datetime | None, datetime | None]:
    return at_of(request.args.get("since", "")), at_of(request.args.get("until", ""))


def _cells(row: DepartmentWaiting) -> Sequence[object]:
    return [
        row.name,
        row.closed,
        row.lapsed,
        working_hours(row.p50),
        working_hours(row.p95),
        row.waiting,
        row.overdue,
        moment(row.oldest) if row.oldest else "",
    ]


def _bar(report: WaitingReport) -> float:
    """Return the longest 95th percentile in hours, which the bars of the chart are measured by; never nothing."""
    return max((row.p95.total_seconds() for row in report.departments if row.p95), default=0) / 3600 or 1.0


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    )
