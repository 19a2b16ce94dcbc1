"""What stands about a person beside the duties, as forms: registration, facts that change, an ID number that was mistyped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose
from flask_admin.form import BaseForm
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from govcloud.entrypoints.console.parts.pages import opened
from govcloud.entrypoints.console.parts.people_reach import department_named, person_within
from govcloud.entrypoints.console.parts.typed import show_refusal
from govcloud.identity.inputs import STAFFING_TYPES, NewAppointment, NewOfficial, OfficialChange, checked_official
from govcloud.identity.views import OfficialView
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import own_words, say
from govcloud.web.moments import CHINA

CHANGES, CORRECTS = "govcloud:official:change", "govcloud:official:correct_id_number"
#: Stands for the department while the rest of a form is looked at.
_SOME = UUID(int=0)


class OfficialForm(BaseForm):
    """What it takes to register an official with the first appointment."""

    employee_code = StringField(validators=[InputRequired()], description=str(Message("3 至 32 位字母、数字，也是登录账号。")))
    name = StringField(validators=[InputRequired()])
    id_number = StringField(validators=[InputRequired()], description=str(Message("18 位居民身份证号码；加密保存，页面上只显示首尾。")))
    phone = StringField(description=str(Message("可不填；加密保存。")))
    rank = StringField(description=str(Message("例如：一级科员")))
    staffing_type = SelectField(default=STAFFING_TYPES[0])
    department = StringField(validators=[InputRequired()], description=str(Message("部门全称或统一社会信用代码")))
    position = StringField(validators=[InputRequired()], description=str(Message("例如：窗口受理员")))
    post = StringField(description=str(Message("例如：科员")))


class FactsForm(BaseForm):
    """What may be changed about a person beside the duties."""

    name = StringField(validators=[InputRequired()])
    phone = StringField(description=str(Message("留空表示不变；加密保存。")))
    rank = StringField(description=str(Message("例如：一级科员")))
    staffing_type = SelectField()


class NumberForm(BaseForm):
    """The right number in place of a mistyped one."""

    id_number = StringField(validators=[InputRequired()], description=str(Message("18 位居民身份证号码；加密保存，页面上只显示首尾。")))


def new_official(data: Mapping[str, Any]) -> NewOfficial:
    """Return the person of a registration, with one primary appointment.

    Raises:
        Invalid: the department is not named clearly.
    """
    return _typed(data, department_named("department", data["department"] or "", beyond=True).id)


def faults(data: Mapping[str, Any]) -> tuple[FieldError, ...]:
    """Return everything that is wrong with the form of a registration, so that it is mended at once."""
    fields, now = Fields(), services().clock.now()
    checked_official(_typed(data, _SOME), fields, now, now.astimezone(CHINA).date())
    try:
        department_named("department", data["department"] or "", beyond=True)
    except Invalid as error:
        return (*fields.findings, *error.fields)
    return fields.findings


def _typed(data: Mapping[str, Any], department_id: UUID) -> NewOfficial:
    text = {name: data[name] or "" for name in ("employee_code", "name", "id_number", "phone", "rank", "staffing_type", "position", "post")}
    return NewOfficial(
        employee_code=text["employee_code"],
        name=text["name"],
        id_number=text["id_number"],
        phone=text["phone"] or None,
        rank=text["rank"],
        staffing_type=text["staffing_type"],
        appointments=(NewAppointment(department_id, text["position"], text["post"]),),
    )


class PersonFacts:
    """The pages that change facts about a person; beside the view of people."""

    if TYPE_CHECKING:
        render: Callable[..., str]

    @expose("/facts/<official_id>", methods=("GET", "POST"))
    def facts_view(self, official_id: str) -> Response:
        """Change what is wrong or out of date about a person: name, phone, rank, staffing."""
        _require(CHANGES)
        person, status = person_within(official_id), 200
        form = FactsForm(request.form or None, name=person.name, rank=person.rank, staffing_type=person.staffing_type)
        kinds = dict.fromkeys((*STAFFING_TYPES, *([person.staffing_type] if person.staffing_type else ())))
        form.staffing_type.choices = [(kind, own_words(kind)) for kind in kinds]
        if request.method == "POST":
            status = 422
            if form.validate():
                data = form.data
                change = OfficialChange(data["name"], data["phone"] or None, data["rank"] or "", data["staffing_type"])
                answer = _changed(form, person, lambda: services().identity.change_official(current_actor(), person.id, change))
                if isinstance(answer, Response):
                    return answer
                status = answer
        heading = say(Message("变更信息：%(name)s", name=person.name))
        back = url_for(".details_view", id=person.id)
        return make_response(self.render("console/form.html", form=form, heading=heading, back=back), status)

    @expose("/correct/<official_id>", methods=("GET", "POST"))
    def correct_view(self, official_id: str) -> Response:
        """Put the right ID number in place of one that was mistyped."""
        _require(CORRECTS)
        person, status = person_within(official_id), 200
        form = NumberForm(request.form or None)
        if request.method == "POST":
            status = 422
            if form.validate():
                typed = form.data["id_number"]
                answer = _changed(form, person, lambda: services().identity.correct_id_number(current_actor(), person.id, typed))
                if isinstance(answer, Response):
                    return answer
                status = answer
        heading = say(Message("更正证件号码：%(name)s", name=person.name))
        back = url_for(".details_view", id=person.id)
        return make_response(self.render("console/form.html", form=form, heading=heading, back=back), status)


def _changed(form: BaseForm, person: OfficialView, change: Callable[[], bool]) -> Response | int:
    """Run a change of a person's facts and go back to the person; when it is refused, say so on the form and return the status."""
    try:
        changed = change()
    except GovcloudError as error:
        show_refusal(error, form)
        return status_of(error)
    flash(say(Message("已变更，立即生效。") if changed else Message("内容没有变化。")), "success" if changed else "info")
    return make_response(redirect(url_for(".details_view", id=person.id), 303))


def _require(function: str) -> None:
    """Let the reader go on to whom ``function`` is open.

    Raises:
        Denied: it is not.
    """
    if not opened(function):
        raise no_permission()
