"""The refusals of the catalogue: what is missing, what exists already, and in which state a thing is instead."""

from __future__ import annotations

from govcloud.kernel.errors import Conflict, NotFound
from govcloud.kernel.messages import Message

# What each constraint means to people. Commands look before they write; these hold when two commands race.
CONSTRAINTS = {
    "pk_subsystem": Message("该子系统编号已被使用。"),
    "uq_subsystem_code": Message("该子系统代码已登记。"),
    "pk_subsystem_function": Message("该功能编号已被使用。"),
    "uq_subsystem_function_live": Message("该功能代码已登记。"),
    "pk_catalogue_item": Message("该可申请项编号已被使用。"),
    "pk_client": Message("该客户端编号已被使用。"),
    "uq_client_client_id": Message("该客户端标识已登记。"),
    "pk_matter": Message("该一件事编号已被使用。"),
    "uq_matter_code": Message("该一件事代码已登记。"),
    "pk_power_item": Message("该权力事项编号已被使用。"),
    "uq_power_item_live": Message("该部门的权力清单中已有这个基本编码。"),
    "pk_service_item": Message("该政务服务事项编号已被使用。"),
    "uq_service_item_live": Message("该实施编码已登记。"),
}

_STATUS = {"registered": Message("已登记"), "published": Message("已发布"), "retired": Message("已下线")}


def subsystem_missing(value: object) -> NotFound:
    """Return the error for a subsystem that is not in the catalogue."""
    return NotFound.of(Message("业务子系统"), value)


def client_missing(value: object) -> NotFound:
    """Return the error for a client that there is not."""
    return NotFound.of(Message("客户端"), value)


def wrong_status(name: str, status: str) -> Conflict:
    """Return the error for a subsystem that is in another state than the command needs."""
    return Conflict(
        "wrong_status",
        Message("子系统“%(name)s”当前为“%(status)s”状态。", name=name, status=_STATUS[status]),
        remedy=Message("只有已登记、尚未发布的子系统可以发布。"),
    )


def public_client(client_id: str) -> Conflict:
    """Return the error for giving a secret to a client that cannot keep one."""
    return Conflict(
        "public_client",
        Message("客户端“%(client_id)s”是公开客户端，没有密钥。", client_id=client_id),
        remedy=Message("需要密钥时，请另行登记一个机密客户端。"),
    )
