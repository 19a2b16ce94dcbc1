"""导入: people from a file: upload, report, confirm, progress; and what was imported before."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.parts.words import RUN
from govcloud.identity.importing.columns import COLUMNS
from govcloud.identity.importing.runs import Order, RunView
from govcloud.identity.importing.template import csv_template, xlsx_template
from govcloud.kernel.errors import GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.findings import report_lines
from govcloud.kernel.validation import identifier
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, current_session, may, services
from govcloud.web.locale import column_words, say

PAGE = 20
FINDINGS = 50
#: Up to here a file is read through while one waits; beyond, the jobs do it.
_AT_ONCE = 1 << 20
_MIB = 1 << 20
_RELOAD_SECONDS = 3
_MOVING = frozenset({"uploaded", "checking", "queued", "running"})
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_IMPORT = "govcloud:official:import"
_DISABLE = "govcloud:official:disable"


class ImportsView(ConsolePage):
    """Imports; an administrator of a department imports into that department and sees the own runs only."""

    opens = "govcloud:console:imports"
    title = Message("导入")
    lead = Message("用 CSV、XLSX 批量登记和更新人员：先预检，确认后再写入。")
    icon = "download"
    group = Message("组织与人员")

    def __init__(self) -> None:
        """Serve below ``/console/imports/``."""
        super().__init__("imports")

    @property
    def functions(self) -> frozenset[str]:
        """Return the page's function, and that by which a complete list may disable whoever is missing."""
        return frozenset((self.opens, _DISABLE))

    @expose("/")
    def index_view(self) -> ResponseReturnValue:
        """Show the form and the runs, newest first."""
        return self._index()

    @expose("/upload", methods=("POST",))
    def upload(self) -> ResponseReturnValue:
        """Take a file in and check it; the report is the next page."""
        given = request.files.get("file")
        if given is None or not given.filename:
            return self._index(Message("请选择要导入的文件。"), 422)
        try:
            order = self._order()
            with tempfile.TemporaryDirectory(prefix="govcloud-upload-") as folder:
                path = Path(folder) / "upload"
                given.save(path)
                at_once = path.stat().st_size <= _AT_ONCE
                run = services().importing.upload(current_actor(), path, given.filename, order, at_once=at_once)
        except GovcloudError as error:
            return self._index(_sentence(error), status_of(error))
        if at_once:
            services().importing.check(run.id)
        return redirect(url_for(".run_view", run_id=run.id), 303)

    @expose("/<uuid:run_id>")
    def run_view(self, run_id: UUID) -> ResponseReturnValue:
        """Show one run: its counts, a page of its findings, and what can be done next."""
        return self._run(run_id)

    @expose("/<uuid:run_id>/confirm", methods=("POST",))
    def confirm(self, run_id: UUID) -> ResponseReturnValue:
        """Let the jobs apply a checked file."""
        run = self._visible(run_id)
        try:
            services().importing.confirm(current_actor(), run_id, self._share() if run.mode == "sync" else None)
        except GovcloudError as error:
            return self._run(run_id, error)
        flash(say(Message("已开始导入，可以离开本页；进度和结果在导入记录中。")), "success")
        return redirect(url_for(".run_view", run_id=run_id), 303)

    @expose("/<uuid:run_id>/discard", methods=("POST",))
    def discard(self, run_id: UUID) -> ResponseReturnValue:
        """Throw a checked file away."""
        self._visible(run_id)
        try:
            services().importing.discard(current_actor(), run_id)
        except GovcloudError as error:
            return self._run(run_id, error)
        flash(say(Message("已放弃，上传的文件已删除。")), "success")
        return redirect(url_for(".index_view"), 303)

    @expose("/<uuid:run_id>/report.csv")
    def report(self, run_id: UUID) -> Response:
        """Download all kept findings."""
        run = self._visible(run_id)
        heads = tuple(say(head) for head in (Message("行号"), Message("列"), Message("值"), Message("问题与处理办法")))
        response = Response(
            report_lines(COLUMNS, list(services().import_queries.all_findings(run.id)), heads, say, column_words),
            content_type="text/csv; charset=utf-8",
        )
        response.headers["Content-Disposition"] = f"attachment; filename=import-report-{run.created_at:%Y%m%d-%H%M}.csv"
        return response

    @expose("/template.<kind>")
    def template(self, kind: str) -> Response:
        """Download the template."""
        if kind == "csv":
            response = Response(list(csv_template()), content_type="text/csv; charset=utf-8")
            response.headers["Content-Disposition"] = "attachment; filename=people-template.csv"
            return response
        if kind != "xlsx":
            raise NotFound.of(Message("模板"), kind)
        file = BytesIO()
        xlsx_template(file, say)
        file.seek(0)
        return send_file(file, mimetype=_XLSX, as_attachment=True, download_name="people-template.xlsx")

    # Parts of the pages

    def _order(self) -> Order:
        """Return how the form wants the file imported; the command itself asks whether the actor may."""
        everywhere = request.form.get("scope") == "all"
        department = None if everywhere else self._own_department()
        complete = request.form.get("complete") == "yes" and opened(_DISABLE)
        # One source for all people of the console, and one for each department: a complete list is complete for its own.
        return Order("console" if department is None else f"console:{department}", department, complete=complete)

    @staticmethod
    def _share() -> float:
        try:
            return min(100.0, max(0.0, float(request.form.get("allow_vanish", "2"))))
        except ValueError:
            return 2.0

    @staticmethod
    def _own_department() -> UUID | None:
        session = current_session()
        held = services().identity_queries.appointment(session.appointment_id) if session and session.appointment_id else None
        return held.department_id if held else None

    @staticmethod
    def _everywhere() -> bool:
        """Say whether the reader may import into the whole province."""
        return may(_IMPORT, {"department_path": "/"})

    def _visible(self, run_id: UUID) -> RunView:
        run, session = services().import_queries.run(run_id), current_session()
        if session is None or not (self._everywhere() or run.actor.official_id == session.official_id):
            raise NotFound.of(Message("导入记录"), run_id)
        return run

    def _index(self, problem: Message | None = None, status: int = 200) -> Response:
        session, everywhere = current_session(), self._everywhere()
        own = self._own_department()
        department = services().identity_queries.department(own) if own else None
        after = identifier(request.args.get("after", ""))
        found = services().import_queries.runs(
            after=after, official_id=None if everywhere or session is None else session.official_id, limit=PAGE + 1
        )
        page = self.render(
            "console/imports.html",
            view=self,
            runs=found[:PAGE],
            cursor=found[PAGE - 1].id if len(found) > PAGE else None,
            words=RUN,
            problem=say(problem) if problem else "",
            everywhere=everywhere,
            department=department,
            may_sync=opened(_DISABLE),
            most=services().settings.import_max_bytes // _MIB,
        )
        return make_response(page, status)

    def _run(self, run_id: UUID, error: GovcloudError | None = None) -> Response:
        run = self._visible(run_id)
        after = request.args.get("after", default=-1, type=int)
        page = services().import_queries.findings(run_id, after=after, limit=FINDINGS + 1)
        department = services().identity_queries.department(run.department_id) if run.department_id else None
        rendered = self.render(
            "console/import_run.html",
            view=self,
            run=run,
            word=RUN[run.state],
            findings=page[:FINDINGS],
            cursor=page[FINDINGS - 1][0] if len(page) > FINDINGS else None,
            after=after,
            columns=COLUMNS,
            department=department,
            error=error,
            moving=run.state in _MOVING,
            missing=sorted(services().identity_queries.officials(run.missing).values(), key=lambda one: one.employee_code),
        )
        response = make_response(rendered, status_of(error) if error else 200)
        if run.state in _MOVING:
            response.headers["Refresh"] = str(_RELOAD_SECONDS)
        return response


def _sentence(error: GovcloudError) -> Message:
    if error.remedy is None:
        return error.message
    return Message("%(message)s%(remedy)s", message=error.message, remedy=error.remedy)
