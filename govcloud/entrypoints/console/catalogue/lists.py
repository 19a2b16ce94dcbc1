"""权力清单 and 实施清单: departments left, their list right as of any day; an entry with its versions; the editions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any, ClassVar
from uuid import UUID

from flask import Response, request, send_file
from flask_admin import expose

from govcloud.entrypoints.console.organisation.department_tree import MOST_NODES, WHOLE, Branch, as_of, tree_to
from govcloud.entrypoints.console.parts.pages import ConsolePage
from govcloud.entrypoints.console.parts.words import FACTS
from govcloud.identity.views import DepartmentView
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.spreadsheets import csv_lines, write_xlsx
from govcloud.kernel.tables.template import csv_template, xlsx_template
from govcloud.kernel.validation import identifier
from govcloud.subsystems.listing.columns import KIND_NAMES
from govcloud.subsystems.listing.exporting import export_heads, export_rows
from govcloud.subsystems.listing.kinds import POWER, ListKind
from govcloud.subsystems.listing.queries import Wanted
from govcloud.web.gate import reach_of, services
from govcloud.web.locale import say

PAGE = 20
ENTRIES = 50
IMPORT = "govcloud:list:import"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_SEARCH = 60
_NUMBER = re.compile(r"[0-9]{1,9}")


class ListPages(ConsolePage):
    """What both lists' pages share; whoever has a part of the organisation sees and keeps that part."""

    kind: ClassVar[ListKind]
    group: ClassVar[Message] = Message("权责清单")

    @property
    def functions(self) -> frozenset[str]:
        """Return the page's function and that by which a list is imported."""
        return frozenset((self.opens, IMPORT))

    @expose("/")
    def index_view(self) -> str:
        """Show the tree with the list of one department, or of all that the reader reaches."""
        at, shown_day = as_of(request.args.get("at", ""))
        department = self.department_within(identifier(request.args.get("id")), at)
        wanted = self._wanted(department)
        page = services().subsystem_queries.list_page(self.kind.code, wanted, identifier(request.args.get("after")), PAGE, at=at)
        return self.page(
            "console/lists.html",
            branch=tree_to(department, at, self.reach()),
            department=department,
            at=shown_day,
            search=wanted.text,
            chosen=wanted.kind,
            found=page,
            departments=services().identity_queries.departments({item.department_id for item in page.rows}, at),
            editions=services().subsystem_queries.editions(self.kind.code, limit=1, paths=self.reach()).rows,
        )

    @expose("/level/<uuid:parent_id>")
    def level(self, parent_id: UUID) -> str:
        """Return one level of the tree as a part of a page, for opening it in place."""
        at, shown_day = as_of(request.args.get("at", ""))
        parent = self.department_within(parent_id, at)
        if parent is None:
            raise NotFound.of(Message("部门"), parent_id)
        children = services().tree_queries.children(parent_id, MOST_NODES, at=at)
        return self.page("console/_level.html", branch=Branch(children.nodes, more=children.after is not None), at=shown_day, selected=None)

    @expose("/item/<uuid:item_id>")
    def item_view(self, item_id: UUID) -> str:
        """Show one entry: what it says, what it said before, and what hangs on it."""
        queries = services().subsystem_queries
        history = queries.item_history(self.kind.code, item_id)
        item = history.item
        department = services().identity_queries.department(item.department_id)
        if department is None or not self.reaches(department.path):
            raise NotFound.of(self.kind.thing, item_id)
        resting = queries.list_page("implementation", Wanted(power_item_id=item.id), limit=ENTRIES) if self.kind is POWER else None
        basis, functions = None, None
        if self.kind is not POWER:
            functions = queries.functions_resting_on(item.id)
            power_id: UUID = item.power_item_id  # type: ignore[union-attr]  # a service item has it
            basis = queries.items_by_id("power", [power_id]).get(power_id)
        ended = queries.edition(item.ended_edition_id) if item.ended_edition_id else None
        return self.page(
            "console/list_item.html",
            history=history,
            item=item,
            department=department,
            resting=resting,
            basis=basis,
            functions=functions,
            ended=ended,
        )

    @expose("/editions/")
    def editions_view(self) -> str:
        """Show the editions that concern the reader, the newest first."""
        after = number_of(request.args.get("after", ""))
        found = services().subsystem_queries.editions(self.kind.code, after, PAGE, paths=self.reach())
        return self.page("console/list_editions.html", found=found, after=after)

    @expose("/editions/<uuid:edition_id>")
    def edition_view(self, edition_id: UUID) -> str:
        """Show what one edition brought."""
        queries, reach = services().subsystem_queries, self.reach()
        edition = queries.edition(edition_id)
        concerned = any(edition.department_path.startswith(path) or path.startswith(edition.department_path) for path in reach)
        if edition.kind != self.kind.code or not concerned:
            raise NotFound.of(Message("版本"), edition_id)
        rows = queries.edition_rows(edition, reach, identifier(request.args.get("after")), ENTRIES + 1)
        gone = queries.edition_withdrawn(edition, reach, ENTRIES) if "after" not in request.args else ()
        return self.page(
            "console/list_edition.html",
            edition=edition,
            rows=rows[:ENTRIES],
            withdrawn=gone,
            after=rows[ENTRIES - 1].id if len(rows) > ENTRIES else None,
            departments=services().identity_queries.departments({item.department_id for item in (*rows, *gone)}),
        )

    @expose("/export.<form>")
    def export(self, form: str) -> Response:
        """Download what the page shows, all of it, in the form in which it can be imported."""
        at, _ = as_of(request.args.get("at", ""))
        wanted = self._wanted(self.department_within(identifier(request.args.get("id")), at))
        items = services().subsystem_queries.list_rows(self.kind.code, wanted, at)
        rows = list(export_rows(self.kind, items, services().identity_queries, at))
        return self.table(form, f"{self.kind.code}-list", export_heads(self.kind), rows)

    @expose("/template.<form>")
    def template(self, form: str) -> Response:
        """Download the template."""
        name = f"{self.kind.code}-template"
        if form == "csv":
            return _csv(csv_template(self.kind.columns), name)
        if form != "xlsx":
            raise NotFound.of(Message("模板"), form)
        file = BytesIO()
        xlsx_template(file, self.kind.columns, str(self.kind.title), say)
        return _xlsx(file, name)

    # Parts of the pages

    def reach(self) -> tuple[str, ...]:
        """Return the paths at or below which the reader sees lists, looked up once a request."""
        return reach_of(self.opens)

    def reaches(self, path: str) -> bool:
        """Say whether the reader sees the list of the department at ``path``."""
        return any(path.startswith(above) for above in self.reach())

    def department_within(self, department_id: UUID | None, at: datetime | None = None) -> DepartmentView | None:
        """Return the department that an address names.

        Raises:
            NotFound: there is none within reach; which of the two is not said.
        """
        if department_id is None:
            return None
        view = services().identity_queries.department(department_id, at)
        if view is None or not self.reaches(view.path):
            raise NotFound.of(Message("部门"), department_id)
        return view

    def _wanted(self, department: DepartmentView | None) -> Wanted:
        text = request.args.get("search", "").strip()[:_LONGEST_SEARCH]
        kind = request.args.get("kind", "") if self.kind is POWER else ""
        # A department is shown alone; a search looks below it as well.
        if department is None or text:
            paths = (department.path,) if department else self.reach()
            return Wanted(paths=paths, text=text, kind=kind)
        return Wanted(department.id, text=text, kind=kind)

    def page(self, template: str, **values: Any) -> str:  # noqa: ANN401 - template values
        """Render one of the lists' pages."""
        usual = {"kinds": KIND_NAMES, "facts": FACTS, "shown": shown, "power": self.kind is POWER, "whole": WHOLE in self.reach()}
        rendered: str = self.render(template, view=self, kind=self.kind, **usual | values)
        return rendered

    def table(self, form: str, name: str, heads: list[str], rows: list[list[object]]) -> Response:
        """Return a table to download.

        Raises:
            NotFound: it is not given out in that form.
        """
        if form == "csv":
            return _csv(csv_lines(heads, rows), name)
        if form != "xlsx":
            raise NotFound.of(Message("文件格式"), form)
        file = BytesIO()
        write_xlsx(file, ((str(self.kind.title), heads, rows),))
        return _xlsx(file, name)


def number_of(text: str) -> int | None:
    """Return the number of an edition in an address; what is none, or none that there could be, is as good as left out."""
    return int(text) if _NUMBER.fullmatch(text) else None


def shown(name: str, value: object) -> str:
    """Return a fact of an entry as people read it."""
    if name == "kind":
        digits = str(value)
        return f"{digits} {say(KIND_NAMES[digits])}" if digits in KIND_NAMES else digits
    if name == "promised_days":
        if value is None:
            return say(Message("未承诺"))
        return say(Message("%(days)s 个工作日", days=value)) if value else say(Message("即时办结"))
    return str(value) if value else "—"


def _csv(lines: Iterator[str], name: str) -> Response:
    response = Response(list(lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={name}.csv"
    return response


def _xlsx(file: BytesIO, name: str) -> Response:
    file.seek(0)
    return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"{name}.xlsx")
