"""The refusals of the catalogue: what is missing, what exists already, and in which state a thing is instead."""

from __future__ import annotations

from collections.abc import Sequence

from govcloud.kernel.errors import Conflict, NotFound
from govcloud.kernel.messages import Message
from govcloud.subsystems.claims import Claim
from govcloud.subsystems.findings import Finding
from govcloud.subsystems.lifecycle import Move, Status
from govcloud.subsystems.usage import Usage
from govcloud.subsystems.views import SubsystemView

# What each constraint means to people. Commands look before they write; these hold when two commands race.
CONSTRAINTS = {
    "pk_subsystem": Message("该子系统编号已被使用。"),
    "uq_subsystem_code": Message("该子系统代码已登记。"),
    "pk_subsystem_function": Message("该功能编号已被使用。"),
    "uq_subsystem_function_live": Message("该功能代码已登记。"),
    "uq_subsystem_function_version_live": Message("该功能刚刚有变化，请刷新后重试。"),
    "uq_function_basis_live": Message("该功能已绑定这个事项。"),
    "uq_catalogue_item_version_live": Message("该可申请项刚刚有变化，请刷新后重试。"),
    "uq_catalogue_item_version_item_id_version": Message("该可申请项刚刚有变化，请刷新后重试。"),
    "pk_catalogue_item": Message("该可申请项编号已被使用。"),
    "pk_client": Message("该客户端编号已被使用。"),
    "uq_client_client_id": Message("该客户端标识已登记。"),
    "uq_client_redirect_live": Message("该客户端刚刚有变化，请刷新后重试。"),
    "pk_matter": Message("该一件事编号已被使用。"),
    "uq_matter_code": Message("该一件事代码已登记。"),
    "uq_matter_version_live": Message("该一件事刚刚有变化，请刷新后重试。"),
    "pk_power_item": Message("该权力事项编号已被使用。"),
    "uq_power_item_live": Message("该部门的权力清单中已有这个基本编码。"),
    "pk_service_item": Message("该政务服务事项编号已被使用。"),
    "uq_service_item_live": Message("该实施编码已登记。"),
}

STATUS_NAMES = {
    Status.REGISTERED: Message("已登记"),
    Status.SUBMITTED: Message("待核查"),
    Status.CHECKED: Message("待发布"),
    Status.PUBLISHED: Message("已发布"),
    Status.RETIRED: Message("已下线"),
}
_ONLY = {
    "submit": Message("只有已登记、尚未提交的子系统可以提交核查。"),
    "return": Message("只有待核查或待发布的子系统可以退回。"),
    "check": Message("只有待核查的子系统可以核查。"),
    "publish": Message("只有核查通过、待发布的子系统可以发布。"),
    "retire": Message("只有已登记或已发布的子系统可以下线；审核中的请先退回。"),
}


def subsystem_missing(value: object) -> NotFound:
    """Return the error for a subsystem that is not in the catalogue."""
    return NotFound.of(Message("业务子系统"), value)


def function_missing(value: object) -> NotFound:
    """Return the error for a function that is not in the catalogue, or is the platform's own."""
    return NotFound.of(Message("功能"), value)


def item_missing(value: object) -> NotFound:
    """Return the error for an item that is not offered."""
    return NotFound.of(Message("可申请项"), value)


def client_missing(value: object) -> NotFound:
    """Return the error for a client that there is not."""
    return NotFound.of(Message("客户端"), value)


def wrong_status(name: str, status: Status, move: Move) -> Conflict:
    """Return the error for a subsystem that stands elsewhere than a step begins."""
    message = Message("子系统“%(name)s”当前为“%(status)s”状态。", name=name, status=STATUS_NAMES[status])
    return Conflict("wrong_status", message, remedy=_ONLY[move.name])


def not_open_to_change(name: str, status: Status) -> Conflict:
    """Return the error for changing a subsystem that is under review or retired."""
    message = Message("子系统“%(name)s”当前为“%(status)s”状态，不能变更。", name=name, status=STATUS_NAMES[status])
    remedy = Message("审核中的子系统请先退回，补正后重新提交。") if status is not Status.RETIRED else Message("请另行登记新的子系统。")
    return Conflict("not_open_to_change", message, remedy=remedy)


def owner_changed(name: str) -> Conflict:
    """Return the error for a command on a subsystem whose owner is another than when the command was asked for."""
    message = Message("子系统“%(name)s”的主管部门刚刚有变化。", name=name)
    return Conflict("owner_changed", message, remedy=Message("请刷新页面，核对后重试。"))


def not_ready(name: str, findings: Sequence[Finding]) -> Conflict:
    """Return the error for a step that blocking findings stand against; it names all of them."""
    message = Message("子系统“%(name)s”有 %(count)s 项检查未通过。", name=name, count=len(findings))
    return Conflict("not_ready", message, remedy=Message("请逐项处理后重试。"), refusals=tuple(item.refusal for item in findings))


def unsound(name: str, findings: Sequence[Finding]) -> Conflict:
    """Return the error for a change to a subsystem in service that would not have passed the checks."""
    message = Message("变更后子系统“%(name)s”有 %(count)s 项检查不能通过，没有写入任何数据。", name=name, count=len(findings))
    return Conflict("unsound", message, remedy=Message("请调整后重试。"), refusals=tuple(item.refusal for item in findings))


def in_use(name: str, items: int, usage: Usage) -> Conflict:
    """Return the error for withdrawing a function on which something hangs."""
    message = Message(
        "功能“%(name)s”仍在使用：可申请项 %(items)s 个，有效的临时权限 %(grants)s 项，待审批的申请 %(lines)s 项。",
        name=name,
        items=items,
        grants=usage.grants,
        lines=usage.lines,
    )
    return Conflict("in_use", message, remedy=Message("请先下架可申请项，待权限到期或撤销后再停用功能。"))


def item_in_matters(name: str, matters: Sequence[str]) -> Conflict:
    """Return the error for withdrawing an item that matters ask for."""
    message = Message("“%(name)s”列在一件事中：%(matters)s。", name=name, matters="、".join(matters))
    return Conflict("in_use", message, remedy=Message("请先调整一件事。"))


def matter_missing(value: object) -> NotFound:
    """Return the error for a matter that there is not, or no longer."""
    return NotFound.of(Message("一件事"), value)


def matter_changed(name: str) -> Conflict:
    """Return the error for a command on a matter that is another by now than was shown."""
    message = Message("一件事“%(name)s”在您查看之后有变化，没有保存。", name=name)
    return Conflict("matter_changed", message, remedy=Message("请刷新页面，核对后再变更。"))


def changed_meanwhile(name: str, shown: int, current: int) -> Conflict:
    """Return the error for a change of another version of an item than stands now."""
    values = {"name": name, "shown": shown, "current": current}
    message = Message("“%(name)s”在您查看之后有变化（您看到的是第%(shown)s版，现为第%(current)s版）。", **values)
    return Conflict("item_changed", message, remedy=Message("请刷新页面，核对后再变更。"))


def nothing_bound(function: str, code: str) -> Conflict:
    """Return the error for taking away a binding that there is not."""
    message = Message("功能 %(function)s 没有绑定事项 %(code)s。", function=function, code=code)
    return Conflict("not_bound", message, remedy=Message("请刷新页面查看最新的绑定。"))


def public_client(client_id: str) -> Conflict:
    """Return the error for giving a secret to a client that cannot keep one."""
    return Conflict(
        "public_client",
        Message("客户端“%(client_id)s”是公开客户端，没有密钥。", client_id=client_id),
        remedy=Message("需要密钥时，请另行登记一个机密客户端。"),
    )


def client_changed_meanwhile(client_id: str) -> Conflict:
    """Return the error for a change of a client that is another by now than was shown."""
    message = Message("客户端“%(client_id)s”在您查看之后有变化，没有保存。", client_id=client_id)
    return Conflict("client_changed", message, remedy=Message("请刷新页面，核对后再变更。"))


def other_protocol(client_id: str, protocol: str) -> Conflict:
    """Return the error for letting a client speak another protocol."""
    message = Message("客户端“%(client_id)s”使用 %(protocol)s 协议，登记后不能更换。", client_id=client_id, protocol=protocol)
    return Conflict("other_protocol", message, remedy=Message("请为另一种协议另行登记客户端，再停用旧的。"))


def client_elsewhere(client_id: str) -> Conflict:
    """Return the error for a file that names a client of another subsystem, or one that was disabled."""
    message = Message("客户端标识“%(client_id)s”属于其他子系统，或已停用。", client_id=client_id)
    return Conflict("client_elsewhere", message, remedy=Message("请换一个客户端标识。"))


def entrusted_client(client_id: str) -> Conflict:
    """Return the error for leaving a client that acts for the platform without anything to prove who it is."""
    message = Message("客户端“%(client_id)s”受托办理平台职责，不能改为公开客户端。", client_id=client_id)
    return Conflict("entrusted_client", message, remedy=Message("请先由安全管理员收回其平台职责。"))


def address_claimed(claim: Claim, owner: SubsystemView | None) -> Conflict:
    """Return the error for an address that another subsystem's client claims; ``owner`` is that subsystem, for who may know it."""
    message = Message("地址 %(address)s 与其他业务子系统登记的地址重叠，平台将无法判断来访者要进入哪个子系统。", address=claim.address)
    if owner is not None:
        values = {"address": claim.address, "theirs": claim.theirs, "name": owner.name, "code": owner.code}
        message = Message("地址 %(address)s 与业务子系统“%(name)s”（%(code)s）登记的 %(theirs)s 重叠。", **values)
    remedy = Message("请填写只属于本子系统的路径或域名。地址确属本子系统的，请联系平台运维，由对方先改正其登记。")
    return Conflict("address_claimed", message, remedy=remedy)
