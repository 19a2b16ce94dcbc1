"""Reports on access: one page with a tab each, a chart beside every table, and the tables as files."""

from __future__ import annotations

import io

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from govcloud.access.reports.service import SHOWN, period
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import acting_appointment
from govcloud.entrypoints.portal.holding.report_tables import EXPORTED, PERIODS, REPORTS, Table
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.spreadsheets import csv_lines, write_xlsx
from govcloud.web.gate import requires

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_SHEET = 31


@portal.get("/reports")
@requires("govcloud:access_report:read")
def reports() -> ResponseReturnValue:
    """Show one report; by default the time to access."""
    acting_appointment()
    name = request.args.get("report", "time")
    if name not in REPORTS:
        return redirect(url_for("portal.reports"))
    report = REPORTS[name]
    days = period(request.args.get("days"), report.days or 1)
    return render_template(
        "portal/reports.html",
        name=name,
        report=report,
        reports=REPORTS,
        periods=PERIODS[name],
        days=days,
        tables=report.tables(days, SHOWN),
    )


@portal.get("/reports/<name>.<form>")
@requires("govcloud:access_report:read")
def report_file(name: str, form: str) -> ResponseReturnValue:
    """Give the tables of a report as a file: CSV (one behind the other) or XLSX (a sheet each).

    Raises:
        NotFound: there is no such report, or no such form.
    """
    acting_appointment()
    if name not in REPORTS or form not in {"csv", "xlsx"}:
        raise NotFound("no_such_report", Message("没有这张报表。"))
    report = REPORTS[name]
    tables = report.tables(period(request.args.get("days"), report.days or 1), EXPORTED)
    response = _csv(tables) if form == "csv" else _xlsx(tables)
    response.headers["Content-Disposition"] = f"attachment; filename=access-{name}.{form}"
    response.headers["Cache-Control"] = "no-store"
    return response


def _csv(tables: tuple[Table, ...]) -> Response:
    lines: list[str] = []
    for table in tables:
        # The mark of UTF-8 belongs at the beginning of the file alone.
        lines += [
            line.lstrip("\ufeff") if lines else line for line in csv_lines((table.title, *table.heads), (("", *row) for row in table.rows))
        ]
    return Response(lines, content_type="text/csv; charset=utf-8")


def _xlsx(tables: tuple[Table, ...]) -> Response:
    file = io.BytesIO()
    write_xlsx(file, ((table.title[:_MOST_SHEET], table.heads, table.rows) for table in tables))
    return Response(file.getvalue(), content_type=_XLSX)
