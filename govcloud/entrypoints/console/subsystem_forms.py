"""The forms of a subsystem's page, as a table: their fields, what they start with, and the command that each runs.

To add one: an entry in ``FORMS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from govcloud.entrypoints.console.department_forms import FormField
from govcloud.entrypoints.console.subsystem_rows import COLUMNS, read_rows
from govcloud.entrypoints.console.subsystem_words import SCOPES
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.subsystems.changes import Binding, FunctionChange, ItemChange, SubsystemChange
from govcloud.subsystems.inputs import ClientCredentials, NewClient, NewFunction, NewItem, NewSubsystem
from govcloud.subsystems.queries import FunctionView, ItemView, SubsystemView
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.words import LEVELS, TIERS

Values = Mapping[str, str]
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
    rehearse: Callable[[SubsystemView, str, Values, Actor], Message] | None = None
    """What it would do, told before it is confirmed."""


def number(name: str, values: Values) -> int:
    """Return the whole number of a field.

    Raises:
        Invalid: it is none.
    """
    text = values.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - far beyond any number that a form asks for
        raise Invalid.of(FieldError(name, Message("应为整数。"), text))
    return int(text)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound.of(Message("可申请项"), text) from None


def _levels() -> tuple[tuple[str, str], ...]:
    return tuple((str(level), f"L{level} {say(word.text)}") for level, word in LEVELS.items())


def _tiers() -> tuple[tuple[str, str], ...]:
    return tuple((code, say(word)) for code, word in TIERS.items())


def _scopes() -> tuple[tuple[str, str], ...]:
    return tuple((code, say(word)) for code, word in SCOPES.items())


_NAME = FormField("name", Message("名称"), required=True)
_DESCRIPTION = FormField("description", Message("说明"), "area", Message("能做什么、涉及哪些数据；审批人和管理员据此判断。"))
_REASON = FormField("reason", Message("原因"), "area", Message("会记入审计。"), required=True)
_EXPOSES = FormField("exposes", Message("会看到什么"), "area", Message("逐项列出会看到的数据，审批人据此决定。"))
_BASIS = FormField("basis_note", Message("不对应事项的原因"), "area", Message("不为办理政务服务事项而设时填写，如内部统计。"))
_SENSITIVE = FormField("sensitive", Message("涉及敏感信息"), "check")
_CASE = FormField("requires_case_number", Message("申请时须填办件编号"), "check")


def _level() -> FormField:
    return FormField(
        "integration_level", Message("接入级别"), "select", Message("L2 起每次操作都向平台核对，L3 由平台限定数据行。"), options=_levels()
    )


def _item_fields() -> tuple[FormField, ...]:
    return (
        FormField("tier", Message("事项级别"), "select", options=_tiers()),
        FormField("max_days", Message("最长期限（天）"), "number", Message("敏感功能不超过 180 天。")),
        FormField("scope_kind", Message("数据范围"), "select", Message("按行政区划授权的功能须为 L2 或 L3。"), options=_scopes()),
        _CASE,
    )


def registration_fields() -> tuple[FormField, ...]:
    """Return the fields that it takes to register a subsystem."""
    return (
        _NAME,
        FormField("code", Message("代码"), hint=Message("小写字母开头，如 housing；登记后不能更改。"), required=True),
        FormField("owner", Message("主管部门"), hint=Message("部门全称或统一社会信用代码，须在您的管理范围内。"), required=True),
        _level(),
        FormField("launch_url", Message("访问地址"), hint=Message("从工作台打开的地址，如 https://housing.example.gov.cn/。")),
        FormField("webhook_url", Message("通知地址"), hint=Message("开通、收回权限时通知的地址，可以不填。")),
        FormField("description", Message("说明"), "area"),
    )


def register(values: Values, owner_id: UUID, actor: Actor) -> UUID:
    """Register the subsystem of a form."""
    return services().subsystems.register_subsystem(
        actor,
        NewSubsystem(
            values.get("code", ""),
            values.get("name", ""),
            owner_id,
            number("integration_level", values),
            values.get("launch_url"),
            values.get("webhook_url"),
            values.get("description", ""),
        ),
    )


# What the forms run


def _change(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> Message:
    texts = (values.get("launch_url"), values.get("webhook_url"), values.get("description", ""))
    services().subsystems.change_subsystem(
        actor, view.id, SubsystemChange(values.get("name", ""), number("integration_level", values), *texts)
    )
    return Message("已变更“%(name)s”，立即生效。", name=values.get("name", ""))


def _new_function(view: SubsystemView, values: Values) -> tuple[NewFunction, list[NewItem]]:
    code = values.get("code", "").strip()
    full = code if code.startswith(f"{view.code}:") else f"{view.code}:{code}"
    function = NewFunction(
        full,
        values.get("name", ""),
        values.get("description", ""),
        sensitive=bool(values.get("sensitive")),
        integration_level=number("integration_level", values),
        basis_note=values.get("basis_note", ""),
    )
    if not values.get("exposes", "").strip():
        return function, []
    case = bool(values.get("requires_case_number"))
    rest = (values.get("exposes", ""), values.get("tier", ""), number("max_days", values), case, values.get("scope_kind", ""))
    return function, [NewItem(full, values.get("item_name", "") or values.get("name", ""), *rest)]


def _add(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> Message:
    function, items = _new_function(view, values)
    services().subsystems.add_offered(actor, [function], items)
    if items:
        return Message("已新增功能“%(name)s”及其可申请项。", name=function.name)
    return Message("已新增功能“%(name)s”，它随岗位持有，不能申请。", name=function.name)


def _add_fields() -> tuple[FormField, ...]:
    return (
        FormField("code", Message("功能代码"), hint=Message("“资源:动作”，如 register:read；入口填 door:enter。"), required=True),
        _NAME,
        _DESCRIPTION,
        _level(),
        _SENSITIVE,
        _BASIS,
        FormField("exposes", Message("会看到什么"), "area", Message("填写后这项功能可以申请；留空则只随岗位持有。")),
        FormField("item_name", Message("可申请项名称"), hint=Message("不填则与功能名称相同。")),
        *_item_fields(),
    )


def _function(view: SubsystemView, code: str) -> FunctionView:
    found = services().subsystem_queries.function(code)
    if found is None or found.subsystem_id != view.id:
        raise NotFound.of(Message("功能"), code)
    return found


def _item(view: SubsystemView, text: str) -> ItemView:
    item_id = _uuid(text)
    found = next((item for item in services().subsystem_queries.items_of(view.id) if item.id == item_id), None)
    if found is None:
        raise NotFound.of(Message("可申请项"), text)
    return found


def _change_function(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    function = _function(view, subject)
    change = FunctionChange(
        values.get("name", ""),
        values.get("description", ""),
        sensitive=bool(values.get("sensitive")),
        integration_level=number("integration_level", values),
        basis_note=values.get("basis_note", ""),
    )
    services().subsystems.change_function(actor, function.code, change, values.get("reason", ""))
    return Message("已变更功能“%(name)s”，立即生效。", name=change.name)


def _function_values(view: SubsystemView, subject: str) -> Values:
    function = _function(view, subject)
    return {
        "name": function.name,
        "description": function.description,
        "sensitive": "1" if function.sensitive else "",
        "integration_level": str(function.integration_level),
        "basis_note": function.basis_note,
    }


def _offer(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    function = _function(view, subject)
    services().subsystems.offer_item(
        actor, NewItem(function.code, values.get("name", ""), *_slice(values), owner_department_id=_owner(values))
    )
    return Message("“%(name)s”已可申请。", name=values.get("name", ""))


def _slice(values: Values) -> tuple[str, str, int, bool, str]:
    case = bool(values.get("requires_case_number"))
    return values.get("exposes", ""), values.get("tier", ""), number("max_days", values), case, values.get("scope_kind", "")


def _owner(values: Values) -> UUID | None:
    """Return the department that decides instead of the subsystem's own, by its credit code."""
    text = values.get("owner", "").strip()
    if not text:
        return None
    found = services().identity_queries.department_by_uscc(text)
    if found is None:
        raise Invalid.of(FieldError("owner", Message("没有这个统一社会信用代码的部门。"), text))
    return found.id


def _change_item(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    item = _item(view, subject)
    change = ItemChange(values.get("name", ""), *_slice(values), owner_department_id=_owner(values))
    version = services().subsystems.change_item(actor, item.id, number("version", values), change, values.get("reason", ""))
    return Message("“%(name)s”现为第 %(version)s 版；按旧版提交、尚未审批的申请须重新提交。", name=change.name, version=version)


def _item_values(view: SubsystemView, subject: str) -> Values:
    item = _item(view, subject)
    owner = (
        services().identity_queries.department(item.owner_department_id) if item.owner_department_id != view.owner_department_id else None
    )
    return {
        "name": item.name,
        "exposes": item.exposes,
        "tier": item.tier,
        "max_days": str(item.max_days),
        "requires_case_number": "1" if item.requires_case_number else "",
        "scope_kind": item.scope_kind,
        "owner": owner.uscc if owner else "",
        "version": str(item.version),
    }


def _slice_fields() -> tuple[FormField, ...]:
    owner = FormField("owner", Message("审批部门"), hint=Message("由其他部门审批时填其统一社会信用代码；不填即主管部门。"))
    return _NAME, _EXPOSES, *_item_fields(), owner


def _bind(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    function = _function(view, subject)
    codes = dict.fromkeys(values.get("codes", "").replace("，", " ").replace(",", " ").split())
    new = services().subsystems.bind_functions(actor, [Binding(function.code, code) for code in codes])
    return Message("新增 %(count)s 个对应事项。", count=new)


def _unbind(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    del view
    services().subsystems.unbind_function(actor, Binding(subject, values.get("code", "")))
    return Message("已解除对应。")


def _withdraw_function(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    function = _function(view, subject)
    services().subsystems.withdraw_function(actor, function.code, values.get("reason", ""))
    return Message("功能“%(name)s”已停用。", name=function.name)


def _withdraw_item(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    item = _item(view, subject)
    services().subsystems.withdraw_item(actor, item.id, values.get("reason", ""))
    return Message("“%(name)s”已下架，不能再申请。", name=item.name)


def _hanging(view: SubsystemView, subject: str, _values: Values, _actor: Actor) -> Message:
    usage = services().subsystems.usage_of([_item(view, subject).function])
    words = {"lines": usage.lines, "grants": usage.grants}
    return Message("待审批的申请 %(lines)s 项，下架后只能驳回；有效的临时权限 %(grants)s 项，到期为止继续有效。", **words)


def _client(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> ClientCredentials:
    redirects = tuple(values.get("redirect_uris", "").split())
    after = tuple(values.get("post_logout_uris", "").split())
    row = NewClient(view.code, values.get("client_id", ""), values.get("name", ""), redirects, after, public=bool(values.get("public")))
    return services().subsystems.register_client(actor, row)


def _rotate(view: SubsystemView, subject: str, _values: Values, actor: Actor) -> ClientCredentials:
    return services().subsystems.rotate_client_secret(actor, _client_of(view, subject))


def _disable(view: SubsystemView, subject: str, _values: Values, actor: Actor) -> Message:
    services().subsystems.disable_client(actor, _client_of(view, subject))
    return Message("客户端 %(client_id)s 已停用，立即不能登录。", client_id=subject)


def _client_of(view: SubsystemView, client_id: str) -> str:
    if client_id not in {client.client_id for client in services().subsystem_queries.clients_of(view.id)}:
        raise NotFound.of(Message("客户端"), client_id)
    return client_id


def _bulk(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> Message:
    functions, items = read_rows(view.code, values.get("rows", ""))
    services().subsystems.add_offered(actor, functions, items)
    return Message("已新增功能 %(functions)s 项、可申请项 %(items)s 项。", functions=len(functions), items=len(items))


def _bulk_told(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> Message:
    functions, items = read_rows(view.code, values.get("rows", ""))
    services().subsystems.add_offered(actor, functions, items, dry_run=True)
    return Message("检查通过：将新增功能 %(functions)s 项、可申请项 %(items)s 项。", functions=len(functions), items=len(items))


def _none() -> tuple[FormField, ...]:
    return ()


_DEFAULTS = {"tier": "one", "max_days": "30", "scope_kind": "division"}

FORMS: Mapping[str, SubsystemForm] = {
    form.name: form
    for form in (
        SubsystemForm(
            "change",
            Message("变更信息"),
            "pencil",
            "govcloud:subsystem:change",
            lambda: tuple(field for field in registration_fields() if field.name not in {"code", "owner"}),
            _change,
            lambda view, _subject: {
                "name": view.name,
                "integration_level": str(view.integration_level),
                "launch_url": view.launch_url or "",
                "webhook_url": view.webhook_url or "",
                "description": view.description,
            },
        ),
        SubsystemForm(
            "add",
            Message("新增功能"),
            "plus",
            "govcloud:function:add",
            _add_fields,
            _add,
            lambda view, _subject: {**_DEFAULTS, "integration_level": str(view.integration_level)},
        ),
        SubsystemForm(
            "bulk",
            Message("批量新增"),
            "list-tree",
            "govcloud:function:add",
            lambda: (FormField("rows", Message("每行一项功能"), "area", COLUMNS, required=True),),
            _bulk,
            rehearse=_bulk_told,
        ),
        SubsystemForm(
            "function",
            Message("变更功能"),
            "pencil",
            "govcloud:function:change",
            lambda: (_NAME, _DESCRIPTION, _level(), _SENSITIVE, _BASIS, _REASON),
            _change_function,
            _function_values,
        ),
        SubsystemForm(
            "offer",
            Message("新增可申请项"),
            "plus",
            "govcloud:item:offer",
            _slice_fields,
            _offer,
            lambda view, subject: {**_DEFAULTS, "name": _function(view, subject).name},
        ),
        SubsystemForm(
            "item",
            Message("变更可申请项"),
            "pencil",
            "govcloud:item:change",
            lambda: (*_slice_fields(), FormField("version", Message("版本"), "hidden"), _REASON),
            _change_item,
            _item_values,
        ),
        SubsystemForm(
            "bind",
            Message("对应事项"),
            "layers",
            "govcloud:function:bind",
            lambda: (FormField("codes", Message("实施编码"), "area", Message("31 位实施编码，每行一个。"), required=True),),
            _bind,
        ),
        SubsystemForm(
            "unbind",
            Message("解除对应"),
            "x",
            "govcloud:function:bind",
            lambda: (FormField("code", Message("实施编码"), "fixed"),),
            _unbind,
        ),
        SubsystemForm(
            "withdraw-function",
            Message("停用功能"),
            "ban",
            "govcloud:function:withdraw",
            lambda: (_REASON,),
            _withdraw_function,
            hint=Message("停用后任何人都不能再使用；仍有可申请项、有效权限或待审批的申请时不能停用。"),
            grave=True,
        ),
        SubsystemForm(
            "withdraw-item",
            Message("下架可申请项"),
            "ban",
            "govcloud:item:withdraw",
            lambda: (_REASON,),
            _withdraw_item,
            hint=Message("下架后不能再申请。"),
            grave=True,
            rehearse=_hanging,
        ),
        SubsystemForm(
            "client",
            Message("登记客户端"),
            "key-round",
            "govcloud:client:register",
            lambda: (
                _NAME,
                FormField("client_id", Message("客户端标识"), required=True),
                FormField("redirect_uris", Message("登录回调地址"), "area", Message("完整地址，每行一个，逐字比对。"), required=True),
                FormField("post_logout_uris", Message("退出后返回地址"), "area", Message("每行一个，可以不填。")),
                FormField("public", Message("公开客户端：不能保管密钥，如手机应用"), "check"),
            ),
            _client,
            lambda view, _subject: {"name": view.name, "client_id": view.code},
        ),
        SubsystemForm(
            "rotate",
            Message("更换密钥"),
            "key-round",
            "govcloud:client:rotate",
            _none,
            _rotate,
            hint=Message("旧密钥立即失效；新密钥只显示这一次。"),
            grave=True,
        ),
        SubsystemForm(
            "disable",
            Message("停用客户端"),
            "ban",
            "govcloud:client:disable",
            _none,
            _disable,
            hint=Message("停用后不能再登录，也不能恢复。"),
            grave=True,
        ),
    )
}
