"""人员: who there is within the reader's reach, a page for each, and the forms that change a duty; personal numbers stay masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, flash, make_response, redirect, request, stream_with_context, url_for
from flask_admin import expose
from wtforms import Form

from govcloud.entrypoints.console.parts.base import ConsoleView
from govcloud.entrypoints.console.parts.official_list import Query, as_csv, places_of
from govcloud.entrypoints.console.parts.pages import opened
from govcloud.entrypoints.console.parts.people_reach import OPENS, own_department, person_within
from govcloud.entrypoints.console.parts.typed import checked_reason
from govcloud.entrypoints.console.people.change_forms import END, FORMS, LABELS, ChangeForm, Filled, check, endable, losses, run
from govcloud.entrypoints.console.people.person_factors import PersonFactors, may_reset
from govcloud.entrypoints.console.people.person_facts import CHANGES, CORRECTS, OfficialForm, PersonFacts, faults, new_official
from govcloud.entrypoints.console.people.person_roles import PersonRoles, may_give, role_rows, withheld_rows
from govcloud.entrypoints.console.people.planned import OPENS as PLANNED
from govcloud.entrypoints.console.rights.access import may_see
from govcloud.entrypoints.console.rights.authorization import role_name
from govcloud.entrypoints.console.running.sessions import ENDS
from govcloud.entrypoints.console.running.sessions import OPENS as SESSIONS
from govcloud.identity.inputs import STAFFING_TYPES
from govcloud.identity.views import AppointmentView, OfficialView
from govcloud.identity.working_life.orders import CHANGE_NAMES, Order
from govcloud.identity.working_life.rejoining import JOINED_AGAIN
from govcloud.kernel.errors import FieldError, GovcloudError, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.asking import TRY
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import own_words, say
from govcloud.web.moments import day
from govcloud.web.standing import access_panel
from govcloud.web.stays import NOTICES, cause_words, device, stay_rows
from govcloud.web.words import OFFICIAL_STATUS

_UNMASKS, _CANCELS = "govcloud:official:unmask", "govcloud:personnel_change:cancel"
_MOST_NOTICES = 10
_MASKED = {"id_number": Message("证件号码"), "phone": Message("手机号")}


def _require(function: str) -> None:
    """Let the reader go on to whom ``function`` is open.

    Raises:
        Denied: it is not.
    """
    if not opened(function):
        raise no_permission()


class OfficialsView(PersonFacts, PersonRoles, PersonFactors, ConsoleView):
    """The people within reach."""

    opens = OPENS
    asks = ("govcloud:official:access", ENDS, SESSIONS)
    creates = "govcloud:official:register"
    title = Message("人员")
    icon = "users"
    group = Message("组织与人员")
    create_title = Message("登记人员")
    lead = Message("一人一号：每名公职人员只有一个账号，权限随任职而定。")
    column_list = ("employee_code", "name")
    labels = {
        "employee_code": Message("工号"),
        "name": Message("姓名"),
        "id_number": Message("证件号码"),
        "phone": Message("手机号"),
        "rank": Message("职级"),
        "staffing_type": Message("编制"),
        "department": Message("部门"),
        "position": Message("岗位"),
        "post": Message("职务"),
    }
    form = OfficialForm

    @property
    def functions(self) -> frozenset[str]:
        """Return the functions of the page and of every form about a person."""
        return super().functions | {form.function for form in FORMS.values()} | {_UNMASKS, _CANCELS, CHANGES, CORRECTS, TRY}

    @expose("/")
    def index_view(self) -> str:
        """Show one page of the list."""
        query = Query.of(request)
        page = query.page(request.args.get("after"))
        return self.render(
            "console/officials.html",
            query=query,
            page=page,
            places=places_of(page.rows),
            statuses=[("", say(Message("全部状态"))), *((code, say(word.text)) for code, word in OFFICIAL_STATUS.items())],
            shown_after=request.args.get("after", ""),
        )

    @expose("/export.csv")
    def export_view(self, *_: object) -> Response:
        """Send the list as a file, written while it is read."""
        lines = stream_with_context(as_csv(Query.of(request)))
        headers = {"Content-Disposition": 'attachment; filename="officials.csv"'}
        return Response(lines, content_type="text/csv; charset=utf-8", headers=headers)

    @expose("/details/")
    def details_view(self) -> str:
        """Show one person: facts, duties over time, what lies ahead, sessions, and what is held beyond the duties."""
        return self._person_page(person_within(request.args.get("id", "")))

    @expose("/change/<kind>/<official_id>", methods=("GET", "POST"))
    def change_view(self, kind: str, official_id: str) -> Response | str:
        """Show a form, then what the change would end, and run it when that is confirmed."""
        form = FORMS.get(kind)
        if form is None:
            raise NotFound.of(Message("操作"), kind)
        _require(form.function)
        person = person_within(official_id)
        filled = Filled({name: request.form.get(name, "").strip() for name in form.fields})
        if request.method == "GET":
            return self._form_page(form, person, filled)
        try:
            check(form, person, filled.values)
            if "confirmed" in request.form:
                flash(say(run(form, person.id, filled.values)), "success")
                return make_response(redirect(url_for(".details_view", id=person.id), 303))
            if "back" not in request.form:
                return self._form_page(form, person, filled, preview=losses(form, person, filled.values))
        except GovcloudError as error:
            filled.take(error)
            return make_response(self._form_page(form, person, filled), status_of(error))
        return self._form_page(form, person, filled)

    @expose("/cancel/<uuid:change_id>", methods=("GET", "POST"))
    def cancel_view(self, change_id: Any) -> Response | str:  # noqa: ANN401 - an UUID of the router
        """Cancel a change that lies ahead, when it is confirmed with a reason."""
        _require(_CANCELS)
        change = services().identity_queries.change(change_id)
        if change is None:
            raise NotFound.of(Message("人事变动"), change_id)
        person = person_within(change.official_id)
        filled = Filled({"reason": request.form.get("reason", "").strip()})
        if request.method == "POST":
            try:
                services().identity.cancel_change(current_actor(), change.id, checked_reason(filled.values["reason"]))
            except GovcloudError as error:
                filled.take(error)
            else:
                said = Message("已取消原定于%(date)s的%(kind)s。", date=day(change.effective_at), kind=CHANGE_NAMES[change.kind])
                flash(say(said), "success")
                planned = request.args.get("back") == "planned" and opened(PLANNED)
                back = url_for("console_planned.index_view") if planned else url_for(".details_view", id=person.id)
                return make_response(redirect(back, 303))
        page = self.render("console/cancel_change.html", change=change, person=person, filled=filled, change_names=CHANGE_NAMES)
        return make_response(page, 422 if filled.errors or filled.general else 200)

    @expose("/unmask/<fact>/<official_id>", methods=("GET", "POST"))
    def unmask_view(self, fact: str, official_id: str) -> Response | str:
        """Ask for the reason, then show one number in clear, on this answer only."""
        if fact not in _MASKED:
            raise NotFound.of(Message("信息"), fact)
        _require(_UNMASKS)
        person, number, status = person_within(official_id), None, 200
        filled = Filled({"reason": request.form.get("reason", "").strip()})
        if request.method == "POST":
            try:
                number = services().identity.unmask(current_actor(), person.id, fact, checked_reason(filled.values["reason"]))
            except GovcloudError as error:
                filled.take(error)
                status = status_of(error)
        page = self.render("console/unmask.html", person=person, label=_MASKED[fact], number=number, filled=filled)
        return make_response(page, status)

    def create_form(self, obj: Any = None) -> Form:  # noqa: ANN401 - Flask-Admin's signature
        """Offer the kinds of staffing in the reader's language, and begin with the reader's own department."""
        form = super().create_form(obj)
        if request.method == "GET":
            form.department.data = own_department()
        form.staffing_type.choices = [(kind, own_words(kind)) for kind in STAFFING_TYPES]
        return form

    def look(self, form: Form) -> tuple[FieldError, ...]:
        """Return what is wrong with a registration, whatever else of it is missing."""
        return faults(form.data)

    def create(self, form: Form) -> Message:
        """Register the official with one primary appointment."""
        joined = services().identity.join(current_actor(), new_official(form.data), Order(JOINED_AGAIN))
        if joined.again is not None:
            return Message("%(name)s曾经离职，已重新入职，沿用原账号。原密码作废，请签发激活码。", name=form.data["name"])
        return Message("已登记%(name)s。账号没有密码，请签发激活码，由本人设置密码。", name=form.data["name"])

    def render(self, template: str, **kwargs: Any) -> str:  # noqa: ANN401 - template values
        """Render with the words of a person's status and of the forms' fields at hand."""
        return super().render(template, official_words=OFFICIAL_STATUS, field_labels=LABELS, **kwargs)

    def get_one(self, id: Any) -> Any:  # noqa: A002, ANN401 - Flask-Admin's signature
        """Return the row, if it lies within reach."""
        return super().get_one(person_within(id).id)

    def _person_page(self, person: OfficialView) -> str:
        queries = services().identity_queries
        place = queries.main_places([person.id]).get(person.id)
        sessions = services().signon.sessions_of(person.id)
        places, account = queries.appointments_of(person.id), queries.account_of(person.id)
        factor = services().second_factors.standing_of(account.id, person.id) if account else None
        return self.render(
            "console/official.html",
            person=person,
            access=access_panel(person.id, place.id if place else None) if may_see(person, place) else None,
            account=account,
            factor=factor,
            may_reset_factor=factor is not None and factor.since is not None and may_reset(person, places),
            timeline=queries.timeline(person.id),
            planned=queries.planned_changes(person.id),
            history=queries.changes_of(person.id),
            sessions=sessions,
            stays=stay_rows(item.session_id for item in sessions),
            device=device,
            notices=services().logout_queries.of_official(person.id, _MOST_NOTICES),
            notice_words=NOTICES,
            cause_words=cause_words,
            may_end=opened(ENDS) and opened(SESSIONS),
            held=[item for item in services().access_queries.my_access(person.id) if item.is_live],
            roles=role_rows(person.id, places),
            role_name=role_name,
            withheld=withheld_rows(person.id),
            may_give=may_give(person, places),
            tries=opened(TRY),
            forms=[form for form in FORMS.values() if self._offers(form, person, places)],
            may_unmask=opened(_UNMASKS),
            may_cancel=opened(_CANCELS),
            may_change=opened(CHANGES),
            may_correct=opened(CORRECTS),
            change_names=CHANGE_NAMES,
        )

    @staticmethod
    def _offers(form: ChangeForm, person: OfficialView, places: Sequence[AppointmentView]) -> bool:
        """Say whether the person's page offers a form: the reader may open it, and it applies to the person as is."""
        applies = person.status in form.statuses and (form.kind != END or bool(places))
        return applies and opened(form.function)

    def _form_page(self, form: ChangeForm, person: OfficialView, filled: Filled, preview: object = None) -> str:
        place = services().identity_queries.main_places([person.id]).get(person.id)
        held = endable(person.id) if form.kind == END else ()
        ending = [(str(view.id), f"{view.department_name} · {view.position}") for view in held]
        return self.render("console/change_form.html", duty=form, person=person, place=place, filled=filled, preview=preview, ending=ending)
