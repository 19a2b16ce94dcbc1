"""人员: who there is, in which duties; register, disable, restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import g, url_for
from flask_admin.form import BaseForm
from wtforms import Form, StringField
from wtforms.validators import InputRequired

from govcloud.entrypoints.console.base import ConsoleView, RowCommand, current_actor, opened, services
from govcloud.entrypoints.console.sections import Section
from govcloud.identity.inputs import NewAppointment, NewOfficial
from govcloud.identity.models import Official
from govcloud.identity.rows import begins_with
from govcloud.identity.views import OfficialView
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.locale import say
from govcloud.web.moments import day
from govcloud.web.words import appointment_kind

STATUS = {"active": Message("在职"), "suspended": Message("停职"), "left": Message("离职")}


class OfficialForm(BaseForm):
    """What it takes to register an official with the first appointment."""

    employee_code = StringField(validators=[InputRequired()])
    name = StringField(validators=[InputRequired()])
    id_number = StringField(validators=[InputRequired()])
    phone = StringField()
    department_uscc = StringField(validators=[InputRequired()])
    position = StringField(validators=[InputRequired()])
    post = StringField()


def _disable(row: Official, reason: str) -> Message:
    services().identity.disable_official(current_actor(), row.id, reason)
    return Message("已停用%(name)s：其会话、临时权限均已立即终止。", name=row.name)


def _restore(row: Official, reason: str) -> Message:
    services().identity.restore_official(current_actor(), row.id, reason)
    return Message("已恢复%(name)s。临时权限需要重新申请。", name=row.name)


def _view(row: Official) -> OfficialView | None:
    """Return the person's current facts; ``names`` has read those of all rows of the page."""
    known: Mapping[UUID, OfficialView] = g.console_officials
    return known.get(row.id)


def _active(row: Official) -> bool:
    view = _view(row)
    return view is not None and view.active


def _ends(row: Official) -> Sequence[Message]:
    sessions = len(services().signon.sessions_of(row.id))
    grants = sum(1 for held in services().access_queries.my_access(row.id) if held.is_live)
    return (Message("将结束 %(n)s 个登录会话。", n=sessions), Message("将终止 %(n)s 项临时权限。", n=grants))


class OfficialsView(ConsoleView):
    """The people of the province."""

    opens = "govcloud:console:officials"
    asks = ("govcloud:official:access",)
    creates = "govcloud:official:register"
    title = Message("人员")
    icon = "users"
    group = Message("组织与人员")
    create_title = Message("登记人员")
    lead = Message("一人一号：每名公职人员只有一个账号，权限随任职而定。")
    column_list = ("employee_code", "name", "pinyin", "status", "created_at")
    column_details_list = (
        "employee_code",
        "name",
        "pinyin",
        "status",
        "masked_id_number",
        "masked_phone",
        "rank",
        "staffing_type",
        "created_at",
    )
    column_searchable_list = ("employee_code", "name", "pinyin", "initials")
    column_sortable_list = ()
    column_default_sort = ("id", True)
    labels = {
        "employee_code": Message("工号"),
        "name": Message("姓名"),
        "pinyin": Message("拼音"),
        "status": Message("状态"),
        "masked_id_number": Message("证件号码"),
        "masked_phone": Message("手机号"),
        "rank": Message("职级"),
        "staffing_type": Message("编制"),
        "created_at": Message("登记时间"),
        "id_number": Message("证件号码"),
        "phone": Message("手机号"),
        "department_uscc": Message("部门的统一社会信用代码"),
        "position": Message("岗位"),
        "post": Message("职务"),
    }
    form = OfficialForm
    commands = (
        RowCommand(
            "disable",
            Message("停用"),
            "ban",
            "govcloud:official:disable",
            Message("停用后立即不能登录，所有会话和临时权限同时终止。"),
            _disable,
            preview=_ends,
            applies=_active,
        ),
        RowCommand(
            "restore",
            Message("恢复"),
            "undo-2",
            "govcloud:official:restore",
            Message("恢复后可以重新登录，任职所带的权限重新有效。"),
            _restore,
            applies=lambda row: not _active(row),
        ),
    )

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search: str) -> tuple[Any, Any, Any, Any]:  # noqa: ANN401 - Flask-Admin's signature
        """Search by the start of code, name, pinyin or initials, as the portal does."""
        return query.filter(begins_with(search)), count_query, joins, count_joins

    def names(self, rows: Sequence[Official]) -> Mapping[UUID, str]:
        """Read the current facts of all rows at once."""
        g.console_officials = services().identity_queries.officials(row.id for row in rows)
        return {}

    def links_for(self, row: Official) -> list[tuple[str, str]]:
        """Lead to what the person may do, and why."""
        if not opened("govcloud:official:access"):
            return []
        return [(url_for("console_access.index_view", code=row.employee_code), say(Message("权限")))]

    def heading(self, row: Official) -> str:
        """Return the name with the code."""
        return f"{row.name} {row.employee_code}"

    def sections(self, row: Official) -> list[Section]:
        """Return the appointments, what is held beyond them, and the live sessions."""
        now = services().clock.now()
        appointments = services().identity_queries.appointments_of(row.id, now)
        held = services().access_queries.my_access(row.id)
        return [
            Section(
                Message("任职"),
                (Message("部门"), Message("岗位"), Message("类别"), Message("起止")),
                [
                    (
                        item.department_name,
                        item.position,
                        say(appointment_kind(item.kind)),
                        f"{day(item.starts_at)} — {day(item.ends_at) if item.ends_at else ''}",
                    )
                    for item in appointments
                ],
            ),
            Section(
                Message("临时权限"),
                (Message("权限"), Message("到期"), Message("状态")),
                [(item.grant.function_name, day(item.grant.ends_at), item.grant.state.value) for item in held],
            ),
        ]

    def create(self, form: Form) -> Message:
        """Register the official with one primary appointment."""
        data = form.data
        department = services().identity_queries.department_by_uscc((data["department_uscc"] or "").strip())
        if department is None:
            wrong = Message("没有这个统一社会信用代码的部门，请先登记部门。")
            raise Invalid.of(FieldError("department_uscc", wrong, data["department_uscc"] or ""))
        services().identity.register_official(
            current_actor(),
            NewOfficial(
                employee_code=data["employee_code"],
                name=data["name"],
                id_number=data["id_number"],
                phone=data["phone"] or None,
                appointments=(NewAppointment(department_id=department.id, position=data["position"], post=data["post"] or ""),),
            ),
        )
        return Message("已登记%(name)s。账号没有密码，请签发初始密码。", name=data["name"])


def _shown(attribute: str) -> Any:  # noqa: ANN401 - Flask-Admin's formatter
    def show(_flask_admin: Any, _context: Any, row: Official, _name: str) -> str:  # noqa: ANN401 - Flask-Admin's signature
        view = _view(row)
        value = getattr(view, attribute) if view else None
        return say(STATUS[value]) if attribute == "status" and value in STATUS else str(value or "—")

    return show


OfficialsView.column_formatters = {name: _shown(name) for name in ("status", "masked_id_number", "masked_phone", "rank", "staffing_type")}
