"""The changes of a department that the console offers, as a table: their forms, and what they run.

To add one: an entry in ``CHANGES`` with its fields and a function that makes the change out of what was filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from flask import Request

from govcloud.entrypoints.console.organisation import department_forms
from govcloud.entrypoints.console.organisation.department_forms import Filled, FormField
from govcloud.identity.reorganisation import Preview, Rename, Reorganisation, Watch
from govcloud.identity.views import DepartmentView
from govcloud.kernel.actor import Actor
from govcloud.kernel.messages import Message
from govcloud.web.gate import services

_MOST_CHOICES = 200

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

    def preview(self, view: DepartmentView, filled: Filled, actor: Actor, watch: Watch) -> Preview | None:
        """Return whom and what it touches; ``watch`` looks on."""
        return services().identity.preview(actor, self.build(view, filled), watch) if self.build else None

    def run(self, view: DepartmentView, filled: Filled, actor: Actor) -> tuple[Message, UUID | None]:
        """Run it; return what to say, and the department to show."""
        if self.build is not None:
            done = services().identity.reorganise(actor, self.build(view, filled))
            return Message("“%(what)s”已完成，立即生效；沿革可在本页下方查看。", what=self.label), done.department_id
        said = self.act(view, filled, actor) if self.act else self.label
        return said, view.id


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
            act=department_forms.register,
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
            department_forms.change_facts,
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
            department_forms.move,
            grave=True,
            at_parent=True,
        ),
        DepartmentChange(
            "reorder",
            Message("下级排序"),
            "list-tree",
            "govcloud:department:reorder",
            _places,
            department_forms.reorder,
            start=_place_values,
        ),
        DepartmentChange(
            "merge",
            Message("合并"),
            "layers",
            "govcloud:department:merge",
            lambda _view: _MERGE_FIELDS,
            department_forms.merge,
            grave=True,
            at_parent=True,
        ),
        DepartmentChange(
            "split",
            Message("拆分"),
            "app-window",
            "govcloud:department:split",
            _split_fields,
            department_forms.split,
            grave=True,
            at_parent=True,
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
            department_forms.abolish,
            grave=True,
            at_parent=True,
        ),
        DepartmentChange(
            "open-office", Message("设立处室"), "plus", "govcloud:office:open", lambda _view: (_NAME,), act=department_forms.open_office
        ),
        DepartmentChange(
            "rename-office",
            Message("处室更名"),
            "pencil",
            "govcloud:office:rename",
            lambda _view: (_NAME, _OFFICE),
            act=department_forms.rename_office,
            on_office=True,
        ),
        DepartmentChange(
            "close-office",
            Message("撤销处室"),
            "trash-2",
            "govcloud:office:close",
            lambda _view: (_OFFICE,),
            act=department_forms.close_office,
            grave=True,
            on_office=True,
        ),
    )
}
