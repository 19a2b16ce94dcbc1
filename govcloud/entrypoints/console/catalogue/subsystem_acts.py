"""What the forms of a subsystem's page run: each takes what was typed, runs one command, and returns what to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from govcloud.entrypoints.console.catalogue.subsystem_rows import read_rows
from govcloud.entrypoints.console.parts.subsystem_reach import owner_named
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields, identifier, whole_number
from govcloud.subsystems.approval import read_approval, written_approval
from govcloud.subsystems.changes import Binding, FunctionChange, ItemChange, SubsystemChange
from govcloud.subsystems.inputs import ClientCredentials, NewFunction, NewItem, NewSubsystem, checked_subsystem
from govcloud.subsystems.queries import FunctionView, ItemView, SubsystemView
from govcloud.subsystems.service_life.handing_over import HAND_OVER
from govcloud.web.gate import services

Values = Mapping[str, str]
REGISTERS = "govcloud:subsystem:register"
#: Stands for the owner while the rest of a form is looked at.
_NOBODY = UUID(int=0)


def number(name: str, values: Values) -> int:
    """Return the whole number of a field.

    Raises:
        Invalid: it is none.
    """
    text = values.get(name, "")
    found = whole_number(text)
    if found is None:
        raise Invalid.of(FieldError(name, Message("应为整数。"), text))
    return found


def _uuid(text: str) -> UUID:
    found = identifier(text)
    if found is None:
        raise NotFound.of(Message("可申请项"), text)
    return found


def register(values: Values, actor: Actor) -> UUID:
    """Register the subsystem of a form.

    Raises:
        Invalid: names every field that is wrong, so that the form is mended at once.
    """
    found, owner, level = list[FieldError](), _NOBODY, 0
    try:
        owner = owner_named("owner", values.get("owner", ""), REGISTERS).id
    except Invalid as error:
        found += error.fields
    try:
        level = number("integration_level", values)
    except Invalid as error:
        found += error.fields
    addresses = (values.get("launch_url"), values.get("webhook_url"))
    new = NewSubsystem(values.get("code", ""), values.get("name", ""), owner, level, *addresses, values.get("description", ""))
    fields = Fields()
    checked_subsystem(new, fields)
    if found or fields.findings:
        raise Invalid.of(*fields.findings, *found)
    return services().subsystems.register_subsystem(actor, new)


def change(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> Message:
    """Change the subsystem as a form says."""
    texts = (values.get("launch_url"), values.get("webhook_url"), values.get("description", ""))
    services().subsystems.change_subsystem(
        actor, view.id, SubsystemChange(values.get("name", ""), number("integration_level", values), *texts)
    )
    return Message("已变更“%(name)s”，立即生效。", name=values.get("name", ""))


_RECEIVER = "owner_department_id"


def hand_over(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> Message:
    """Give the subsystem to the department of a form."""
    owner = owner_named(_RECEIVER, values.get(_RECEIVER, ""), HAND_OVER)
    services().subsystems.hand_over_subsystem(actor, view.id, owner.id, values.get("reason", ""))
    return Message("已移交给%(name)s，立即生效。", name=owner.name)


def rehearse_hand_over(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> tuple[Message, ...]:
    """Say what would go to the department of a form with the subsystem."""
    owner = owner_named(_RECEIVER, values.get(_RECEIVER, ""), HAND_OVER)
    going = services().subsystems.hand_over_subsystem(actor, view.id, owner.id, values.get("reason", ""), dry_run=True)
    said = [
        Message("新的主管部门：%(name)s", name=owner.name),
        Message("功能 %(count)s 项照常使用", count=going.functions),
        Message("可申请项 %(count)s 项改由新的主管部门审批", count=going.items),
        Message("待审批的申请 %(count)s 项转由新的主管部门办理", count=going.usage.lines),
        Message("有效的临时权限 %(count)s 项继续有效，由新的主管部门负责", count=going.usage.grants),
        Message("客户端 %(count)s 个不变；原部门人员知悉密钥的，请在移交后更换", count=going.clients),
    ]
    if going.elsewhere:
        said.insert(3, Message("可申请项 %(count)s 项仍由其他部门审批", count=going.elsewhere))
    return tuple(said)


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
        label=number("label", values),
    )
    if not values.get("exposes", "").strip():
        return function, []
    case = bool(values.get("requires_case_number"))
    rest = (values.get("exposes", ""), values.get("tier", ""), number("max_days", values), case, values.get("scope_kind", ""))
    name = values.get("item_name", "") or values.get("name", "")
    return function, [NewItem(full, name, *rest, approval=_approval(values), grace_minutes=_grace(values))]


def add(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> Message:
    """Add the function of a form, and its item if it says what one sees."""
    function, items = _new_function(view, values)
    services().subsystems.add_offered(actor, [function], items)
    if items:
        return Message("已新增功能“%(name)s”及其可申请项。", name=function.name)
    return Message("已新增功能“%(name)s”，它随岗位持有，不能申请。", name=function.name)


def function_of(view: SubsystemView, code: str) -> FunctionView:
    """Return a function of the subsystem.

    Raises:
        NotFound: it has none by that code.
    """
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


def change_function(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    """Change a function as a form says."""
    function = function_of(view, subject)
    change = FunctionChange(
        values.get("name", ""),
        values.get("description", ""),
        sensitive=bool(values.get("sensitive")),
        integration_level=number("integration_level", values),
        basis_note=values.get("basis_note", ""),
        label=number("label", values),
    )
    services().subsystems.change_function(actor, function.code, change, values.get("reason", ""))
    return Message("已变更功能“%(name)s”，立即生效。", name=change.name)


def function_values(view: SubsystemView, subject: str) -> Values:
    """Return what the form of a function starts with."""
    function = function_of(view, subject)
    return {
        "name": function.name,
        "description": function.description,
        "sensitive": "1" if function.sensitive else "",
        "integration_level": str(function.integration_level),
        "basis_note": function.basis_note,
        "label": str(function.label),
    }


def offer(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    """Offer the item of a form."""
    function = function_of(view, subject)
    offered = NewItem(
        function.code,
        values.get("name", ""),
        *_slice(values),
        owner_department_id=_owner(values),
        approval=_approval(values),
        grace_minutes=_grace(values),
    )
    services().subsystems.offer_item(actor, offered)
    return Message("“%(name)s”已可申请。", name=values.get("name", ""))


def _slice(values: Values) -> tuple[str, str, int, bool, str]:
    case = bool(values.get("requires_case_number"))
    return values.get("exposes", ""), values.get("tier", ""), number("max_days", values), case, values.get("scope_kind", "")


def _approval(values: Values) -> dict[str, Any]:
    """Return what the tier of a form leaves open."""
    return read_approval(values.get("tier", ""), values.get("approval", ""))


def _grace(values: Values) -> int:
    """Return for how many minutes work may be finished after the end; nothing typed: none."""
    return number("grace_minutes", values) if values.get("grace_minutes", "").strip() else 0


def _owner(values: Values) -> UUID | None:
    """Return the department that decides instead of the subsystem's own, by its credit code."""
    text = values.get("owner", "").strip()
    if not text:
        return None
    found = services().identity_queries.department_by_uscc(text)
    if found is None:
        raise Invalid.of(FieldError("owner", Message("没有这个统一社会信用代码的部门。"), text))
    return found.id


def change_item(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    """Change an item as a form says."""
    item = _item(view, subject)
    owner, approval, grace = _owner(values), _approval(values), _grace(values)
    change = ItemChange(values.get("name", ""), *_slice(values), owner_department_id=owner, approval=approval, grace_minutes=grace)
    version = services().subsystems.change_item(actor, item.id, number("version", values), change, values.get("reason", ""))
    return Message("“%(name)s”现为第 %(version)s 版；按旧版提交、尚未审批的申请须重新提交。", name=change.name, version=version)


def item_values(view: SubsystemView, subject: str) -> Values:
    """Return what the form of an item starts with."""
    item = _item(view, subject)
    owner = (
        services().identity_queries.department(item.owner_department_id) if item.owner_department_id != view.owner_department_id else None
    )
    return {
        "name": item.name,
        "exposes": item.exposes,
        "tier": item.tier,
        "approval": written_approval(item.approval),
        "max_days": str(item.max_days),
        "requires_case_number": "1" if item.requires_case_number else "",
        "scope_kind": item.scope_kind,
        "owner": owner.uscc if owner else "",
        "grace_minutes": str(item.grace_minutes),
        "version": str(item.version),
    }


def bind(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    """Bind a function to the service items of a form."""
    function = function_of(view, subject)
    codes = dict.fromkeys(values.get("codes", "").replace("，", " ").replace(",", " ").split())
    new = services().subsystems.bind_functions(actor, [Binding(function.code, code) for code in codes])
    return Message("新增 %(count)s 个对应事项。", count=new)


def unbind(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    """Take a service item away from a function."""
    del view
    services().subsystems.unbind_function(actor, Binding(subject, values.get("code", "")))
    return Message("已解除对应。")


def withdraw_function(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    """Withdraw a function."""
    function = function_of(view, subject)
    services().subsystems.withdraw_function(actor, function.code, values.get("reason", ""))
    return Message("功能“%(name)s”已停用。", name=function.name)


def withdraw_item(view: SubsystemView, subject: str, values: Values, actor: Actor) -> Message:
    """Withdraw an item."""
    item = _item(view, subject)
    services().subsystems.withdraw_item(actor, item.id, values.get("reason", ""))
    return Message("“%(name)s”已下架，不能再申请。", name=item.name)


def hanging(view: SubsystemView, subject: str, _values: Values, _actor: Actor) -> tuple[Message, ...]:
    """Say what hangs on an item that is to be withdrawn."""
    item = _item(view, subject)
    usage, going = services().subsystems.usage_of([item.function]), services().ending.count_of_item(item.id)
    words = {"lines": usage.lines, "grants": going.grants, "people": going.people}
    return (
        Message(
            "待审批的申请 %(lines)s 项，下架后只能驳回；由此开通的有效临时权限 %(grants)s 项（%(people)s 人），下架即终止，不能恢复。",
            **words,
        ),
    )


def rotate_secret(view: SubsystemView, subject: str, _values: Values, actor: Actor) -> ClientCredentials:
    """Give a client another secret."""
    return services().subsystems.rotate_client_secret(actor, _client_of(view, subject))


def disable_client(view: SubsystemView, subject: str, _values: Values, actor: Actor) -> Message:
    """Disable a client."""
    services().subsystems.disable_client(actor, _client_of(view, subject))
    return Message("客户端 %(client_id)s 已停用，立即不能登录。", client_id=subject)


def _client_of(view: SubsystemView, client_id: str) -> str:
    if client_id not in {client.client_id for client in services().subsystem_queries.clients_of(view.id)}:
        raise NotFound.of(Message("客户端"), client_id)
    return client_id


def add_many(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> Message:
    """Add the functions and items of pasted rows."""
    functions, items = read_rows(view.code, values.get("rows", ""))
    services().subsystems.add_offered(actor, functions, items)
    return Message("已新增功能 %(functions)s 项、可申请项 %(items)s 项。", functions=len(functions), items=len(items))


def rehearse_many(view: SubsystemView, _subject: str, values: Values, actor: Actor) -> tuple[Message, ...]:
    """Check pasted rows and say what they would add."""
    functions, items = read_rows(view.code, values.get("rows", ""))
    services().subsystems.add_offered(actor, functions, items, dry_run=True)
    return (Message("检查通过：将新增功能 %(functions)s 项、可申请项 %(items)s 项。", functions=len(functions), items=len(items)),)
