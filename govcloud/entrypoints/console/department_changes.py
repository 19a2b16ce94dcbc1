"""The changes of a department that the console offers, as a table: their forms, and what they run.

To add one: an entry in ``CHANGES`` with its fields and a function that makes the change out of what was filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from flask import Request

from govcloud.entrypoints.console.department_reach import reach
from govcloud.identity.inputs import NewDepartment, NewOffice
from govcloud.identity.reorganisation import Abolish, Change, Merge, Move, Preview, Rename, Reorder, Reorganisation, Split
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


_WHICH = Message("名称或统一社会信用代码；有重名时请填代码。")
_REASON = FormField("reason", Message("批准依据"), "area", Message("批准文件或理由，会记入沿革与审计。"), required=True)
_NAME = FormField("name", Message("名称"), required=True)
_SHORT = FormField("short_name", Message("简称"), hint=Message("不填则与名称相同。"))
_USCC = FormField("uscc", Message("统一社会信用代码"), required=True)
_DIVISION = FormField("division_code", Message("行政区划代码"), hint=Message("12 位数字。"), required=True)
_LEVEL = FormField("level", Message("层级"), "level", required=True)
_LINES = FormField("business_lines", Message("条线"), hint=Message("多个条线用顿号分开。"))
_LEAD = FormField("lead", Message("牵头部门"), hint=_WHICH)

Fields = Callable[[DepartmentView], tuple[FormField, ...]]
Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class DepartmentChange:
    """A change: its name in the address, its words, the function that opens it, its form, and how the form becomes the change."""

    name: str
    label: Message
    icon: str
    function: str
    fields: Fields
    build: Callable[[DepartmentView, Filled], Reorganisation] | None = None
    act: Callable[[DepartmentView, Filled, Actor], Message] | None = None
    start: Callable[[DepartmentView], Values] = field(default=lambda _view: {})
    grave: bool = False
    on_office: bool = False
    at_parent: bool = False
    """Decided where the department stands: it needs authority over the parent."""
    bounded: bool = False
    """Open to a delegated administrator only for what is no more than its parent."""

    @property
    def previews(self) -> bool:
        """Say whether one sees first whom it touches."""
        return self.build is not None

    def initial(self, view: DepartmentView, request: Request) -> Filled:
        """Return what the empty form starts with."""
        return Filled({**self.start(view), **{name: [value] for name, value in request.args.items()}})

    def preview(self, view: DepartmentView, filled: Filled, actor: Actor) -> Preview | None:
        """Return whom and what it touches."""
        return services().identity.preview(actor, self.build(view, filled)) if self.build else None

    def run(self, view: DepartmentView, filled: Filled, actor: Actor) -> tuple[Message, UUID | None]:
        """Run it; return what to say, and the department to show."""
        if self.build is not None:
            done = services().identity.reorganise(actor, self.build(view, filled))
            return Message("“%(what)s”已完成，立即生效；沿革可在本页下方查看。", what=self.label), done.department_id
        said = self.act(view, filled, actor) if self.act else self.label
        return said, view.id


# What forms become


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


def _register(view: DepartmentView, filled: Filled, actor: Actor) -> Message:
    services().identity.register_department(actor, _new(view, filled, view.id))
    return Message("已新增下级机构“%(name)s”。", name=filled.text("name"))


def _move(view: DepartmentView, filled: Filled) -> Move:
    parent = filled.text("parent")
    return Move(view.id, None if filled.text("root") else _resolved("parent", parent))


def _reorder(view: DepartmentView, filled: Filled) -> Reorder:
    children = services().identity_queries.children(view.id)

    def place(child: DepartmentView) -> float:
        text = filled.text(f"place-{child.id}")
        return float(text) if re.fullmatch(r"[0-9]{1,7}(\.[0-9])?", text) else float(len(children))

    return Reorder(view.id, tuple(child.id for child in sorted(children, key=place)))


def _change(view: DepartmentView, filled: Filled) -> Change:
    lead = filled.text("lead")
    return Change(
        view.id,
        filled.text("division_code"),
        filled.text("level"),
        filled.words("business_lines"),
        _resolved("lead", lead) if lead else None,
        unled=not lead,
    )


def _merge(view: DepartmentView, filled: Filled) -> Merge:
    others = tuple(_resolved("others", text) for text in filled.text("others").splitlines() if text.strip())
    if filled.text("into"):
        return Merge((view.id, *others), _resolved("into", filled.text("into")), filled.text("reason"))
    return Merge((view.id, *others), _new(view, filled, view.parent_id), filled.text("reason"))


def _split(view: DepartmentView, filled: Filled) -> Split:
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


def _abolish(view: DepartmentView, filled: Filled) -> Abolish:
    successor = filled.text("successor")
    return Abolish(view.id, filled.text("reason"), _resolved("successor", successor) if successor else None)


def _open_office(view: DepartmentView, filled: Filled, actor: Actor) -> Message:
    services().identity.open_offices(actor, [NewOffice(view.id, filled.text("name"))])
    return Message("已设立处室“%(name)s”。", name=filled.text("name"))


def _rename_office(_view: DepartmentView, filled: Filled, actor: Actor) -> Message:
    services().identity.rename_office(actor, _office(filled), filled.text("name"))
    return Message("处室已更名为“%(name)s”。", name=filled.text("name"))


def _close_office(_view: DepartmentView, filled: Filled, actor: Actor) -> Message:
    services().identity.close_office(actor, _office(filled))
    return Message("处室已撤销。")


def _office(filled: Filled) -> UUID:
    return (*_chosen(Filled({"office": [filled.text("office")]}), "office"),)[0]


# What forms ask


def _places(view: DepartmentView) -> tuple[FormField, ...]:
    children = services().identity_queries.children(view.id)
    return tuple(FormField(f"place-{child.id}", Message("%(name)s", name=child.name), "place") for child in children)


def _place_values(view: DepartmentView) -> Values:
    children = services().identity_queries.children(view.id)
    return {f"place-{child.id}": [str(number)] for number, child in enumerate(children, 1)}


def _split_fields(view: DepartmentView) -> tuple[FormField, ...]:
    offices = tuple((str(key), name) for key, name in services().identity_queries.offices(view.id).items())
    children = services().tree_queries.children(view.id, _MOST_CHOICES).nodes
    return (
        FormField("name", Message("新机构名称"), required=True),
        FormField("uscc", Message("新机构的统一社会信用代码"), required=True),
        FormField("offices", Message("划出的处室"), "checks", Message("处室中的人员随处室划出。"), options=offices),
        FormField("people", Message("划出的人员"), "area", Message("填写工号，每行一个。")),
        FormField("children", Message("划出的下级机构"), "checks", options=tuple((str(node.id), node.name) for node in children)),
        _REASON,
    )


def _facts(view: DepartmentView) -> Values:
    lead = services().identity_queries.department(view.lead_department_id) if view.lead_department_id else None
    return {
        "division_code": [view.division],
        "level": [view.level],
        "business_lines": ["、".join(view.business_lines)],
        "lead": [lead.uscc if lead else ""],
    }


_MERGE_FIELDS = (
    FormField("into", Message("并入的机构"), hint=_WHICH),
    FormField("name", Message("或合并为新机构，名称"), hint=Message("新机构与本机构同级，层级、区划、条线相同。")),
    FormField("uscc", Message("新机构的统一社会信用代码")),
    FormField("others", Message("一同并入的其他机构"), "area", Message("每行一个名称或统一社会信用代码。")),
    _REASON,
)
_OFFICE = FormField("office", Message("处室"), "hidden")

CHANGES: Mapping[str, DepartmentChange] = {
    item.name: item
    for item in (
        DepartmentChange(
            "new",
            Message("新增下级机构"),
            "plus",
            "govcloud:department:register",
            lambda _view: (_NAME, _SHORT, _USCC, _DIVISION, _LEVEL, _LINES, _LEAD),
            act=_register,
            bounded=True,
            start=lambda view: {
                "division_code": [view.division],
                "level": [view.level],
                "business_lines": ["、".join(view.business_lines)],
            },
        ),
        DepartmentChange(
            "rename",
            Message("更名"),
            "pencil",
            "govcloud:department:rename",
            lambda _view: (_NAME, _SHORT),
            lambda view, filled: Rename(view.id, filled.text("name"), filled.text("short_name")),
            start=lambda view: {"name": [view.name], "short_name": [view.short_name]},
        ),
        DepartmentChange(
            "change",
            Message("变更信息"),
            "settings",
            "govcloud:department:change",
            lambda _view: (_DIVISION, _LEVEL, _LINES, _LEAD),
            _change,
            start=_facts,
            at_parent=True,
            bounded=True,
        ),
        DepartmentChange(
            "move",
            Message("调整隶属"),
            "network",
            "govcloud:department:move",
            lambda _view: (
                FormField("parent", Message("新的上级机构"), hint=_WHICH),
                FormField("root", Message("改为顶级机构"), "checks", options=(("1", "√"),)),
            ),
            _move,
            grave=True,
            at_parent=True,
        ),
        DepartmentChange(
            "reorder", Message("下级排序"), "list-tree", "govcloud:department:reorder", _places, _reorder, start=_place_values
        ),
        DepartmentChange(
            "merge", Message("合并"), "layers", "govcloud:department:merge", lambda _view: _MERGE_FIELDS, _merge, grave=True, at_parent=True
        ),
        DepartmentChange(
            "split", Message("拆分"), "app-window", "govcloud:department:split", _split_fields, _split, grave=True, at_parent=True
        ),
        DepartmentChange(
            "abolish",
            Message("撤销机构"),
            "trash-2",
            "govcloud:department:abolish",
            lambda _view: (
                FormField("successor", Message("承接机构"), hint=Message("仍有人员、下级或主管事项时必填：等同于并入该机构。")),
                _REASON,
            ),
            _abolish,
            grave=True,
            at_parent=True,
        ),
        DepartmentChange("open-office", Message("设立处室"), "plus", "govcloud:office:open", lambda _view: (_NAME,), act=_open_office),
        DepartmentChange(
            "rename-office",
            Message("处室更名"),
            "pencil",
            "govcloud:office:rename",
            lambda _view: (_NAME, _OFFICE),
            act=_rename_office,
            on_office=True,
        ),
        DepartmentChange(
            "close-office",
            Message("撤销处室"),
            "trash-2",
            "govcloud:office:close",
            lambda _view: (_OFFICE,),
            act=_close_office,
            grave=True,
            on_office=True,
        ),
    )
}
