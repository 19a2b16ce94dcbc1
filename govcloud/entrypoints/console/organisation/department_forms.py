"""What was filled into the console's forms about departments, and the changes that it becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Request

from govcloud.entrypoints.console.organisation.department_reach import reach
from govcloud.identity.inputs import NewDepartment, NewOffice
from govcloud.identity.reorganisation import Abolish, Change, Merge, Move, Reorder, Split
from govcloud.identity.views import DepartmentView
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.gate import services

_MOST_CHOICES = 200
_SEVERAL = 5


@dataclass(frozen=True)
class Filled:
    """What was typed into a form, by field; a field with checks has several values."""

    values: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, request: Request) -> Filled:
        """Take a submitted form over."""
        return cls(dict(request.form.lists()))

    def text(self, name: str) -> str:
        """Return the one value of a field."""
        found = self.values.get(name) or ("",)
        return found[0].strip()

    def all(self, name: str) -> Sequence[str]:
        """Return every value of a field."""
        return self.values.get(name, ())

    def words(self, name: str) -> tuple[str, ...]:
        """Return what stands in a field one beside or below the other."""
        return tuple(part for part in re.split(r"[\s,，、;；]+", self.text(name)) if part)


@dataclass(frozen=True)
class FormField:
    """One field of a form; ``options`` are the values and words of a choice or of checks."""

    name: str
    label: Message
    kind: str = "text"
    hint: Message | None = None
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()


def _resolved(name: str, text: str) -> UUID:
    """Return the department that a field means, by code or by name, within the reader's reach.

    Raises:
        Invalid: none is meant, or more than one.
    """
    queries = services()
    by_code = queries.identity_queries.department_by_uscc(text)
    if by_code is not None and any(by_code.path.startswith(path) for path in reach()):
        return by_code.id
    found = queries.tree_queries.search(text, _MOST_CHOICES, within=reach()).rows
    exact = [view for view in found if text in {view.name, view.short_name}] or list(found)
    if len(exact) == 1:
        return exact[0].id
    if not exact:
        raise Invalid.of(FieldError(name, Message("在您的管理范围内没有找到这个机构，请核对名称或代码。"), text))
    several = "；".join(f"{view.name}（{view.uscc}）" for view in exact[:_SEVERAL])
    raise Invalid.of(FieldError(name, Message("有多个机构符合，请改填统一社会信用代码：%(several)s", several=several), text))


def _new(view: DepartmentView, filled: Filled, parent_id: UUID | None) -> NewDepartment:
    """Return the new department of a form; what the form leaves out is as with ``view``."""
    lead = filled.text("lead")
    lines = filled.words("business_lines") if "business_lines" in filled.values else view.business_lines
    return NewDepartment(
        filled.text("uscc"),
        filled.text("name"),
        filled.text("division_code") or view.division,
        filled.text("level") or view.level,
        filled.text("short_name"),
        parent_id,
        lines,
        lead_department_id=_resolved("lead", lead) if lead else None,
    )


def register(view: DepartmentView, filled: Filled, actor: Actor) -> Message:
    """Register the department of a form below ``view``."""
    services().identity.register_department(actor, _new(view, filled, view.id))
    return Message("已新增下级机构“%(name)s”。", name=filled.text("name"))


def move(view: DepartmentView, filled: Filled) -> Move:
    """Return the move that a form asks for."""
    parent = filled.text("parent")
    return Move(view.id, None if filled.text("root") else _resolved("parent", parent))


def reorder(view: DepartmentView, filled: Filled) -> Reorder:
    """Return the order that a form asks for; a place that is no number comes last."""
    children = services().identity_queries.children(view.id)

    def place(child: DepartmentView) -> float:
        text = filled.text(f"place-{child.id}")
        return float(text) if re.fullmatch(r"[0-9]{1,7}(\.[0-9])?", text) else float(len(children))

    return Reorder(view.id, tuple(child.id for child in sorted(children, key=place)))


def change_facts(view: DepartmentView, filled: Filled) -> Change:
    """Return the facts that a form asks for."""
    lead = filled.text("lead")
    return Change(
        view.id,
        filled.text("division_code"),
        filled.text("level"),
        filled.words("business_lines"),
        _resolved("lead", lead) if lead else None,
        unled=not lead,
    )


def merge(view: DepartmentView, filled: Filled) -> Merge:
    """Return the merger that a form asks for."""
    others = tuple(_resolved("others", text) for text in filled.text("others").splitlines() if text.strip())
    if filled.text("into"):
        return Merge((view.id, *others), _resolved("into", filled.text("into")), filled.text("reason"))
    return Merge((view.id, *others), _new(view, filled, view.parent_id), filled.text("reason"))


def split(view: DepartmentView, filled: Filled) -> Split:
    """Return the split that a form asks for."""
    return Split(
        view.id,
        _new(view, filled, view.parent_id),
        filled.text("reason"),
        _chosen(filled, "offices"),
        tuple(_person(code) for code in filled.words("people")),
        _chosen(filled, "children"),
    )


def _chosen(filled: Filled, name: str) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(value) for value in filled.all(name))
    except ValueError:
        raise Invalid.of(FieldError(name, Message("选择的内容有误，请重新选择。"))) from None


def _person(code: str) -> UUID:
    official = services().identity_queries.official_by_code(code)
    if official is None:
        raise Invalid.of(FieldError("people", Message("没有工号为“%(code)s”的人员。", code=code), code))
    return official.id


def abolish(view: DepartmentView, filled: Filled) -> Abolish:
    """Return the end that a form asks for."""
    successor = filled.text("successor")
    return Abolish(view.id, filled.text("reason"), _resolved("successor", successor) if successor else None)


def open_office(view: DepartmentView, filled: Filled, actor: Actor) -> Message:
    """Open the office of a form."""
    services().identity.open_offices(actor, [NewOffice(view.id, filled.text("name"))])
    return Message("已设立处室“%(name)s”。", name=filled.text("name"))


def rename_office(_view: DepartmentView, filled: Filled, actor: Actor) -> Message:
    """Rename the office of a form."""
    services().identity.rename_office(actor, _office(filled), filled.text("name"))
    return Message("处室已更名为“%(name)s”。", name=filled.text("name"))


def close_office(_view: DepartmentView, filled: Filled, actor: Actor) -> Message:
    """Close the office of a form."""
    services().identity.close_office(actor, _office(filled))
    return Message("处室已撤销。")


def _office(filled: Filled) -> UUID:
    return (*_chosen(Filled({"office": [filled.text("office")]}), "office"),)[0]
