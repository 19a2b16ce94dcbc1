"""The form of a duty rule: what was typed, read into the command's input, and written out again to be confirmed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from werkzeug.datastructures import MultiDict

from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.authorization.subjects.duties import Duty
from govcloud.entrypoints.console.parts.words import LEVELS
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.moments import CHINA
from govcloud.web.words import APPOINTMENT_KINDS

LABELS: Mapping[str, Message] = {
    "role_code": Message("角色"),
    "label": Message("规则名称"),
    "positions": Message("岗位"),
    "posts": Message("职务"),
    "ranks": Message("职级"),
    "kinds": Message("任职类型"),
    "levels": Message("部门层级"),
    "business_lines": Message("条线"),
    "department_id": Message("部门"),
    "division_code": Message("行政区划"),
    "bound": Message("管理范围"),
    "starts_at": Message("生效时间"),
    "ends_at": Message("结束时间"),
    "reason": Message("原因"),
}
_LISTS = ("positions", "posts", "ranks", "business_lines")
_CHOICES = ("kinds", "levels")
_TEXTS = ("role_code", "label", "department_id", "division_code", "starts_at", "ends_at", "reason")
_SEPARATORS = re.compile(r"[、,，;；\n]+")
_CHINA_MINUTE = "%Y-%m-%dT%H:%M"


@dataclass
class DutyForm:
    """The form while it is filled in: every field as text, with the sentences on what is wrong."""

    values: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    general: str = ""

    @classmethod
    def typed(cls, form: MultiDict[str, str]) -> DutyForm:
        """Take over what came from the browser."""
        values = {name: form.get(name, "").replace("\r\n", "\n").strip() for name in (*_LISTS, *_TEXTS)}
        return cls({**values, "bound": "1" if form.get("bound") else ""}, {name: form.getlist(name) for name in _CHOICES})

    @classmethod
    def of(cls, duty: Duty) -> DutyForm:
        """Fill the form with a rule that stands, to be changed."""
        criteria = duty.criteria
        department = services().identity_queries.department(criteria.department_id) if criteria.department_id else None
        values = {name: "、".join(getattr(criteria, name)) for name in _LISTS} | {
            "role_code": duty.role_code,
            "label": duty.label,
            "department_id": department.name if department else "",
            "division_code": criteria.division_code or "",
            "ends_at": duty.ends_at.astimezone(CHINA).strftime(_CHINA_MINUTE) if duty.ends_at else "",
            "bound": "1" if duty.bound else "",
        }
        return cls(values, {name: list(getattr(criteria, name)) for name in _CHOICES})

    def rule(self) -> NewDutyRule | None:
        """Return the input of the command; ``None`` when the form itself cannot be read."""
        starts_at, ends_at = self._moment("starts_at"), self._moment("ends_at")
        lists = {name: tuple(part.strip() for part in _SEPARATORS.split(self.values[name]) if part.strip()) for name in _LISTS}
        criteria = AppointmentCriteria(
            **lists,
            kinds=tuple(self.chosen["kinds"]),
            levels=tuple(self.chosen["levels"]),
            department_id=self._department(),
            division_code=self.values["division_code"] or None,
        )
        if self.errors:
            return None
        values = self.values
        return NewDutyRule(values["role_code"], values["label"], criteria, values["reason"], bool(values["bound"]), starts_at, ends_at)

    def hidden(self) -> list[tuple[str, str]]:
        """Return every field as hidden ones, for the page that asks to confirm."""
        chosen = [(name, value) for name, values in self.chosen.items() for value in values]
        return [*((name, value) for name, value in self.values.items() if value), *chosen]

    def take(self, error: GovcloudError) -> None:
        """Note what a service said, each sentence on its field."""
        for item in error.fields:
            name = item.field.rpartition(".")[2]
            label = LABELS.get(name)
            text = say(Message("%(label)s：%(text)s", label=label, text=item.message)) if label else say(item.message)
            self.errors.setdefault(name, text)
        if not self.errors:
            self.general = " ".join(say(part) for part in (error.message, error.remedy) if part)

    def _department(self) -> UUID | None:
        """Return the department that is named by its credit code or its full name."""
        text = self.values["department_id"]
        if not text:
            return None
        queries = services().identity_queries
        found = queries.department_by_uscc(text) or next((item for item in queries.search_departments(text) if item.name == text), None)
        if found is None:
            self.errors["department_id"] = say(Message("没有这个名称或统一社会信用代码的部门，请填写全称。"))
            return None
        return found.id

    def _moment(self, name: str) -> datetime | None:
        """Return a time of day in China as an instant."""
        text = self.values[name]
        if not text:
            return None
        try:
            return datetime.strptime(text, _CHINA_MINUTE).replace(tzinfo=CHINA).astimezone(UTC)
        except ValueError:
            self.errors[name] = say(Message("请填写日期和时间。"))
            return None


def criteria_words(criteria: AppointmentCriteria, department: str | None, division: str | None) -> str:
    """Return who is meant, as people read it: ``岗位 窗口受理员；条线 民政；层级 县级``."""
    parts = [(name, getattr(criteria, name)) for name in _LISTS]
    parts.append(("kinds", [say(APPOINTMENT_KINDS[kind]) for kind in criteria.kinds]))
    parts.append(("levels", [say(LEVELS[level]) for level in criteria.levels]))
    parts.append(("department_id", [say(Message("%(name)s及下级", name=department))] if department else []))
    parts.append(("division_code", [say(Message("%(name)s内", name=division))] if division else []))
    return say(Message("；")).join(f"{say(LABELS[name])} {say(Message('、')).join(values)}" for name, values in parts if values)
