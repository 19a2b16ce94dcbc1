"""职责分离: rules in force, drafts that wait for a second person, exceptions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from flask_admin.form import BaseForm
from wtforms import BooleanField, DateTimeLocalField, Form, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from govcloud.authorization.apart.inputs import NewException, NewRule
from govcloud.authorization.apart.models import SodDraft, SodException, SodRule
from govcloud.authorization.apart.views import RulePreview
from govcloud.entrypoints.console.parts.base import ConsoleView, RowCommand
from govcloud.entrypoints.console.parts.columns import function_words, looked_up, name_of
from govcloud.entrypoints.console.parts.sections import Section
from govcloud.entrypoints.console.rights.authorization import GROUP, _Window
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import say
from govcloud.web.moments import CHINA, moment

OPENS = "govcloud:console:apart"
_NAMED = 10
_SEPARATORS = re.compile(r"[\s,，、;；]+")
KINDS: Mapping[str, Message] = {
    "static": Message("不得同时持有"),
    "dynamic": Message("同一会话不得都用"),
    "per_case": Message("同一办件不得兼任"),
}
LABELS: Mapping[str, Message] = {
    "code": Message("代码"),
    "name": Message("规则名称"),
    "kind": Message("类型"),
    "functions": Message("互斥的功能"),
    "most": Message("最多可持有项数"),
    "liftable": Message("可给予例外"),
    "reason": Message("原因"),
    "version": Message("版本"),
    "base_version": Message("依据的版本"),
    "ends": Message("内容"),
    "proposed_by": Message("提出者"),
    "proposed_at": Message("提出时间"),
    "approved_by": Message("批准者"),
    "valid_from": Message("生效时间"),
    "valid_to": Message("结束时间"),
    "official_id": Message("姓名"),
    "employee_code": Message("工号"),
    "rule_code": Message("规则"),
    "rule_version": Message("规则版本"),
    "ends_at": Message("到期"),
    "given_by_official_id": Message("给予者"),
}


def _functions(row: Any) -> str:  # noqa: ANN401 - a row with functions
    return function_words(row.functions) or say(Message("全部功能"))


def codes_of(rows: Sequence[Any]) -> set[str]:
    """Return the functions that ``rows`` name."""
    return {code for row in rows for code in row.functions}


def _yes(value: bool) -> str:  # noqa: FBT001 - a cell
    return say(Message("是") if value else Message("否"))


CELLS = {
    "kind": lambda _v, _c, row, _n: say(KINDS[row.kind]),
    "functions": lambda _v, _c, row, _n: _functions(row),
    "liftable": lambda _v, _c, row, _n: _yes(row.liftable),
    "ends": lambda _v, _c, row, _n: say(Message("结束规则") if row.ends else Message("设置规则")),
    "proposed_by": lambda _v, _c, row, _n: _who(row.proposed_by),
    "approved_by": lambda _v, _c, row, _n: _who(row.approved_by),
}


def _who(text: str) -> str:
    """Return the name behind ``official:<id>``; what is none stays as it is."""
    kind, _, named = text.partition(":")
    if kind != "official":
        return text
    official_id = UUID(named)
    return services().identity_queries.official_names([official_id]).get(official_id, text)


def _propose_end(row: SodRule, reason: str) -> Message:
    services().apart.propose_end(current_actor(), row.code, reason)
    return Message("已提出结束规则，待另一名安全管理员批准。")


def _approve(row: SodDraft, reason: str) -> Message:
    services().apart.approve_rule(current_actor(), row.id, reason)
    return Message("规则已生效。")


def _drop(row: SodDraft, reason: str) -> Message:
    services().apart.drop_rule(current_actor(), row.id, reason)
    return Message("草稿已放弃。")


def _preview(row: SodDraft) -> Sequence[Message]:
    """Return who would break the draft's rule if it came into force now."""
    queries = services().authorization_queries.apart
    return _said(queries.preview(queries.draft(row.id)))


def _said(preview: RulePreview) -> list[Message]:
    if not preview.breaches:
        return [Message("目前没有人违反这条规则。")]
    broken = preview.broken
    lifted = len(preview.breaches) - len(broken)
    lines = [Message("目前有 %(broken)s 人违反这条规则，另有 %(lifted)s 人有例外。", broken=len(broken), lifted=lifted)]
    names = services().identity_queries.official_names([breach.official_id for breach in broken[:_NAMED]])
    called = services().subsystem_queries.function_names({code for breach in broken[:_NAMED] for code in breach.functions})
    for breach in broken[:_NAMED]:
        functions = "、".join(called.get(code, code) for code in breach.functions)
        lines.append(Message("%(name)s（%(code)s）", name=names.get(breach.official_id, "—"), code=functions))
    if len(broken) > _NAMED:
        lines.append(Message("还有 %(n)s 人。", n=len(broken) - _NAMED))
    return lines


class SodRuleForm(BaseForm):
    """What it takes to propose a rule."""

    code = StringField(validators=[InputRequired()])
    name = StringField(validators=[InputRequired()])
    kind = SelectField(validators=[InputRequired()])
    functions = TextAreaField()
    most = IntegerField(validators=[InputRequired()], default=1)
    liftable = BooleanField(default=True)
    reason = StringField(validators=[InputRequired()])


class SodRulesView(_Window):
    """The rules in force; a rule of the same code proposed anew becomes its next version."""

    opens = OPENS
    creates = "govcloud:sod_rule:propose"
    create_title = Message("提出规则")
    title = Message("职责分离规则")
    lead = Message("同一个人不得兼有的功能。规则由一名安全管理员提出，另一名批准后生效；已违反的人不会自动失去权限，每晚列出。")
    icon = "scale"
    group = GROUP
    form = SodRuleForm
    column_list = ("name", "code", "version", "kind", "functions", "liftable")
    column_details_list = (
        "name",
        "code",
        "version",
        "kind",
        "functions",
        "most",
        "liftable",
        "reason",
        "proposed_by",
        "approved_by",
        "valid_from",
        "valid_to",
    )
    column_searchable_list = ("name", "code")
    column_default_sort = "code"
    labels = LABELS
    column_formatters = CELLS
    commands = (
        RowCommand(
            "end",
            Message("提出结束"),
            "ban",
            "govcloud:sod_rule:propose",
            Message("经另一名安全管理员批准后，规则不再起作用。"),
            _propose_end,
        ),
    )

    def function_codes(self, rows: Sequence[SodRule]) -> set[str]:
        """Return what the rules keep apart."""
        return codes_of(rows)

    def create_form(self, obj: Any = None) -> Form:  # noqa: ANN401 - Flask-Admin's signature
        """Offer the kinds."""
        form = super().create_form(obj)
        form.kind.choices = [(kind, say(text)) for kind, text in KINDS.items()]
        return form

    def create(self, form: Form) -> Message:
        """Propose the rule."""
        data = form.data
        functions = tuple(part for part in _SEPARATORS.split(data["functions"] or "") if part)
        new = NewRule(data["code"], data["name"], data["kind"], functions, data["reason"], data["most"], bool(data["liftable"]))
        services().apart.propose_rule(current_actor(), new)
        return Message("已提出，待另一名安全管理员在“规则草稿”中批准。")

    def sections(self, row: SodRule) -> list[Section]:
        """Return the versions of the rule, and who breaks it now."""
        queries = services().authorization_queries.apart
        heads = (Message("版本"), Message("互斥的功能"), Message("最多可持有项数"), Message("生效时间"))
        versions = [
            (str(rule.version), "、".join(rule.functions), str(rule.most), moment(rule.since)) for rule in queries.versions(row.code)
        ]
        found = [Section(Message("各版本"), heads, versions)]
        if row.valid_to is None:
            rows = [(say(line),) for line in _said(queries.breaches(queries.versions(row.code)[0]))]
            found.append(Section(Message("目前的违反情况"), (Message("说明"),), rows))
        return found


class SodDraftsView(ConsoleView):
    """The drafts that wait."""

    opens = OPENS
    title = Message("规则草稿")
    lead = Message("等待另一名安全管理员批准的职责分离规则；批准前可以看到谁会违反。")
    icon = "file-search"
    group = GROUP
    column_list = ("name", "code", "ends", "kind", "functions", "proposed_by", "proposed_at")
    column_details_list = (
        "name",
        "code",
        "ends",
        "base_version",
        "kind",
        "functions",
        "most",
        "liftable",
        "reason",
        "proposed_by",
        "proposed_at",
    )
    column_sortable_list = ()
    column_default_sort = ("id", False)
    labels = LABELS
    column_formatters = CELLS
    commands = (
        RowCommand(
            "approve",
            Message("批准"),
            "check",
            "govcloud:sod_rule:approve",
            Message("批准后立即生效：此后的申请和授权按它核对。"),
            _approve,
            _preview,
            applies=lambda row: row.state == "open",
        ),
        RowCommand(
            "drop",
            Message("放弃"),
            "x",
            "govcloud:sod_rule:drop",
            Message("草稿放弃后不能恢复，可以重新提出。"),
            _drop,
            applies=lambda row: row.state == "open",
        ),
    )

    def get_query(self) -> Any:  # noqa: ANN401 - Flask-Admin's query
        """Return the drafts that wait."""
        return super().get_query().filter(SodDraft.state == "open")

    def function_codes(self, rows: Sequence[SodDraft]) -> set[str]:
        """Return what the rules keep apart."""
        return codes_of(rows)


class SodExceptionForm(BaseForm):
    """What it takes to give an exception."""

    employee_code = StringField(validators=[InputRequired()])
    rule_code = SelectField(validators=[InputRequired()])
    ends_at = DateTimeLocalField(validators=[InputRequired()], format="%Y-%m-%dT%H:%M")
    reason = StringField(validators=[InputRequired()])


def _end_exception(row: SodException, reason: str) -> Message:
    ended = services().apart.end_exception(current_actor(), row.id, reason)
    return Message("例外已收回，依据它开通的权限一并终止。") if ended else Message("例外已经结束。")


class SodExceptionsView(_Window):
    """The exceptions that hold, with who gave them."""

    opens = OPENS
    creates = "govcloud:sod_exception:give"
    create_title = Message("给予例外")
    title = Message("职责分离例外")
    lead = Message("有期限的例外，只能由其他部门的安全管理员给予；依据例外开通的权限不长于例外。")
    icon = "shield-alert"
    group = GROUP
    form = SodExceptionForm
    people = ("official_id", "given_by_official_id")
    column_list = ("official_id", "rule_code", "functions", "ends_at", "given_by_official_id", "reason")
    column_details_list = ("official_id", "rule_code", "functions", "reason", "given_by_official_id", "valid_from", "ends_at", "valid_to")
    column_searchable_list = ("rule_code",)
    column_default_sort = ("id", True)
    labels = LABELS
    column_formatters = {
        **CELLS,
        "official_id": name_of("official_id"),
        "given_by_official_id": name_of("given_by_official_id"),
    }
    commands = (
        RowCommand(
            "end",
            Message("收回"),
            "ban",
            "govcloud:sod_exception:end",
            Message("收回立即生效；依据它开通、与规则冲突的临时权限一并终止。"),
            _end_exception,
        ),
    )

    def get_query(self) -> Any:  # noqa: ANN401 - Flask-Admin's query
        """Return the exceptions that hold now."""
        return super().get_query().filter(SodException.valid_to.is_(None), SodException.ends_at > services().clock.now())

    def function_codes(self, rows: Sequence[SodException]) -> set[str]:
        """Return what the rules keep apart."""
        return codes_of(rows)

    def heading(self, row: SodException) -> str:
        """Return the official with the rule."""
        return f"{looked_up(row.official_id)} {row.rule_code}"

    def create_form(self, obj: Any = None) -> Form:  # noqa: ANN401 - Flask-Admin's signature
        """Offer the rules from which there are exceptions."""
        form = super().create_form(obj)
        rules = services().authorization_queries.apart.rules()
        form.rule_code.choices = [(rule.code, rule.name) for rule in rules if rule.liftable]
        return form

    def create(self, form: Form) -> Message:
        """Give the exception."""
        data = form.data
        code = (data["employee_code"] or "").strip()
        official = services().identity_queries.official_by_code(code)
        if official is None:
            raise Invalid.of(FieldError("employee_code", Message("没有这个工号的人员。"), code))
        ends_at = data["ends_at"].replace(tzinfo=CHINA).astimezone(UTC)
        services().apart.give_exception(current_actor(), NewException(official.id, data["rule_code"], ends_at, data["reason"]))
        return Message("已给予%(name)s例外；等待它的申请已送主管部门。", name=official.name)
