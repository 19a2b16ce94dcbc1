"""授权: roles, who holds them, the rules of the live policy, and temporary grants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from flask import g, url_for
from flask_admin.form import BaseForm
from markupsafe import Markup
from sqlalchemy import or_
from wtforms import DateTimeLocalField, Form, SelectField, StringField
from wtforms.validators import InputRequired, Optional

from govcloud.access.lifecycle import grant_state
from govcloud.authorization.commands import INBORN_ROLES
from govcloud.authorization.models import AccessGrant, PolicyRule, Role, RoleAssignment
from govcloud.entrypoints.console.parts.base import ConsoleView, RowCommand
from govcloud.entrypoints.console.parts.columns import function_words, looked_up, name_of
from govcloud.entrypoints.console.parts.pages import opened
from govcloud.entrypoints.console.parts.people_reach import department_named
from govcloud.entrypoints.console.parts.policy_steps import DRAFT
from govcloud.entrypoints.console.parts.sections import Section
from govcloud.entrypoints.console.rights.levels import keep_levels, level_of
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import own_words, say
from govcloud.web.moments import CHINA, moment
from govcloud.web.words import GRANT

GROUP = Message("授权")


class _Window(ConsoleView):
    """A table of facts with ``[valid_from, valid_to)``: the list shows those that hold now."""

    column_sortable_list = ()

    def get_query(self) -> Any:  # noqa: ANN401 - Flask-Admin's query
        """Return the facts that hold now or will."""
        now = services().clock.now()
        return super().get_query().filter(or_(self.model.valid_to.is_(None), self.model.valid_to > now))


class RolesView(_Window):
    """The roles: named sets of functions."""

    opens = "govcloud:console:roles"
    asks = (DRAFT,)
    title = Message("角色")
    lead = Message("角色是一组功能；由策略定义，随任职或单独授予。")
    icon = "id-card"
    group = GROUP
    column_list = ("name", "code", "description")
    column_details_list = ("name", "code", "description", "valid_from")
    column_searchable_list = ("name", "code")
    column_default_sort = "code"
    labels = {"name": Message("名称"), "code": Message("代码"), "description": Message("角色说明"), "valid_from": Message("生效时间")}

    column_formatters = {
        "name": lambda _v, _c, row, _n: own_words(row.name),
        "description": lambda _v, _c, row, _n: own_words(row.description),
    }

    def heading(self, row: Role) -> str:
        """Return the name."""
        return own_words(row.name)

    def links_for(self, row: Role) -> list[tuple[str, str]]:
        """Offer to draft a rule more."""
        if not opened(DRAFT):
            return []
        return [(url_for("console_policy_drafts.rule_view", role=row.code), say(Message("起草增加规则")))]

    def sections(self, row: Role) -> list[Section]:
        """Return the duty rules that give the role."""
        found = services().authorization_queries.duties.rules(role=row.code).rows
        over = {True: say(Message("限本部门及下级")), False: say(Message("不限部门"))}
        rows = [(duty.label, over[duty.bound], moment(duty.starts_at)) for duty in found]
        return [Section(Message("由岗位规则获得"), (Message("规则名称"), Message("管理范围"), Message("生效时间")), rows)]


def role_name(code: str) -> str:
    """Return the role's name in the policy in force; the policy is in memory, so this costs one small read a request."""
    roles = g.get("console_roles")
    if roles is None:
        roles = g.console_roles = services().authorization_queries.policy().roles
    return own_words(roles[code].name) if code in roles else code


def role_choice(code: str) -> str:
    """Return a role as it stands in a list to choose from: its name, and its code; the code alone of one that is not in force."""
    name = role_name(code)
    return code if name == code else say(Message("%(name)s（%(code)s）", name=name, code=code))


class AssignmentForm(BaseForm):
    """What it takes to give a role to somebody."""

    employee_code = StringField(validators=[InputRequired()])
    role_code = SelectField(validators=[InputRequired()])
    department = StringField()
    until = DateTimeLocalField(validators=[Optional()], format="%Y-%m-%dT%H:%M")
    reason = StringField(validators=[InputRequired()])


def _end(row: RoleAssignment, reason: str) -> Message:
    services().authorization.end_assignment(current_actor(), row.id, reason)
    return Message("已结束，立即生效。")


class AssignmentsView(_Window):
    """Who holds which role; the three officers exclude each other, whoever assigns."""

    opens = "govcloud:console:assignments"
    creates = "govcloud:console:assignments"
    create_title = Message("授予角色")
    title = Message("角色授予")
    icon = "shield-check"
    group = GROUP
    lead = Message("岗位规则之外的例外授予。系统、安全、审计三员互斥：任何人不能同时担任其中两个。")
    form = AssignmentForm
    people = ("official_id",)
    column_list = ("official_id", "role_code", "reason", "valid_from", "valid_to")
    column_details_list = ("official_id", "role_code", "scope", "reason", "assigned_by", "valid_from", "valid_to")
    column_searchable_list = ("role_code",)
    column_default_sort = ("id", True)
    labels = {
        "official_id": Message("姓名"),
        "role_code": Message("角色"),
        "scope": Message("范围"),
        "reason": Message("原因"),
        "assigned_by": Message("授予者"),
        "valid_from": Message("生效时间"),
        "valid_to": Message("结束时间"),
        "employee_code": Message("工号"),
        "department": Message("管理范围（部门及其下级）"),
        "until": Message("结束时间（留空为长期）"),
    }
    column_formatters = {"official_id": name_of("official_id"), "role_code": lambda _v, _c, row, _n: role_name(row.role_code)}
    commands = (
        RowCommand("end", Message("结束"), "ban", "govcloud:console:assignments", Message("结束后，该角色带来的权限立即失效。"), _end),
    )

    def heading(self, row: RoleAssignment) -> str:
        """Return the holder with the role."""
        return f"{looked_up(row.official_id)} {role_name(row.role_code)}"

    def create_form(self, obj: Any = None) -> Form:  # noqa: ANN401 - Flask-Admin's signature
        """Offer the roles that exist; those of the platform's own parts are not for people."""
        form = super().create_form(obj)
        roles = services().authorization_queries.policy().roles.values()
        given = [role for role in roles if ":" not in role.code and role.code not in INBORN_ROLES]
        form.role_code.choices = [(role.code, role_choice(role.code)) for role in given]
        return form

    def create(self, form: Form) -> Message:
        """Give the role, within a department when one is named."""
        data = form.data
        official = services().identity_queries.official_by_code((data["employee_code"] or "").strip())
        if official is None:
            raise Invalid.of(FieldError("employee_code", Message("没有这个工号的人员。"), data["employee_code"] or ""))
        scope = None
        if (typed := data["department"] or "").strip():
            scope = {"department_path": department_named("department", typed, beyond=True).path}
        until = data["until"].replace(tzinfo=CHINA).astimezone(UTC) if data["until"] else None
        services().authorization.assign_role(
            current_actor(), official.id, data["role_code"], scope=scope, reason=data["reason"], until=until
        )
        return Message("已授予%(name)s角色，立即生效。", name=official.name)


class RulesView(_Window):
    """The rules of the policy that decides now; they change by drafts, which a second officer approves."""

    opens = "govcloud:console:policies"
    asks = (DRAFT,)
    title = Message("策略规则")
    icon = "scale"
    group = GROUP
    lead = Message("现行策略的规则；修改先起草，经另一位安全管理员批准后生效。")
    column_list = ("role_code", "function", "effect", "condition", "label")
    column_details_list = ("role_code", "function", "effect", "condition", "scope_expr", "label", "valid_from")
    column_searchable_list = ("role_code", "function", "label")
    column_default_sort = [("role_code", False), ("position", False)]
    labels = {
        "role_code": Message("角色"),
        "function": Message("功能"),
        "effect": Message("结果"),
        "condition": Message("条件"),
        "scope_expr": Message("数据范围"),
        "label": Message("说明"),
        "valid_from": Message("生效时间"),
    }
    column_formatters = {
        "role_code": lambda _v, _c, row, _n: role_name(row.role_code),
        "effect": lambda _v, _c, row, _n: say(Message("允许") if row.effect == "allow" else Message("禁止")),
        "label": lambda _v, _c, row, _n: own_words(row.label),
    }

    def heading(self, row: PolicyRule) -> str:
        """Return role and function."""
        return f"{row.role_code} → {row.function}"

    def links_for(self, row: PolicyRule) -> list[tuple[str, str]]:
        """Offer to draft the policy without this rule."""
        if row.valid_to is not None or not opened(DRAFT):
            return []
        return [(url_for("console_policy_drafts.drop_view", rule_id=row.id), say(Message("起草去掉")))]


def _close(row: AccessGrant, reason: str) -> Message:
    services().access.revoke(current_actor(), row.id, reason)
    return Message("已撤销，下一次点击即被拒绝。")


class GrantsView(ConsoleView):
    """Temporary grants, newest first."""

    opens = "govcloud:console:grants"
    title = Message("临时权限")
    lead = Message("经审批的临时权限，到期自动收回；安全管理员可以立即撤销。")
    icon = "timer"
    group = GROUP
    column_list = ("official_id", "function", "level", "scope", "starts_at", "ends_at", "state")
    column_details_list = (
        "official_id",
        "function",
        "level",
        "scope",
        "starts_at",
        "ends_at",
        "state",
        "opened_by",
        "closed_by",
        "close_reason",
    )
    column_searchable_list = ("function",)
    column_sortable_list = ()
    column_default_sort = ("id", True)
    labels = {
        "official_id": Message("姓名"),
        "function": Message("功能"),
        "level": Message("接入级别"),
        "scope": Message("数据范围"),
        "starts_at": Message("开始"),
        "ends_at": Message("到期"),
        "state": Message("状态"),
        "opened_by": Message("开通者"),
        "closed_by": Message("终止者"),
        "close_reason": Message("终止原因"),
    }
    commands = (
        RowCommand(
            "revoke",
            Message("撤销"),
            "ban",
            "govcloud:console:grants",
            Message("撤销立即生效，下一次点击即被拒绝。"),
            _close,
            applies=lambda row: row.valid_to is None and row.ends_at > services().clock.now(),
        ),
    )

    def function_codes(self, rows: Sequence[AccessGrant]) -> set[str]:
        """Return what is granted."""
        return {row.function for row in rows}

    def names(self, rows: Sequence[AccessGrant]) -> Mapping[UUID, str]:
        """Return the names of the holders, and keep levels, states and the names of the divisions beside them."""
        keep_levels(rows)
        g.console_grants = services().authorization_queries.grants_by_id(row.id for row in rows)
        g.console_divisions = services().identity_queries.division_names(
            code for row in rows for code in (row.scope or {}).get("divisions") or ()
        )
        return services().identity_queries.official_names({row.official_id for row in rows})

    def heading(self, row: AccessGrant) -> str:
        """Return the function."""
        return function_words([row.function])


def _grant_state(_view: Any, _context: Any, row: AccessGrant, _name: str) -> str:  # noqa: ANN401 - Flask-Admin's signature
    grant = g.console_grants[row.id]
    state = grant_state(
        starts_at=grant.starts_at,
        ends_at=grant.ends_at,
        closed_at=grant.closed_at,
        suspended=grant.suspended,
        now=services().clock.now(),
    )
    return say(GRANT[state].text)


GrantsView.column_formatters = {
    "official_id": name_of("official_id"),
    "function": lambda _v, _c, row, _n: Markup("{}<small>{}</small>").format(function_words([row.function]), row.function),
    "level": level_of,
    "state": _grant_state,
}
