"""Importing a list on the console: a file goes in once, is looked at, and is confirmed as it was shown."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from govcloud.entrypoints.console.catalogue.lists import ENTRIES, IMPORT, ListPages
from govcloud.entrypoints.console.organisation.department_tree import WHOLE
from govcloud.entrypoints.console.parts.pages import opened
from govcloud.identity.views import DepartmentView
from govcloud.kernel.errors import GovcloudError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.findings import report_lines
from govcloud.kernel.validation import identifier
from govcloud.subsystems.listing.importing import ALLOW_VANISH, ListOrder
from govcloud.subsystems.listing.kinds import IMPLEMENTATION, POWER, ListKind
from govcloud.subsystems.listing.planning import Plan
from govcloud.subsystems.listing.uploads import UploadView
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import column_words, say

#: What one waits for at a page; longer lists go in over the command line.
MOST_LINES = 20_000
_MIB = 1 << 20


class ListImportPages(ListPages):
    """The import of a list, in four steps: file, preview, confirmation, result."""

    @expose("/import/")
    def import_view(self) -> ResponseReturnValue:
        """Show the form for a file."""
        self._must_import()
        return self._form()

    @expose("/import/", methods=("POST",))
    def upload(self) -> ResponseReturnValue:
        """Take a file in; the preview is the next page."""
        self._must_import()
        given = request.files.get("file")
        if given is None or not given.filename:
            return self._form(Invalid("no_file", Message("请选择要导入的文件。")))
        try:
            order = self._order()
            with tempfile.TemporaryDirectory(prefix="govcloud-upload-") as folder:
                path = Path(folder) / "upload"
                given.save(path)
                upload_id = services().subsystems.keep_list(current_actor(), self.kind.code, path, given.filename, order)
        except GovcloudError as error:
            return self._form(error)
        try:
            services().subsystems.plan_kept(current_actor(), upload_id)
        except Invalid as error:
            # It can never be confirmed, so it is not kept.
            services().subsystems.discard_list(current_actor(), upload_id)
            return self._form(error)
        return redirect(url_for(".upload_view", upload_id=upload_id), 303)

    @expose("/upload/<uuid:upload_id>")
    def upload_view(self, upload_id: UUID) -> ResponseReturnValue:
        """Show what the file would change; once it is settled, what became of it."""
        upload = self._upload(upload_id)
        if upload.state != "waiting":
            return self._settled(upload)
        return self._preview(upload)

    @expose("/upload/<uuid:upload_id>/confirm", methods=("POST",))
    def confirm(self, upload_id: UUID) -> ResponseReturnValue:
        """Import the file as it was shown."""
        upload = self._upload(upload_id)
        if upload.state != "waiting":
            return self._settled(upload)
        try:
            outcome = services().subsystems.import_kept(
                current_actor(),
                upload_id,
                expected=request.form.get("plan", ""),
                skip_wrong=request.form.get("skip_wrong") == "yes",
                allow_vanish=self._share(upload),
            )
        except GovcloudError as error:
            return self._preview(upload, error)
        if outcome.edition_id is None:
            flash(say(Message("清单与文件一致，没有需要写入的内容。")), "success")
            return redirect(url_for(".index_view"), 303)
        flash(say(Message("已导入为“%(title)s”，从现在起按此执行；此前的清单可以按日期查看。", title=outcome.title)), "success")
        return redirect(url_for(".edition_view", edition_id=outcome.edition_id), 303)

    @expose("/upload/<uuid:upload_id>/discard", methods=("POST",))
    def discard(self, upload_id: UUID) -> ResponseReturnValue:
        """Throw the file away."""
        upload = self._upload(upload_id)
        if upload.state == "waiting":
            services().subsystems.discard_list(current_actor(), upload_id)
            flash(say(Message("已放弃，上传的文件已删除。")), "success")
        return redirect(url_for(".import_view"), 303)

    @expose("/upload/<uuid:upload_id>/report.csv")
    def report(self, upload_id: UUID) -> Response:
        """Download every finding."""
        upload = self._upload(upload_id)
        plan = services().subsystems.plan_kept(current_actor(), upload.id)
        heads = tuple(say(head) for head in (Message("行号"), Message("列"), Message("值"), Message("问题与处理办法")))
        response = Response(
            list(report_lines(self.kind.columns, plan.findings, heads, say, column_words)), content_type="text/csv; charset=utf-8"
        )
        response.headers["Content-Disposition"] = f"attachment; filename={self.kind.code}-report.csv"
        return response

    # Parts of the pages

    def _must_import(self) -> None:
        if not opened(IMPORT):
            raise no_permission()

    def _upload(self, upload_id: UUID) -> UploadView:
        upload = services().subsystems.kept_list(current_actor(), upload_id)
        if upload.kind != self.kind.code:
            raise NotFound.of(Message("上传的清单"), upload_id)
        return upload

    def _settled(self, upload: UploadView) -> ResponseReturnValue:
        """Lead on from a file that was imported or thrown away: going back in the browser ends here."""
        if upload.edition_id is not None:
            return redirect(url_for(".edition_view", edition_id=upload.edition_id), 303)
        flash(say(Message("这份清单已经导入或放弃。")), "info")
        return redirect(url_for(".import_view"), 303)

    def _order(self) -> ListOrder:
        """Return how the form wants the file imported; the command itself asks whether the actor may."""
        scope = identifier(request.form.get("department"))
        department = self.department_within(scope)
        return ListOrder(
            complete=request.form.get("complete") == "yes",
            department_id=department.id if department else None,
            title=request.form.get("title", ""),
            note=request.form.get("note", ""),
            most_lines=MOST_LINES,
        )

    @staticmethod
    def _share(upload: UploadView) -> float:
        try:
            return min(100.0, max(0.0, float(request.form.get("allow_vanish", upload.order.allow_vanish))))
        except ValueError:
            return ALLOW_VANISH

    def _scopes(self) -> list[DepartmentView]:
        """Return what an import may be bound to: what the reader's roles reach over, and the department that was looked at."""
        ids = [UUID(path.rstrip("/").rpartition("/")[2]) for path in self.reach() if path != WHOLE]
        here = self.department_within(identifier(request.args.get("id")))
        if here is not None and here.id not in ids:
            ids.append(here.id)
        views = services().identity_queries.departments(ids)
        return [views[key] for key in ids if key in views]

    def _form(self, error: GovcloudError | None = None) -> Response:
        page = self.page(
            "console/list_import.html",
            error=error,
            errors={item.field: say(item.message) for item in error.fields} if error else {},
            scopes=self._scopes(),
            given=request.form,
            most=services().settings.import_max_bytes // _MIB,
            most_lines=MOST_LINES,
        )
        return make_response(page, status_of(error) if error else 200)

    def _preview(self, upload: UploadView, error: GovcloudError | None = None) -> Response:
        plan: Plan = services().subsystems.plan_kept(current_actor(), upload.id)
        identity, order = services().identity_queries, upload.order
        items = [*(change.standing for change in plan.changed[:ENTRIES]), *plan.withdrawn[:ENTRIES]]
        named = {item.department_id for item in items} | {entry.department_id for entry in plan.new[:ENTRIES] if entry.department_id}
        page = self.page(
            "console/list_preview.html",
            upload=upload,
            plan=plan,
            digest=plan.digest(),
            error=error,
            most=ENTRIES,
            scope=identity.department(order.department_id) if order.department_id else None,
            departments=identity.departments(named),
            allow=self._share(upload) if error else order.allow_vanish,
            over=order.complete and plan.share > order.allow_vanish,
        )
        return make_response(page, status_of(error) if error else 200)


class PowerItemsView(ListImportPages):
    """The power list."""

    kind: ClassVar[ListKind] = POWER
    opens = "govcloud:console:power_items"
    title = Message("权力清单")
    lead = Message("各部门依法行使的权力事项：查询、按版本导入、导出，可按日期回看。")
    icon = "gavel"

    def __init__(self) -> None:
        """Serve below ``/console/power_items/``."""
        super().__init__("power_items")


class ServiceItemsView(ListImportPages):
    """The implementation list."""

    kind: ClassVar[ListKind] = IMPLEMENTATION
    opens = "govcloud:console:service_items"
    title = Message("实施清单")
    lead = Message("各部门的政务服务事项及承诺办结时限：查询、按版本导入、导出，可按日期回看。")
    icon = "clipboard-list"

    def __init__(self) -> None:
        """Serve below ``/console/service_items/``."""
        super().__init__("service_items")
