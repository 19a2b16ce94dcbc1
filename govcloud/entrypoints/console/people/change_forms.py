"""The forms that change somebody's duty, from 调动 and 结束任职 to 离职, its undoing and 重新入职: shown first, then confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from govcloud.entrypoints.console.parts.people_reach import department_named, reach
from govcloud.entrypoints.console.parts.typed import checked_reason
from govcloud.entrypoints.console.people.duty_effects import Loss, roles_by_duty, serving
from govcloud.entrypoints.console.rights.authorization import role_name
from govcloud.identity.inputs import MOST_TITLE, NewAppointment
from govcloud.identity.views import AppointmentView, OfficialView
from govcloud.identity.working_life.orders import CHANGE_NAMES, Duty, Order
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields, whole_number
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import say
from govcloud.web.moments import CHINA, day

_PLACE = ("department", "position", "post")
_ANY = frozenset({"active", "suspended"})
#: Ending one appointment is no change of the list of personnel changes: it is always at once.
END, _END_TITLE = "end", Message("提前结束任职")


@dataclass(frozen=True)
class ChangeForm:
    """One kind of change: its icon, the function that opens it, its fields, and of which status the person must be."""

    kind: str
    icon: str
    function: str
    fields: tuple[str, ...]
    statuses: frozenset[str] = _ANY
    danger: bool = False

    @property
    def label(self) -> Message:
        """The word for the change."""
        return CHANGE_NAMES.get(self.kind, _END_TITLE)


LABELS: Mapping[str, Message] = {
    "appointment": Message("任职"),
    "department": Message("部门"),
    "position": Message("岗位"),
    "post": Message("职务"),
    "effective_on": Message("生效日期"),
    "ends_on": Message("结束日期"),
    "handover_days": Message("交接天数"),
    "reason": Message("原因"),
}

_BEGIN, _ENDS = "govcloud:appointment:begin", "govcloud:appointment:end"
FORMS: Mapping[str, ChangeForm] = {
    form.kind: form
    for form in (
        ChangeForm("transfer", "arrow-right", "govcloud:official:transfer", (*_PLACE, "effective_on", "handover_days", "reason")),
        ChangeForm("concurrent", "plus", _BEGIN, (*_PLACE, "effective_on", "ends_on", "reason")),
        ChangeForm("attachment", "building-2", _BEGIN, (*_PLACE, "effective_on", "ends_on", "reason")),
        ChangeForm("secondment", "external-link", _BEGIN, (*_PLACE, "effective_on", "ends_on", "reason")),
        ChangeForm(END, "circle-x", _ENDS, ("appointment", "reason"), danger=True),
        ChangeForm("suspend", "ban", "govcloud:official:suspend", ("effective_on", "reason"), frozenset({"active"}), danger=True),
        ChangeForm("reinstate", "circle-check", "govcloud:official:reinstate", ("effective_on", "reason"), frozenset({"suspended"})),
        ChangeForm("leave", "log-out", "govcloud:official:leave", ("effective_on", "reason"), danger=True),
        ChangeForm("rejoin", "log-in", "govcloud:official:rejoin", (*_PLACE, "effective_on", "reason"), frozenset({"left"})),
        ChangeForm("undo_leave", "undo-2", "govcloud:official:undo_leave", ("reason",), frozenset({"left"})),
    )
}


@dataclass
class Filled:
    """A form as it was filled in: the values, what is wrong with each, and about the whole."""

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    general: str = ""

    def take(self, error: GovcloudError) -> None:
        """Put what a command said on the fields that it is about, the rest on top."""
        for item in error.fields:
            self.errors.setdefault(_FIELD_NAMES.get(item.field, item.field), say(item.message))
        parts = [error.message, *(item.message for item in error.refusals), error.remedy]
        self.general = "" if self.errors else " ".join(dict.fromkeys(say(part) for part in parts if part is not None))


_FIELD_NAMES = {
    "effective_at": "effective_on",
    "ends_at": "ends_on",
    "until": "ends_on",
    "department_id": "department",
    "scope": "department",
}


def run(form: ChangeForm, official_id: UUID, values: Mapping[str, str]) -> Message:
    """Run the command of a form; return what to say.

    Raises:
        GovcloudError: what the command says, or a date or department that cannot be read.
    """
    identity, actor = services().identity, current_actor()
    order = Order(checked_reason(values.get("reason", "")), day_of("effective_on", values))
    if form.kind == END:
        identity.end_appointment(actor, _to_end(official_id, values).id, order.reason)
        return _said(form, order)
    if form.kind == "undo_leave":
        done = identity.undo_leave(actor, official_id, order.reason)
    elif form.kind == "rejoin":
        duty = _duty(values)
        done = identity.rejoin(actor, official_id, [NewAppointment(duty.department_id, duty.position, duty.post)], order)
    elif form.kind == "transfer":
        done = identity.transfer(actor, official_id, _duty(values), order, handover_days=_days(values))
    elif "department" in form.fields:
        taking: Mapping[str, Callable[..., object]] = {
            "concurrent": identity.concurrent,
            "attachment": identity.attach,
            "secondment": identity.second,
        }
        taking[form.kind](actor, official_id, _duty(values), order)
        return _said(form, order)
    else:
        {"suspend": identity.suspend, "reinstate": identity.reinstate, "leave": identity.leave}[form.kind](actor, official_id, order)
        return _said(form, order)
    return _said(form, Order(order.reason, done.effective_at if done.planned else None))


def endable(official_id: UUID) -> tuple[AppointmentView, ...]:
    """Return the appointments of a person that hold now and lie where the reader may end one."""
    held = services().identity_queries.appointments_of(official_id)
    return tuple(view for view in held if reach(_ENDS).covers(view.department_path))


def check(form: ChangeForm, person: OfficialView, values: Mapping[str, str]) -> None:
    """Look at what can be told before the command: reason, dates, department, the appointment that is to end.

    Raises:
        Invalid: names every field that is wrong.
    """
    found: list[FieldError] = []
    checks: Mapping[str, Callable[[], object]] = {
        "appointment": lambda: _to_end(person.id, values),
        "department": lambda: _duty(values),
        "position": lambda: _title("position", values, 1),
        "post": lambda: _title("post", values, 0),
        "effective_on": lambda: day_of("effective_on", values),
        "handover_days": lambda: _days(values),
        "reason": lambda: checked_reason(values.get("reason", "")),
    }
    for name, look in checks.items():
        if name in form.fields:
            try:
                look()
            except Invalid as error:
                found += error.fields
    if form.kind in {"attachment", "secondment"} and not values.get("ends_on"):
        found.append(FieldError("ends_on", Message("挂职和借调应有结束时间，请填写。")))
    if found:
        raise Invalid.of(*found)


def losses(form: ChangeForm, person: OfficialView, values: Mapping[str, str]) -> list[Loss]:
    """Return what the change would end and begin, by name: this is what is confirmed."""
    now = services().clock.now()
    queries = services().identity_queries
    at = max(day_of("effective_on", values) or now, now)
    held = queries.appointments_of(person.id, at)
    if form.kind == "undo_leave":
        back = Message("离职前的状态和直接授予的角色一并恢复；会话与临时权限不恢复，需要重新登录、重新申请。")
        return [Loss(Message("恢复的任职"), _ended_by_leaving(person.id)), Loss(back, notice=True)]
    if form.kind == "rejoin":
        anew = Message("沿用原账号；原有的角色和权限不恢复，原密码作废，须凭激活码重新设置密码。")
        begun = serving(person, _duty(values), "primary", at)
        return [Loss(Message("新的主职"), (_new_place(values),)), *roles_by_duty((), begun, at), Loss(anew, notice=True)]
    if form.kind == "reinstate":
        held_still = tuple(f"{view.department_name} · {view.position}" for view in held)
        again = Message("恢复后可以重新登录；停职时终止的会话与临时权限不恢复。")
        return [Loss(Message("继续有效的任职"), held_still), Loss(again, notice=True)]
    if "department" in form.fields and form.kind != "transfer":
        more = Message("增加一项任职，原有任职和权限不变。")
        return [Loss(more, (_new_place(values),)), *roles_by_duty((), serving(person, _duty(values), form.kind, at), at)]
    ended = _ended(form, held, values)
    ids = {view.id for view in ended}
    whole = form.kind in {"leave", "suspend"}
    sessions = [item for item in services().signon.sessions_of(person.id) if whole or item.appointment_id in ids]
    grants = {view.id for view in services().authorization_queries.grants_of(person.id) if whole or view.appointment_id in ids}
    names = [
        item.grant.function_name for item in services().access_queries.my_access(person.id) if item.is_live and item.grant.id in grants
    ]
    roles = [row for row in services().authorization_queries.assignments_of(person.id, now) if whole or row.appointment_id in ids]
    found = [
        Loss(
            Message("结束登录会话") if whole else Message("退出原任职的登录会话"),
            tuple(f"{item.source_address or '—'} · {day(item.started_at)}" for item in sessions),
        ),
        Loss(Message("终止临时权限"), tuple(names)),
        Loss(
            Message("停用期间不能使用的角色") if form.kind == "suspend" else Message("结束直接授予的角色"),
            tuple(role_name(row.role_code) for row in roles),
        ),
    ]
    if form.kind != "suspend":
        begun = serving(person, _duty(values), "primary", at) if form.kind == "transfer" else None
        places = tuple(f"{view.department_name} · {view.position}" for view in ended)
        found[:0] = [Loss(Message("结束任职"), places), *roles_by_duty(ended, begun, at)]
    if form.kind == "transfer":
        found.insert(0, Loss(Message("新的主职"), (_new_place(values),)))
    if form.kind == "leave":
        ahead = tuple(
            f"{day(item.effective_at)} {say(CHANGE_NAMES[item.kind])}"
            for item in queries.planned_changes(person.id)
            if item.effective_at > at
        )
        found.append(Loss(Message("取消计划中的变动"), ahead))
    return found


def _ended_by_leaving(official_id: UUID) -> tuple[str, ...]:
    """Return the places that ended with the last leave of somebody who left."""
    queries = services().identity_queries
    left = next((change.effective_at for change in queries.changes_of(official_id) if change.kind == "leave"), None)
    return tuple(f"{item.department_name} · {item.position}" for item in queries.timeline(official_id) if item.ends_at == left)


def _ended(form: ChangeForm, held: Sequence[AppointmentView], values: Mapping[str, str]) -> list[AppointmentView]:
    """Return which of the appointments held a change ends; 离职 and 停职 touch all of them."""
    if form.kind == "transfer":
        return [view for view in held if view.kind == "primary"]
    if form.kind == END:
        return [view for view in held if str(view.id) == values.get("appointment")]
    return list(held)


def _to_end(official_id: UUID, values: Mapping[str, str]) -> AppointmentView:
    """Return the appointment that a form names.

    Raises:
        Invalid: the person has none such now, or not within reach; which of the two is not said.
    """
    chosen = values.get("appointment", "")
    found = next((view for view in endable(official_id) if str(view.id) == chosen), None)
    if found is None:
        raise Invalid.of(FieldError("appointment", Message("请选择一项现任的任职。"), chosen))
    return found


def _new_place(values: Mapping[str, str]) -> str:
    duty = _duty(values)
    view = services().identity_queries.department(duty.department_id)
    return f"{view.name if view else ''} · {duty.position}"


def _said(form: ChangeForm, order: Order) -> Message:
    if order.effective_at is not None and order.effective_at > services().clock.now():
        return Message("已登记%(kind)s，%(date)s起生效；在此之前可以取消。", kind=form.label, date=day(order.effective_at))
    return Message("%(kind)s已办理，立即生效。", kind=form.label)


def _duty(values: Mapping[str, str]) -> Duty:
    """Return the place that a form names.

    Raises:
        Invalid: the department is not told, or not within reach.
    """
    department = department_named("department", values.get("department", ""))
    return Duty(department.id, values.get("position", ""), values.get("post", ""), ends_at=day_of("ends_on", values))


def _title(name: str, values: Mapping[str, str], least: int) -> None:
    """Look at 岗位 or 职务 as the command will.

    Raises:
        Invalid: it is too short, too long, or has control characters.
    """
    fields = Fields()
    fields.text(name, values.get(name, ""), least=least, most=MOST_TITLE)
    fields.done()


def day_of(name: str, values: Mapping[str, str]) -> datetime | None:
    """Return midnight in China of a date field; ``None`` for an empty one.

    Raises:
        Invalid: it is no date.
    """
    typed = values.get(name, "").strip()
    if not typed:
        return None
    try:
        return datetime.strptime(typed, "%Y-%m-%d").replace(tzinfo=CHINA)
    except ValueError:
        raise Invalid.of(FieldError(name, Message("日期应写作 2026-12-01。"), typed)) from None


def _days(values: Mapping[str, str]) -> int:
    """Return the days for handing over.

    Raises:
        Invalid: it is no number.
    """
    typed = values.get("handover_days", "").strip() or "0"
    days = whole_number(typed, 3)
    if days is None:
        raise Invalid.of(FieldError("handover_days", Message("应为整数。"), typed))
    return days
