"""What every table of the console shares: it reads through the read-only session and writes through services' commands only.

Flask-Admin would change the database itself. Here its own routes for editing, deleting, bulk actions, export and lookups do not
exist, the form for a new row calls a command, its three ways to write (``create_model``, ``update_model``, ``delete_model``) do
nothing, its session refuses to write, and its templates are replaced by the platform's own, so that no page of the console looks
or behaves unlike the portal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from flask import Response, flash, g, make_response, redirect, request, url_for
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import BaseForm
from flask_admin.model.base import ViewArgs
from sqlalchemy import or_
from wtforms import Form

from govcloud.entrypoints.console.parts.columns import scope_words
from govcloud.entrypoints.console.parts.pages import opened
from govcloud.entrypoints.console.parts.sections import Section
from govcloud.entrypoints.console.parts.typed import checked_reason, show_refusal
from govcloud.kernel.database import db
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import searchable
from govcloud.web.errors import status_of
from govcloud.web.gate import no_permission, services
from govcloud.web.locale import say
from govcloud.web.moments import moment

PAGE = 20
_MOST_PAGES = 10_000
_LONGEST_SEARCH = 60


@dataclass(frozen=True)
class RowCommand:
    """A command on one row: its name in the address, its words, the function that opens it, and what it runs.

    ``run`` gets the row and the reason that the administrator typed; ``preview`` returns the lines that say what will happen.
    """

    name: str
    label: Message
    icon: str
    function: str
    question: Message
    run: Callable[[Any, str], Message]
    preview: Callable[[Any], Sequence[Message]] = lambda _: ()
    applies: Callable[[Any], bool] = lambda _: True


class ConsoleView(ModelView):
    """One table of the console; subclasses name the columns, the functions that open it, and the commands on a row."""

    opens: ClassVar[str]
    """The function that opens the view; the gate asks the engine for it."""
    title: ClassVar[Message]
    icon: ClassVar[str]
    group: ClassVar[Message]
    lead: ClassVar[Message | None] = None
    creates: ClassVar[str | None] = None
    """The function that opens the form for a new row; ``None``: there is none."""
    create_title: ClassVar[Message] = Message("新增")
    commands: ClassVar[tuple[RowCommand, ...]] = ()
    asks: ClassVar[tuple[str, ...]] = ()
    """Functions that the view asks for beside these."""
    people: ClassVar[tuple[str, ...]] = ()
    """Attributes that hold the ids of officials; their names are looked up for all rows of a page at once."""
    labels: ClassVar[Mapping[str, Message]] = {}

    # What Flask-Admin would serve beside the list, the details and the form for a new row: no such routes here.
    edit_view = delete_view = action_view = export = ajax_lookup = ajax_update = None
    can_edit = False
    can_delete = False
    can_export = False
    can_view_details = True
    can_set_page_size = False
    simple_list_pager = True
    page_size = PAGE
    form = BaseForm
    form_base_class = BaseForm
    column_type_formatters = {
        datetime: lambda _view, value, _name: moment(value),
        list: lambda _view, value, _name: "、".join(str(item) for item in value),
        dict: lambda _view, value, _name: scope_words(value),
    }
    column_type_formatters_detail = column_type_formatters
    list_template = "console/list.html"
    create_template = "console/form.html"
    details_template = "console/details.html"

    def __init__(self, model: type[Any], endpoint: str) -> None:
        """Serve ``model`` below ``/console/<endpoint>/``."""
        super().__init__(model, db, name=str(self.title), endpoint=f"console_{endpoint}", url=f"/console/{endpoint}")

    @property
    def can_create(self) -> bool:
        """Whether the reader may open the form for a new row."""
        return self.creates is not None and opened(self.creates)

    @can_create.setter
    def can_create(self, value: bool) -> None:
        """Ignore what Flask-Admin sets; the engine decides."""

    @property
    def functions(self) -> frozenset[str]:
        """Return every function that the view asks about."""
        creates = (self.creates,) if self.creates else ()
        return frozenset((self.opens, *creates, *self.asks, *(command.function for command in self.commands)))

    # Reading

    def _get_list_extra_args(self) -> ViewArgs:
        """Return page and search of the address in the range that the database takes; nothing else is read or handed on."""
        page = max(0, min(request.args.get("page", 0, type=int), _MOST_PAGES))
        search = searchable(request.args.get("search", ""))[:_LONGEST_SEARCH]
        return ViewArgs(page=page, search=search or None)

    def _apply_search(
        self,
        query: Any,  # noqa: ANN401 - Flask-Admin's query
        count_query: Any,  # noqa: ANN401 - Flask-Admin's signature
        joins: Any,  # noqa: ANN401 - Flask-Admin's signature
        count_joins: Any,  # noqa: ANN401 - Flask-Admin's signature
        search: str,
    ) -> tuple[Any, Any, Any, Any]:
        """Keep the rows that hold every word in one of the searched columns."""
        for word in search.split():
            query = query.filter(or_(*(column.icontains(word, autoescape=True) for column, _path in self._search_fields)))
        return query, count_query, joins, count_joins

    def get_list(
        self,
        page: int | None,
        sort_column: str | None,
        sort_desc: bool | None,  # noqa: FBT001 - Flask-Admin's signature
        search: str | None,
        filters: Any,  # noqa: ANN401 - Flask-Admin's signature
        execute: bool = True,  # noqa: FBT001, FBT002 - Flask-Admin's signature
        page_size: int | None = None,
    ) -> tuple[int | None, list[Any]]:
        """Return no total and one page, and look up at once the names that its rows need."""
        count, rows = super().get_list(page, sort_column, sort_desc, search, filters, execute=execute, page_size=page_size)
        found = list(rows)
        self._know(found)
        return count, found

    def _know(self, rows: Sequence[Any]) -> None:
        """Look up the names that the cells of ``rows`` show (``columns.py``)."""
        g.console_names = self.names(rows)
        codes = self.function_codes(rows)
        g.console_functions = services().subsystem_queries.function_names(codes) if codes else {}

    def function_codes(self, rows: Sequence[Any]) -> Collection[str]:
        """Return the codes of the functions that ``rows`` show by their names."""
        del rows
        return ()

    def names(self, rows: Sequence[Any]) -> Mapping[UUID, str]:
        """Return the names of the ids that ``rows`` show, in as few queries as there are kinds; by default, those of ``people``."""
        wanted = {official for row in rows for attribute in self.people if (official := getattr(row, attribute)) is not None}
        return services().identity_queries.official_names(wanted) if wanted else {}

    def get_one(self, id: Any) -> Any:  # noqa: A002, ANN401 - Flask-Admin's signature
        """Return the row, or raise ``NotFound`` for an id that is not one."""
        try:
            row = db.session.get(self.model, UUID(str(id)))
        except ValueError:
            row = None
        if row is None:
            raise NotFound.of(self.title, id)
        self._know([row])
        return row

    def heading(self, row: Any) -> str:  # noqa: ANN401 - a row of any model
        """Return what the row is called on its own page."""
        return str(getattr(row, self.column_list[0]))

    def sections(self, row: Any) -> list[Section]:  # noqa: ANN401 - a row of any model
        """Return the tables of related rows below the facts; none unless the view says so."""
        del row
        return []

    def links_for(self, row: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - a row of any model
        """Return further pages about the row, each as address and label, that stand before its commands."""
        del row
        return []

    # Writing: always through a command

    def create(self, form: Form) -> Message:
        """Run the command that makes a row; return what to say. Views with ``creates`` implement it."""
        raise NotImplementedError(f"{type(self).__name__} has no command for a new row: {form!r}")

    def look(self, form: Form) -> Sequence[FieldError]:
        """Return what is wrong with what was typed, whatever else is missing; nothing unless the view says so."""
        del form
        return ()

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Response:
        """Show the form for a new row; when it is sent, run the command. A refusal leaves what was typed in the form.

        Raises:
            NotFound: rows of this table are not made here.
            Denied: the reader may not make one.
        """
        if self.creates is None:
            raise NotFound.of(Message("操作"), "new")
        if not self.can_create:
            raise no_permission()
        form = self.create_form()
        status = 200
        if request.method == "POST":
            status = 422
            # What is missing and what is wrong are told together, so that nobody sends the form twice.
            complete = form.validate()
            wrong = [item for item in self.look(form) if not form.errors.get(item.field)]
            if wrong:
                show_refusal(Invalid.of(*wrong), form)
            elif complete:
                try:
                    flash(say(self.create(form)), "success")
                    return make_response(redirect(url_for(f"{self.endpoint}.index_view"), 303))
                except GovcloudError as error:
                    show_refusal(error, form)
                    status = status_of(error)
        return make_response(self.render(self.create_template, form=form), status)

    def create_model(self, form: Form) -> bool:  # noqa: ARG002 - Flask-Admin's signature
        """Make nothing: ``create_view`` runs the command."""
        return False

    def update_model(self, form: Form, model: Any) -> bool:  # noqa: ANN401, ARG002 - Flask-Admin's signature
        """Change nothing: there is no way around the commands."""
        return False

    def delete_model(self, model: Any) -> bool:  # noqa: ANN401, ARG002 - Flask-Admin's signature
        """Delete nothing: facts are closed by commands, never deleted."""
        return False

    def commands_for(self, row: Any) -> list[RowCommand]:  # noqa: ANN401 - a row of any model
        """Return the commands that the reader may run on ``row``."""
        return [item for item in self.commands if opened(item.function) and item.applies(row)]

    @expose("/command/<command_name>/<row_id>", methods=("GET", "POST"))
    def command_view(self, command_name: str, row_id: str) -> Response:
        """Show what a command will do; run it when it is confirmed with a reason.

        Raises:
            NotFound: there is no such command or row.
            Denied: the reader may not run the command.
        """
        command = next((item for item in self.commands if item.name == command_name), None)
        if command is None:
            raise NotFound.of(Message("操作"), command_name)
        if not opened(command.function):
            raise no_permission()
        row = self.get_one(row_id)
        error: GovcloudError | None = None
        if request.method == "POST":
            try:
                flash(say(command.run(row, checked_reason(request.form.get("reason", "")))), "success")
                return make_response(redirect(url_for(f"{self.endpoint}.index_view"), 303))
            except GovcloudError as refused:
                error = refused
        page = self.render("console/confirm.html", command=command, row=row, error=error, preview=command.preview(row))
        return make_response(page, status_of(error) if error else 200)

    def render(self, template: str, **kwargs: Any) -> str:  # noqa: ANN401 - template values
        """Render in the platform's shell; ``view`` is this view."""
        rendered: str = super().render(template, view=self, column_label=self.column_label, **kwargs)
        return rendered

    def search_placeholder(self) -> str | None:
        """Return the heads of the columns that are searched."""
        names = self.column_searchable_list or ()
        return " / ".join(self.column_label(name) for name in names if name in self.labels) or None

    def column_label(self, name: str) -> str:
        """Return the head of a column, or the label of a form's field, in the reader's language."""
        label = self.labels.get(name)
        return say(label) if label else name
