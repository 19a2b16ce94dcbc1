"""一件事: the matters that a department within reach leads, a page for each, and the forms that enter, change and end one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.entrypoints.console.catalogue.matter_forms import LABELS, MatterForm
from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.parts.subsystem_reach import reach
from govcloud.identity.views import DepartmentView
from govcloud.kernel.errors import GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.subsystems.matters.matters import CHANGE, END, REGISTER, MatterDifference
from govcloud.subsystems.queries import MatterView
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import say
from govcloud.web.words import DUTIES, TIERS

OPENS = "govcloud:console:matters"
_PAGE = 20
_LONGEST_SEARCH = 60


class MattersView(ConsolePage):
    """The matters; an administrator of subsystems sees those that the own department, or one below it, leads."""

    opens = OPENS
    asks = (REGISTER, CHANGE, END)
    title = Message("一件事清单")
    lead = Message("把跨部门的可申请项编成一件事：工作人员按一件事申请，各部门仍各自审批自己的一项。")
    icon = "layers"
    group = Message("子系统接入")

    def __init__(self) -> None:
        """Serve below ``/console/matters/``."""
        super().__init__("matters")

    @expose("/")
    def index_view(self) -> str:
        """Show one page of the list."""
        text, after = (request.args.get(name, "").strip()[:_LONGEST_SEARCH] for name in ("search", "after"))
        ended = request.args.get("state") == "ended"
        page = services().subsystem_queries.matters_within(reach(OPENS), text, ended=ended, limit=_PAGE, after=after)
        query = {name: value for name, value in (("search", text), ("state", "ended" if ended else "")) if value}
        return self._render(
            "console/matters.html",
            page=page,
            query=query,
            after=after,
            departments=_departments(row.lead_department_id for row in page.rows),
            may_register=opened(REGISTER),
        )

    @expose("/details/")
    def details_view(self) -> str:
        """Show one matter: what it takes, who decides on each part, and what it was before."""
        view = _within(request.args.get("id", ""))
        live = view.ended_at is None
        versions = services().subsystem_queries.matter_versions(view.id)
        owners = (entry.item.owner_department_id for entry in view.items)
        return self._render(
            "console/matter.html",
            matter=view,
            rows=[(entry.item, entry.stage, entry.duty or "") for entry in view.items],
            versions=versions,
            departments=_departments([*owners, *(seen.lead_department_id for _since, seen in versions)]),
            waiting=services().access_queries.open_lines_naming(view.id),
            may_change=live and opened(CHANGE),
            may_end=live and opened(END),
        )

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Response:
        """Take in a matter, show what it takes, and enter it when that is confirmed."""
        if not opened(REGISTER):
            raise no_permission()
        form = MatterForm.typed(request.form)
        step = request.form.get("step", "")
        if step not in {"preview", "confirm"}:
            return self._form(form, None)
        try:
            new = form.new()
            made = services().subsystems.register_matter(current_actor(), new, dry_run=step == "preview")
        except GovcloudError as error:
            return self._form(form, None, error)
        if step == "confirm":
            flash(say(Message("已登记“%(name)s”，申请时即可选择。", name=new.name)), "success")
            return make_response(redirect(url_for(".details_view", id=made), 303))
        return self._preview(form, None, None)

    @expose("/change/<uuid:matter_id>", methods=("GET", "POST"))
    def change_view(self, matter_id: UUID) -> Response:
        """Take in what a matter is to be, show what differs, and change it when that is confirmed."""
        view = _within(matter_id)
        if not opened(CHANGE):
            raise no_permission()
        form = MatterForm.typed(request.form) if request.method == "POST" else MatterForm.of(view)
        step = request.form.get("step", "")
        if step not in {"preview", "confirm"}:
            return self._form(form, view)
        try:
            found = services().subsystems.change_matter(
                current_actor(), view.id, form.version(), form.change(), form.values["reason"], dry_run=step == "preview"
            )
        except GovcloudError as error:
            return self._form(form, view, error)
        if not found.changed:
            flash(say(Message("内容没有变化。")), "info")
            return self._form(form, view)
        if step == "confirm":
            flash(say(Message("已变更“%(name)s”，立即生效。", name=form.values["name"])), "success")
            return make_response(redirect(url_for(".details_view", id=view.id), 303))
        return self._preview(form, view, found)

    @expose("/end/<uuid:matter_id>", methods=("GET", "POST"))
    def end_view(self, matter_id: UUID) -> Response:
        """Say what the end of a matter does, and end it."""
        view = _within(matter_id)
        if not opened(END):
            raise no_permission()
        form = MatterForm.typed(request.form) if request.method == "POST" else MatterForm.of(view)
        status = 200
        if request.method == "POST":
            try:
                services().subsystems.end_matter(current_actor(), view.id, form.version(), form.values["reason"])
            except GovcloudError as error:
                form.take(error)
                status = status_of(error)
            else:
                flash(say(Message("已结束“%(name)s”，不能再选择。", name=view.name)), "success")
                return make_response(redirect(url_for(".details_view", id=view.id), 303))
        waiting = services().access_queries.open_lines_naming(view.id)
        return make_response(self._render("console/matter_end.html", matter=view, form=form, waiting=waiting), status)

    # Parts of the pages

    def _form(self, form: MatterForm, view: MatterView | None, error: GovcloudError | None = None) -> Response:
        if error is not None:
            form.take(error)
        chosen, found = form.chosen(), form.found()
        owners = _departments(item.owner_department_id for item in (*(item for item, *_ in chosen), *(found or ())))
        page = self._render("console/matter_form.html", form=form, matter=view, chosen=chosen, found=found, departments=owners)
        return make_response(page, status_of(error) if error else 200)

    def _preview(self, form: MatterForm, view: MatterView | None, found: MatterDifference | None) -> Response:
        chosen = form.chosen()
        owners = _departments(item.owner_department_id for item, *_ in chosen)
        page = self._render(
            "console/matter_preview.html",
            form=form,
            matter=view,
            chosen=chosen,
            departments=owners,
            difference=found,
            waiting=services().access_queries.open_lines_naming(view.id) if view else 0,
        )
        return make_response(page)

    def _render(self, template: str, **values: Any) -> str:  # noqa: ANN401 - template values
        rendered: str = self.render(template, view=self, labels=LABELS, tiers=TIERS, duties=DUTIES, **values)
        return rendered


def _within(matter_id: object) -> MatterView:
    """Return a matter that the reader may see.

    Raises:
        NotFound: there is none by that id within reach; which of the two is not said.
    """
    try:
        view = services().subsystem_queries.matter_within(UUID(str(matter_id)), reach(OPENS))
    except ValueError:
        view = None
    if view is None:
        raise NotFound.of(Message("一件事"), matter_id)
    return view


def _departments(wanted: Iterable[UUID]) -> Mapping[UUID, DepartmentView]:
    ids = set(wanted)
    return services().identity_queries.departments(ids) if ids else {}
