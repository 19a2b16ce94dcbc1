"""The forms of a subsystem's page, as a table: their fields, what they start with, and the command that each runs.

To add one: an entry in ``FORMS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from govcloud.entrypoints.console.catalogue import subsystem_acts as acts
from govcloud.entrypoints.console.catalogue.label_effects import rehearse_function
from govcloud.entrypoints.console.catalogue.subsystem_acts import Values
from govcloud.entrypoints.console.catalogue.subsystem_rows import COLUMNS
from govcloud.entrypoints.console.catalogue.subsystem_words import SCOPES
from govcloud.entrypoints.console.organisation.department_forms import FormField
from govcloud.kernel.actor import Actor
from govcloud.kernel.messages import Message
from govcloud.subsystems.inputs import MOST_LABEL, ClientCredentials
from govcloud.subsystems.queries import SubsystemView
from govcloud.subsystems.service_life.handing_over import HAND_OVER
from govcloud.web.locale import say
from govcloud.web.words import LEVELS, TIERS

Outcome = Message | ClientCredentials


@dataclass(frozen=True)
class SubsystemForm:
    """A form: its name in the address, words, the function that opens it, its fields, and what it runs.

    ``subject`` is what of the subsystem the form is about: the code of a function, the id of an item, the id of a client.
    """

    name: str
    label: Message
    icon: str
    function: str
    fields: Callable[[], tuple[FormField, ...]]
    run: Callable[[SubsystemView, str, Values, Actor], Outcome]
    start: Callable[[SubsystemView, str], Values] = lambda _view, _subject: {}
    hint: Message | None = None
    grave: bool = False
    rehearse: Callable[[SubsystemView, str, Values, Actor], tuple[Message, ...]] | None = None
    """What it would do, told sentence by sentence before it is confirmed; nothing to tell: it is done at once."""
    always_told: bool = True
    """Whether there always is something to tell."""


def _levels() -> tuple[tuple[str, str], ...]:
    return tuple((str(level), f"L{level} {say(word.text)}") for level, word in LEVELS.items())


def _tiers() -> tuple[tuple[str, str], ...]:
    return tuple((code, say(word)) for code, word in TIERS.items())


def _scopes() -> tuple[tuple[str, str], ...]:
    return tuple((code, say(word)) for code, word in SCOPES.items())


_WITHIN = Message("部门全称或统一社会信用代码，须在您的管理范围内。")
_NAME = FormField("name", Message("名称"), required=True)
_DESCRIPTION = FormField("description", Message("功能说明"), "area", Message("能做什么、涉及哪些数据；审批人和管理员据此判断。"))
_REASON = FormField("reason", Message("原因"), "area", Message("会记入审计。"), required=True)
_EXPOSES = FormField("exposes", Message("会看到什么"), "area", Message("逐项列出会看到的数据，审批人据此决定。"))
_BASIS = FormField("basis_note", Message("不对应事项的原因"), "area", Message("不为办理政务服务事项而设时填写，如内部统计。"))
_SENSITIVE = FormField(
    "sensitive",
    Message("涉及敏感信息"),
    "check",
    Message("每次使用都留存记录；登录规则要求时，子系统判定前须近期核实过身份，否则答复“须再次核实身份”。"),
)
_GRACE = FormField(
    "grace_minutes",
    Message("到期宽限（分钟）"),
    "number",
    Message("到期后仍可做完手头工作的时间，0 至 30；撤销不宽限，敏感功能和 L2 以下的功能不宽限。"),
)
_CASE = FormField("requires_case_number", Message("申请时须填办件编号"), "check")


def _level() -> FormField:
    return FormField(
        "integration_level", Message("接入级别"), "select", Message("L2 起每次操作都向平台核对，L3 由平台限定数据行。"), options=_levels()
    )


def _label() -> FormField:
    hint = Message("使用者本人的安全标记不低于它才能使用，任何角色和授权都不能例外；0 为不设标记。")
    labels = tuple((str(label), str(label)) for label in range(MOST_LABEL + 1))
    return FormField("label", Message("安全标记"), "select", hint, options=labels)


def _item_fields() -> tuple[FormField, ...]:
    return (
        FormField("tier", Message("事项级别"), "select", options=_tiers()),
        FormField(
            "approval",
            Message("审批人数或步骤"),
            hint=Message("多人同意填人数，如 2；依次审批填步骤，如 主管部门,上级部门:2；其他级别不填。"),
        ),
        FormField("max_days", Message("最长期限（天）"), "number", Message("敏感功能不超过 180 天。")),
        FormField("scope_kind", Message("数据范围"), "select", Message("按行政区划授权的功能须为 L2 或 L3。"), options=_scopes()),
        _CASE,
        _GRACE,
    )


def registration_fields() -> tuple[FormField, ...]:
    """Return the fields that it takes to register a subsystem."""
    return (
        _NAME,
        FormField("code", Message("代码"), hint=Message("小写字母开头，如 housing；登记后不能更改。"), required=True),
        FormField("owner", Message("主管部门"), hint=_WITHIN, required=True),
        _level(),
        FormField("launch_url", Message("访问地址"), hint=Message("从工作台打开的地址，如 https://housing.example.gov.cn/。")),
        FormField("webhook_url", Message("通知地址"), hint=Message("开通、收回权限时通知的地址，可以不填。")),
        FormField("description", Message("系统说明"), "area"),
    )


def _add_fields() -> tuple[FormField, ...]:
    return (
        FormField("code", Message("功能代码"), hint=Message("“资源:动作”，如 register:read；入口填 door:enter。"), required=True),
        _NAME,
        _DESCRIPTION,
        _level(),
        _label(),
        _SENSITIVE,
        _BASIS,
        FormField("exposes", Message("会看到什么"), "area", Message("填写后这项功能可以申请；留空则只随岗位持有。")),
        FormField("item_name", Message("可申请项名称"), hint=Message("不填则与功能名称相同。")),
        *_item_fields(),
    )


def _slice_fields() -> tuple[FormField, ...]:
    owner = FormField("owner", Message("审批部门"), hint=Message("由其他部门审批时填其统一社会信用代码；不填即主管部门。"))
    return _NAME, _EXPOSES, *_item_fields(), owner


def _none() -> tuple[FormField, ...]:
    return ()


_DEFAULTS = {"tier": "one", "max_days": "30", "scope_kind": "division", "label": "0"}

FORMS: Mapping[str, SubsystemForm] = {
    form.name: form
    for form in (
        SubsystemForm(
            "change",
            Message("变更信息"),
            "pencil",
            "govcloud:subsystem:change",
            lambda: tuple(field for field in registration_fields() if field.name not in {"code", "owner"}),
            acts.change,
            lambda view, _subject: {
                "name": view.name,
                "integration_level": str(view.integration_level),
                "launch_url": view.launch_url or "",
                "webhook_url": view.webhook_url or "",
                "description": view.description,
            },
        ),
        SubsystemForm(
            "hand-over",
            Message("移交主管部门"),
            "building-2",
            HAND_OVER,
            lambda: (FormField("owner_department_id", Message("移交给"), hint=_WITHIN, required=True), _REASON),
            acts.hand_over,
            hint=Message("移交后由新的主管部门维护和审批；须对两个部门都有管理权限。功能、客户端和已有的权限照常使用。"),
            grave=True,
            rehearse=acts.rehearse_hand_over,
        ),
        SubsystemForm(
            "add",
            Message("新增功能"),
            "plus",
            "govcloud:function:add",
            _add_fields,
            acts.add,
            lambda view, _subject: {**_DEFAULTS, "integration_level": str(view.integration_level)},
        ),
        SubsystemForm(
            "bulk",
            Message("批量新增"),
            "list-tree",
            "govcloud:function:add",
            lambda: (FormField("rows", Message("每行一项功能"), "area", COLUMNS, required=True),),
            acts.add_many,
            rehearse=acts.rehearse_many,
        ),
        SubsystemForm(
            "function",
            Message("变更功能"),
            "pencil",
            "govcloud:function:change",
            lambda: (_NAME, _DESCRIPTION, _level(), _label(), _SENSITIVE, _BASIS, _REASON),
            acts.change_function,
            acts.function_values,
            rehearse=rehearse_function,
            always_told=False,
        ),
        SubsystemForm(
            "offer",
            Message("新增可申请项"),
            "plus",
            "govcloud:item:offer",
            _slice_fields,
            acts.offer,
            lambda view, subject: {**_DEFAULTS, "name": acts.function_of(view, subject).name},
        ),
        SubsystemForm(
            "item",
            Message("变更可申请项"),
            "pencil",
            "govcloud:item:change",
            lambda: (*_slice_fields(), FormField("version", Message("版本"), "hidden"), _REASON),
            acts.change_item,
            acts.item_values,
        ),
        SubsystemForm(
            "bind",
            Message("对应事项"),
            "layers",
            "govcloud:function:bind",
            lambda: (FormField("codes", Message("实施编码"), "area", Message("31 位实施编码，每行一个。"), required=True),),
            acts.bind,
        ),
        SubsystemForm(
            "unbind",
            Message("解除对应"),
            "x",
            "govcloud:function:bind",
            lambda: (FormField("code", Message("实施编码"), "fixed"),),
            acts.unbind,
        ),
        SubsystemForm(
            "withdraw-function",
            Message("停用功能"),
            "ban",
            "govcloud:function:withdraw",
            lambda: (_REASON,),
            acts.withdraw_function,
            hint=Message("停用后任何人都不能再使用；仍有可申请项、有效权限或待审批的申请时不能停用。"),
            grave=True,
        ),
        SubsystemForm(
            "withdraw-item",
            Message("下架可申请项"),
            "ban",
            "govcloud:item:withdraw",
            lambda: (_REASON,),
            acts.withdraw_item,
            hint=Message("下架后不能再申请。"),
            grave=True,
            rehearse=acts.hanging,
        ),
        SubsystemForm(
            "rotate",
            Message("更换密钥"),
            "key-round",
            "govcloud:client:rotate",
            _none,
            acts.rotate_secret,
            hint=Message("旧密钥立即失效；新密钥只显示这一次。"),
            grave=True,
        ),
        SubsystemForm(
            "disable",
            Message("停用客户端"),
            "ban",
            "govcloud:client:disable",
            _none,
            acts.disable_client,
            hint=Message("停用后不能再登录，也不能恢复。"),
            grave=True,
        ),
    )
}
