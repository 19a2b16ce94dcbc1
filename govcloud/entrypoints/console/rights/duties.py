"""岗位规则: which duty gives which role; every change shows who gains and who loses before it is confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import Response, flash, g, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.authorization.deciding.facts import duty_of
from govcloud.authorization.models import DutyRule
from govcloud.authorization.rights.duty_inputs import DutyChange
from govcloud.authorization.rights.previewing import DutyPreview
from govcloud.entrypoints.console.parts.base import RowCommand
from govcloud.entrypoints.console.parts.pages import opened
from govcloud.entrypoints.console.parts.words import LEVELS
from govcloud.entrypoints.console.rights.authorization import GROUP, _Window, role_choice, role_name
from govcloud.entrypoints.console.rights.duty_forms import LABELS, DutyForm, criteria_words
from govcloud.kernel.errors import Conflict, GovcloudError
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import say
from govcloud.web.words import APPOINTMENT_KINDS

_SHOWN = 10


def _end(row: DutyRule, reason: str) -> Message:
    services().authorization.end_duty_rule(current_actor(), row.id, reason)
    return Message("已结束，随之而来的权限立即失效。")


def _losing(row: DutyRule) -> Sequence[Message]:
    """Return what the end of a rule would do."""
    found = services().authorization_queries.duties.preview(DutyChange(rule_id=row.id), _SHOWN)
    lines = [Message("现有 %(matching)s 个任职符合条件，其中 %(losses)s 个将失去这个角色。", matching=found.matching, losses=found.losses)]
    names = say(Message("、")).join(
        say(Message("%(name)s（%(code)s）", name=subject.name, code=f"{subject.department_name} {subject.position}"))
        for subject in found.losers.rows
    )
    if names and found.losers.after:
        lines.append(Message("其中有：%(names)s 等。", names=names))
    elif names:
        lines.append(Message("他们是：%(names)s。", names=names))
    return lines


class DutyRulesView(_Window):
    """The duty rules that hold or will hold."""

    opens = "govcloud:duty_rule:read"
    asks = ("govcloud:duty_rule:change",)
    creates = "govcloud:duty_rule:add"
    create_title = Message("新增岗位规则")
    title = Message("岗位规则")
    lead = Message("符合条件的任职自动获得角色：任职一变，权限随之而变，不必逐人授予。")
    icon = "briefcase"
    group = GROUP
    column_list = ("label", "role_code", "criteria", "valid_from", "valid_to")
    column_details_list = ("label", "role_code", "criteria", "bound", "reason", "created_by", "valid_from", "valid_to")
    column_searchable_list = ("label", "role_code")
    column_default_order = ("id", True)
    labels = {
        **LABELS,
        "criteria": Message("适用的任职"),
        "created_by": Message("设置者"),
        "valid_from": Message("生效时间"),
        "valid_to": Message("结束时间"),
    }
    column_formatters = {
        "role_code": lambda _v, _c, row, _n: role_name(row.role_code),
        "criteria": lambda _v, _c, row, _n: _criteria(row),
        "bound": lambda _v, _c, row, _n: say(Message("限本部门及下级") if row.bound else Message("不限部门")),
    }
    commands = (RowCommand("end", Message("结束"), "ban", "govcloud:duty_rule:end", Message("结束后立即生效。"), _end, _losing),)

    def names(self, rows: Sequence[DutyRule]) -> Mapping[UUID, str]:
        """Return the names of the departments, and keep those of the divisions beside them."""
        g.console_divisions = services().identity_queries.division_names({row.division_code for row in rows if row.division_code})
        found = services().identity_queries.departments({row.department_id for row in rows if row.department_id})
        return {key: view.name for key, view in found.items()}

    def heading(self, row: DutyRule) -> str:
        """Return the name."""
        return row.label

    def links_for(self, row: DutyRule) -> list[tuple[str, str]]:
        """Offer to change a rule."""
        if not opened("govcloud:duty_rule:change"):
            return []
        return [(url_for(".change_view", row_id=row.id), say(Message("变更")))]

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Response | str:
        """Take in a new rule, show what it would do, and add it when that is confirmed."""
        return self._edited(None)

    @expose("/change/<row_id>", methods=("GET", "POST"))
    def change_view(self, row_id: str) -> Response | str:
        """Take in what is to follow a rule, show what differs, and change it when that is confirmed."""
        return self._edited(self.get_one(row_id))

    def _edited(self, row: DutyRule | None) -> Response | str:
        if request.method == "GET":
            form = DutyForm.of(duty_of(row)) if row else DutyForm(chosen={"kinds": [], "levels": []})
            return self._form(form, row)
        form = DutyForm.typed(request.form)
        new = form.rule() if request.form.get("step") != "edit" else None
        if new is None:
            return self._form(form, row)
        change = DutyChange(new, row.id if row else None)
        try:
            if request.form.get("step") != "confirm":
                return self._preview(form, row, services().authorization_queries.duties.preview(change, _SHOWN))
            if row is None:
                services().authorization.add_duty_rules(current_actor(), [new])
            else:
                services().authorization.change_duty_rule(current_actor(), row.id, new)
        except GovcloudError as error:
            form.take(error)
            return make_response(self._form(form, row), 409 if isinstance(error, Conflict) else 422)
        flash(say(Message("岗位规则已保存，按生效时间起作用。")), "success")
        return make_response(redirect(url_for(f"{self.endpoint}.index_view")))

    def _form(self, form: DutyForm, row: DutyRule | None) -> str:
        return self.render(
            "console/duty_form.html",
            form=form,
            row=row,
            roles=[(role.code, role_choice(role.code)) for role in services().authorization_queries.duties.roles()],
            kinds=[(kind, say(text)) for kind, text in APPOINTMENT_KINDS.items()],
            levels=[(level, say(text)) for level, text in LEVELS.items()],
        )

    def _preview(self, form: DutyForm, row: DutyRule | None, preview: DutyPreview) -> str:
        return self.render("console/duty_preview.html", form=form, row=row, preview=preview, role=role_name(preview.role_code))


def _criteria(row: DutyRule) -> str:
    department = g.console_names.get(row.department_id) if row.department_id else None
    division = g.console_divisions.get(row.division_code, row.division_code) if row.division_code else None
    return criteria_words(duty_of(row).criteria, department, division)
