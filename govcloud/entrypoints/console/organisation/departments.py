"""机构: the lazy tree on the left, one department on the right as of any day, and the changes that the reader may make."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from govcloud.entrypoints.console.organisation.department_changes import CHANGES, DepartmentChange
from govcloud.entrypoints.console.organisation.department_export import as_csv
from govcloud.entrypoints.console.organisation.department_forms import Filled
from govcloud.entrypoints.console.organisation.department_reach import must_reach, reach, reaches
from govcloud.entrypoints.console.organisation.department_tree import MOST_NODES, WHOLE, Branch, as_of, tree_to
from govcloud.entrypoints.console.organisation.rehearsed import Rehearsed
from govcloud.entrypoints.console.parts.pages import ConsolePage
from govcloud.entrypoints.console.parts.words import LEVELS
from govcloud.identity.reorganisation import KINDS
from govcloud.identity.views import DepartmentView
from govcloud.kernel.errors import GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, may, may_among, services
from govcloud.web.locale import say
from govcloud.web.words import appointment_kind

STEPS = {"merge": Message("并入"), "split": Message("拆分"), "abolish": Message("撤销")}
PAGE = 20
OFFICIALS = "govcloud:console:officials"


class OrganisationView(ConsolePage):
    """The organisation as it is or was; a delegated administrator sees and changes the own subtree only."""

    opens: ClassVar[str] = "govcloud:console:departments"
    title: ClassVar[Message] = Message("机构")
    lead: ClassVar[Message | None] = Message("机构树、人员与处室、沿革；调整前先预览影响，历史可按日期回看。")
    icon: ClassVar[str] = "building-2"
    group: ClassVar[Message] = Message("组织与人员")

    def __init__(self) -> None:
        """Serve below ``/console/departments/``."""
        super().__init__("departments")

    @expose("/")
    def index_view(self) -> ResponseReturnValue:
        """Show the tree with one department, or what a search found."""
        at, shown_day = as_of(request.args.get("at", ""))
        text = request.args.get("search", "").strip()
        if text:
            return self._found(text, at, shown_day)
        selected = identifier(request.args.get("id"))
        if selected is None:
            selected = _first_root(at)
        if selected is None:
            return self._page(branch=tree_to(None, at, reach()), at=shown_day)
        found = services().tree_queries.last_known(selected, at)
        if found is None and at is not None and services().tree_queries.last_known(selected) is not None:
            flash(say(Message("%(day)s 当日还没有这个机构，以下是现在的情况。", day=shown_day)), "warning")
            return redirect(url_for(".index_view", id=selected))
        if found is None:
            raise NotFound.of(Message("部门"), selected)
        view, ended_at = found
        must_reach(view.path)
        return self._page(branch=tree_to(view, at, reach()), at=shown_day, **self._facts(view, ended_at, at))

    @expose("/level/<uuid:parent_id>")
    def level(self, parent_id: UUID) -> str:
        """Return one level of the tree as a part of a page, for opening it in place."""
        at, shown_day = as_of(request.args.get("at", ""))
        parent = services().identity_queries.department(parent_id, at)
        if parent is None:
            raise NotFound.of(Message("部门"), parent_id)
        must_reach(parent.path)
        page = services().tree_queries.children(parent_id, MOST_NODES, at=at)
        rendered: str = self.render(
            "console/_level.html", branch=Branch(page.nodes, more=page.after is not None), at=shown_day, selected=None
        )
        return rendered

    @expose("/export.csv")
    def export_view(self) -> Response:
        """Send the department that is shown, with all below it, as a file; the tree is read a page at a time."""
        at, _ = as_of(request.args.get("at", ""))
        selected = identifier(request.args.get("id")) or _first_root(at)
        found = services().tree_queries.last_known(selected, at) if selected else None
        if found is None:
            raise NotFound.of(Message("部门"), selected or "—")
        view, ended_at = found
        must_reach(view.path)
        lines = stream_with_context(as_csv(view.path, _then(ended_at, at)))
        headers = {"Content-Disposition": 'attachment; filename="departments.csv"'}
        return Response(lines, content_type="text/csv; charset=utf-8", headers=headers)

    @expose("/change/<change_name>/<uuid:department_id>", methods=("GET", "POST"))
    def change_view(self, change_name: str, department_id: UUID) -> Response:
        """Take in what is to change, show whom and what it touches, and run it when that is confirmed."""
        change = CHANGES.get(change_name)
        if change is None:
            raise NotFound.of(Message("操作"), change_name)
        view = services().identity_queries.department(department_id)
        if view is None:
            raise NotFound.of(Message("部门"), department_id)
        must_reach(view.path)
        filled = Filled.of(request) if request.method == "POST" else change.initial(view, request)
        step = request.form.get("step", "") if request.method == "POST" else ""
        preview, watched, error = None, None, None
        if step in {"preview", "confirm"}:
            try:
                if step == "confirm" or not change.previews:
                    return self._done(view, *change.run(view, filled, current_actor()))
                watched = services().drafting.watched(identifier(request.form.get("people_after")))
                preview = change.preview(view, filled, current_actor(), watched)
            except GovcloudError as refused:
                error = refused
        page = self._change_page(view, change, filled, error, Rehearsed.of(preview, watched.found if watched else None, view))
        return make_response(page, status_of(error) if error else 200)

    def _done(self, view: DepartmentView, said: Message, department_id: UUID | None) -> Response:
        """Say what was done, on the page of what came out of it."""
        flash(say(said), "success")
        return make_response(redirect(url_for(".index_view", id=department_id or view.parent_id), 303))

    def _change_page(
        self, view: DepartmentView, change: DepartmentChange, filled: Filled, error: GovcloudError | None, rehearsed: Rehearsed | None
    ) -> str:
        fields = change.fields(view)
        findings: dict[str, str] = {}
        for item in error.fields if error else ():
            # The first finding of a field is the one that explains the others.
            findings.setdefault(item.field.rpartition(".")[2], say(item.message))
        known = {field.name for field in fields if field.kind != "hidden" and (field.kind != "checks" or field.options)}
        more = [say(item.message) for item in error.refusals] if error else []
        more += [text for name, text in findings.items() if name not in known]
        if error and error.remedy:
            more.append(say(error.remedy))
        return self._render(
            "console/department_change.html",
            department=view,
            subject=_office_name(view, filled) if change.on_office else view.name,
            change=change,
            fields=fields,
            filled=filled,
            preview=rehearsed.preview if rehearsed else None,
            rehearsed=rehearsed,
            kinds=KINDS,
            error=error,
            errors={name: text for name, text in findings.items() if name in known},
            more=more,
            labels={field.name: field.label for field in fields},
            levels=LEVELS,
            level_options=[(key, say(word)) for key, word in LEVELS.items()],
        )

    def _facts(self, view: DepartmentView, ended_at: datetime | None, at: datetime | None) -> dict[str, Any]:
        """Return what the page shows of one department."""
        then = _then(ended_at, at)
        tree, identity = services().tree_queries, services().identity_queries
        lead = identity.department(view.lead_department_id, then) if view.lead_department_id else None
        opened = may_among({OFFICIALS, *(change.function for change in CHANGES.values())})
        offered = [] if at or ended_at else [change for change in CHANGES.values() if _offered(change, view, opened)]
        return {
            "department": view,
            "ended_at": ended_at,
            "ancestors": [node for node in tree.ancestors(view, at=then) if reaches(_path_to(view, node.id))],
            "division": identity.division_names([view.division]).get(view.division, ""),
            "lead_department": lead,
            "members": tree.members(view.id, PAGE, identifier(request.args.get("after")), at=then),
            "offices": identity.offices(view.id, then),
            "children": tree.children(view.id, PAGE, identifier(request.args.get("below")), at=then),
            "history": tree.history(view.id),
            "opened": opened,
            "changes": [change for change in offered if not change.on_office and change.name != "open-office"],
            "office_changes": [change for change in offered if change.on_office],
            "open_office": next((change for change in offered if change.name == "open-office"), None),
        }

    def _found(self, text: str, at: datetime | None, shown_day: str) -> str:
        page = services().tree_queries.search(text, PAGE, identifier(request.args.get("after")), within=reach(), at=at)
        parents = services().identity_queries.departments({view.parent_id for view in page.rows if view.parent_id}, at)
        return self._page(branch=tree_to(None, at, reach()), at=shown_day, search=text, found=page, parents=parents)

    def _page(self, **values: Any) -> str:  # noqa: ANN401 - template values
        usual = {"department": None, "found": None, "search": "", "levels": LEVELS, "steps": STEPS, "kind": appointment_kind}
        return self._render("console/departments.html", **usual | values)

    def _render(self, template: str, **values: Any) -> str:  # noqa: ANN401 - template values
        rendered: str = self.render(template, view=self, **values)
        return rendered


def _then(ended_at: datetime | None, at: datetime | None) -> datetime | None:
    """Return the moment to look at: of a department that is gone the last one, as no window contains its end."""
    return ended_at - timedelta(microseconds=1) if ended_at else at


def _office_name(view: DepartmentView, filled: Filled) -> str:
    """Return the name of the office that a form is about, behind its department's."""
    offices = services().identity_queries.offices(view.id)
    name = next((name for key, name in offices.items() if str(key) == filled.text("office")), "")
    return " · ".join(part for part in (view.name, name) if part)


def _offered(change: DepartmentChange, view: DepartmentView, opened: frozenset[str]) -> bool:
    """Say whether to offer a change of ``view``: what would be refused whatever is filled in is not shown."""
    above = view.path.removesuffix(f"{view.id.hex}/")
    if change.at_parent and not reaches(above):
        return False
    if change.function in opened:
        return True
    # Open to a delegated administrator under a condition on what is filled in.
    resource = {"department_path": above if change.at_parent else view.path, "within_parent": True}
    return change.bounded and may(change.function, resource)


def _first_root(at: datetime | None) -> UUID | None:
    """Return the department that is shown when none is asked for."""
    roots = reach()
    if WHOLE in roots:
        page = services().tree_queries.children(None, 1, at=at)
        return page.nodes[0].id if page.nodes else None
    return UUID(roots[0].rstrip("/").rpartition("/")[2]) if roots else None


def _path_to(view: DepartmentView, department_id: UUID) -> str:
    """Return the path of a department above ``view``."""
    return view.path.partition(department_id.hex)[0] + f"{department_id.hex}/"


__all__ = ["OrganisationView"]
