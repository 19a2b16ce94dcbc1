"""业务子系统: which there are within the reader's reach, a page for each, and the steps that bring one into service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.entrypoints.console.catalogue.client_pages import CHANGES, TESTS, ClientPages
from govcloud.entrypoints.console.catalogue.client_pages import REGISTERS as REGISTERS_CLIENT
from govcloud.entrypoints.console.catalogue.subsystem_acts import REGISTERS, register
from govcloud.entrypoints.console.catalogue.subsystem_forms import FORMS, SubsystemForm, registration_fields
from govcloud.entrypoints.console.catalogue.subsystem_page import page_facts
from govcloud.entrypoints.console.catalogue.subsystem_words import STATES, STEPS
from govcloud.entrypoints.console.parts.pages import opened
from govcloud.entrypoints.console.parts.subsystem_reach import OPENS, PUBLISHES, Standing, reach, subsystem_within
from govcloud.entrypoints.console.people.change_forms import Filled
from govcloud.kernel.errors import FieldError, GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.subsystems.inputs import ClientCredentials
from govcloud.subsystems.lifecycle import ONBOARDING, Move, Status
from govcloud.subsystems.queries import SubsystemView
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import say

PAGE = 20
_CHECKS = "govcloud:subsystem:check"
_TODO = {"check": _CHECKS, "publish": PUBLISHES}
_LONGEST_SEARCH = 60


class SubsystemsView(ClientPages):
    """The relying systems; an administrator of subsystems sees those of the own department and of those that it leads."""

    opens: ClassVar[str] = OPENS
    title: ClassVar[Message] = Message("业务子系统")
    lead: ClassVar[Message | None] = Message("登记、核查、发布业务子系统，管理其功能、可申请项与客户端。")
    icon: ClassVar[str] = "server"
    group: ClassVar[Message] = Message("子系统接入")

    def __init__(self) -> None:
        """Serve below ``/console/subsystems/``."""
        super().__init__("subsystems")

    @property
    def functions(self) -> frozenset[str]:
        """Return the functions of the page, of its forms and of its steps."""
        steps = {move.function for move in ONBOARDING.values()}
        return frozenset((self.opens, REGISTERS, REGISTERS_CLIENT, CHANGES, TESTS, *steps, *(form.function for form in FORMS.values())))

    @expose("/")
    def index_view(self) -> str:
        """Show one page of the list, or of what waits for the reader."""
        text, status, after = (request.args.get(name, "").strip() for name in ("search", "status", "after"))
        text, status = text[:_LONGEST_SEARCH], status if status in STATES else ""
        todo = request.args.get("todo", "")
        todo = todo if opened(_TODO.get(todo, "")) else ""
        queries = services().subsystem_queries
        if todo == "publish":
            page = queries.waiting_for_publication(reach(PUBLISHES), limit=PAGE, after=after)
        else:
            page = queries.subsystems_within(reach(), text, Status.SUBMITTED if todo else status, limit=PAGE, after=after)
        waiting = dict(zip(_TODO, queries.waiting_counts(reach(), reach(PUBLISHES)), strict=True))
        owners = {row.owner_department_id for row in page.rows if row.owner_department_id}
        return self._render(
            "console/subsystems.html",
            page=page,
            owners=services().identity_queries.departments(owners),
            query={name: value for name, value in (("search", text), ("status", status), ("todo", todo)) if value},
            after=after,
            waiting={name: waiting[name] for name, function in _TODO.items() if opened(function)},
            may_register=opened(REGISTERS),
            statuses=[("", say(Message("全部状态"))), *((code, say(word.text)) for code, word in STATES.items())],
        )

    @expose("/details/")
    def details_view(self) -> str:
        """Show one subsystem: where it stands, what the checks find, its functions and clients, and what the reader may do."""
        view = subsystem_within(request.args.get("id", ""))
        return self._render("console/subsystem.html", **page_facts(view))

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Response:
        """Show the form that registers a subsystem, and register it."""
        if not opened(REGISTERS):
            raise no_permission()
        fields = registration_fields()
        filled = Filled(_typed([field.name for field in fields]))
        status = 200
        if request.method == "POST":
            try:
                registered = register(filled.values, current_actor())
            except GovcloudError as error:
                filled.take(error)
                status = status_of(error)
            else:
                flash(say(Message("已登记。接下来请新增功能、登记客户端，再提交核查。")), "success")
                return make_response(redirect(url_for(".details_view", id=registered), 303))
        page = self._render(
            "console/subsystem_form.html", heading=say(Message("登记业务子系统")), fields=fields, filled=filled, subsystem=None
        )
        return make_response(page, status)

    @expose("/form/<form_name>/<uuid:subsystem_id>", methods=("GET", "POST"))
    def form_view(self, form_name: str, subsystem_id: UUID) -> Response:
        """Show a form of a subsystem's page, and run its command."""
        form = FORMS.get(form_name)
        if form is None:
            raise NotFound.of(Message("操作"), form_name)
        view = subsystem_within(subsystem_id)
        if not Standing.of(view).may(form.function):
            raise no_permission()
        subject = request.values.get("subject", "")
        names = [field.name for field in form.fields()]
        if request.method == "GET":
            return self._form_page(form, view, subject, Filled({**form.start(view, subject), **_typed(names, request.args)}))
        filled = Filled(_typed(names))
        told: tuple[Message, ...] = ()
        try:
            back = form.rehearse is not None and "back" in request.form
            if form.rehearse is not None and not back and "confirmed" not in request.form:
                told = form.rehearse(view, subject, filled.values, current_actor())
            if not told and not back:
                return self._done(view, form, form.run(view, subject, filled.values, current_actor()))
        except GovcloudError as error:
            _take(filled, error, names)
            return self._form_page(form, view, subject, filled, status=status_of(error))
        return self._form_page(form, view, subject, filled, told=told)

    @expose("/step/<step>/<uuid:subsystem_id>", methods=("GET", "POST"))
    def step_view(self, step: str, subsystem_id: UUID) -> Response:
        """Show what stands for and against a step, and take it."""
        move = ONBOARDING.get(step)
        if move is None:
            raise NotFound.of(Message("操作"), step)
        view = subsystem_within(subsystem_id)
        if not Standing.of(view).may_move(move, Status(view.status)):
            raise no_permission()
        error: GovcloudError | None = None
        if request.method == "POST":
            try:
                _STEPS[step](view, request.form.get("note", "").replace("\r\n", "\n"))
                flash(say(STEPS[step].said), "success")
                return make_response(redirect(url_for(".details_view", id=view.id), 303))
            except GovcloudError as refused:
                error = refused
        return make_response(self._step_page(view, move, error), status_of(error) if error else 200)

    # Parts of the pages

    def _done(self, view: SubsystemView, form: SubsystemForm, outcome: Message | ClientCredentials) -> Response:
        """Say what was done; a secret is shown on the answer itself, this once."""
        if isinstance(outcome, ClientCredentials):
            response = make_response(self._render("console/subsystem_secret.html", subsystem=view, form=form, credentials=outcome))
            response.headers["Cache-Control"] = "no-store"
            return response
        flash(say(outcome), "success")
        return make_response(redirect(url_for(".details_view", id=view.id), 303))

    def _form_page(
        self, form: SubsystemForm, view: SubsystemView, subject: str, filled: Filled, *, told: tuple[Message, ...] = (), status: int = 200
    ) -> Response:
        page = self._render(
            "console/subsystem_form.html",
            heading=say(form.label),
            form=form,
            fields=form.fields(),
            filled=filled,
            subsystem=view,
            subject=subject,
            told=told,
        )
        return make_response(page, status)

    def _step_page(self, view: SubsystemView, move: Move, error: GovcloudError | None) -> str:
        subsystems = services().subsystems
        return self._render(
            "console/subsystem_step.html",
            subsystem=view,
            move=move,
            word=STEPS[move.name],
            checklist=subsystems.checklist(view.id) if move.sound else None,
            affected=subsystems.affected_by_retiring(view.id) if move.name == "retire" else None,
            error=error,
        )

    def _render(self, template: str, **values: Any) -> str:  # noqa: ANN401 - template values
        usual: dict[str, Any] = {"states": STATES, "step_words": STEPS, "form": None, "told": (), "subject": ""}
        rendered: str = self.render(template, view=self, **usual | values)
        return rendered


def _typed(names: list[str], source: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what was typed, by field; a field that was not sent is left out of an address and empty in a form."""
    given = request.form if source is None else source
    return {name: given.get(name, "").replace("\r\n", "\n").strip() for name in names if source is None or name in given}


def _take(filled: Filled, error: GovcloudError, names: list[str]) -> None:
    """Put what a command said on the fields; what is about a row of many says which, and with which value."""
    placed = []
    for item in error.fields:
        row, _, own = item.field.rpartition(".")
        if own in names:
            placed.append(FieldError(own, item.message, item.value))
        elif "rows" in names and row:
            line = int(row.removeprefix("rows[").removesuffix("]")) + 1
            placed.append(FieldError("rows", Message("第 %(line)s 行 %(value)s：%(what)s", line=line, value=item.value, what=item.message)))
        elif own == "service_item" and "codes" in names:
            placed.append(FieldError("codes", Message("%(code)s：%(what)s", code=item.value, what=item.message)))
        else:
            placed.append(item)
    several: dict[str, list[str]] = {}
    for item in placed:
        several.setdefault(item.field, []).append(say(item.message))
    filled.errors.update({name: " ".join(texts[:_SHOWN]) for name, texts in several.items() if name in names})
    loose = [text for name, texts in several.items() if name not in names for text in texts]
    said = [say(part) for part in (error.message, *(item.message for item in error.refusals), error.remedy) if part is not None]
    filled.general = "" if filled.errors and not loose else " ".join(dict.fromkeys([*said, *loose]))


_SHOWN = 5


_STEPS = {
    "submit": lambda view, note: services().subsystems.submit_subsystem(current_actor(), view.id, note),
    "return": lambda view, note: services().subsystems.return_subsystem(current_actor(), view.id, note),
    "check": lambda view, note: services().subsystems.check_subsystem(current_actor(), view.id, note),
    "publish": lambda view, note: services().subsystems.publish_subsystem(current_actor(), view.id, note),
    "retire": lambda view, note: services().subsystems.retire_subsystem(current_actor(), view.id, note),
}
