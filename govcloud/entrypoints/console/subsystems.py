"""子系统: the relying systems, their functions and what of them may be requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from govcloud.entrypoints.console.base import ConsoleView, RowCommand, current_actor, name_of, services
from govcloud.entrypoints.console.sections import Section
from govcloud.kernel.messages import Message
from govcloud.subsystems.models import Client, Subsystem
from govcloud.web.locale import say
from govcloud.web.words import level_words

STATUS = {"registered": Message("已登记"), "published": Message("已发布"), "retired": Message("已下线")}


def _publish(row: Subsystem, _reason: str) -> Message:
    services().subsystems.publish_subsystem(current_actor(), row.id)
    return Message("已发布%(name)s，其功能可以申请和使用。", name=row.name)


class SubsystemsView(ConsoleView):
    """The subsystems of the catalogue."""

    opens = "govcloud:console:subsystems"
    title = Message("业务子系统")
    lead = Message("接入平台的业务子系统：主管部门、接入级别、功能和可申请项。")
    icon = "server"
    group = Message("子系统")
    column_list = ("name", "code", "owner_department_id", "integration_level", "status")
    column_details_list = ("name", "code", "owner_department_id", "integration_level", "status", "launch_url", "description", "created_at")
    column_searchable_list = ("name", "code")
    column_sortable_list = ()
    column_default_sort = "code"
    labels = {
        "name": Message("名称"),
        "code": Message("代码"),
        "owner_department_id": Message("主管部门"),
        "integration_level": Message("接入级别"),
        "status": Message("状态"),
        "launch_url": Message("访问地址"),
        "description": Message("说明"),
        "created_at": Message("登记时间"),
    }
    column_formatters = {
        "owner_department_id": name_of("owner_department_id"),
        "integration_level": lambda _v, _c, row, _n: f"L{row.integration_level} {say(level_words(row.integration_level).text)}",
        "status": lambda _v, _c, row, _n: say(STATUS[row.status]) if row.status in STATUS else row.status,
    }
    commands = (
        RowCommand(
            "publish",
            Message("发布"),
            "check",
            "govcloud:subsystem:publish",
            Message("发布后，持有权限的人员即可从工作台打开。"),
            _publish,
            applies=lambda row: row.status == "registered",
        ),
    )

    def names(self, rows: Sequence[Subsystem]) -> Mapping[UUID, str]:
        """Return the names of the owners."""
        owners = {row.owner_department_id for row in rows if row.owner_department_id}
        return {key: view.name for key, view in services().identity_queries.departments(owners).items()}

    def heading(self, row: Subsystem) -> str:
        """Return the name."""
        return row.name

    def sections(self, row: Subsystem) -> list[Section]:
        """Return the functions with their levels."""
        functions = services().subsystem_queries.functions_of(row.code)
        heads = (Message("功能"), Message("代码"), Message("接入级别"))
        return [Section(Message("功能"), heads, [(item.name, item.code, f"L{item.integration_level}") for item in functions])]


class ClientsView(ConsoleView):
    """The clients with which subsystems authenticate; secrets are never shown, only replaced."""

    opens = "govcloud:console:clients"
    title = Message("客户端")
    icon = "key-round"
    group = Message("子系统")
    lead = Message("密钥只在登记或更换时显示一次，平台只保存其摘要。用 govcloud client rotate-secret 更换。")
    column_list = ("name", "client_id", "subsystem_id", "kind", "created_at")
    column_details_list = ("name", "client_id", "subsystem_id", "kind", "created_at", "disabled_at")
    column_searchable_list = ("name", "client_id")
    column_sortable_list = ()
    column_default_sort = "client_id"
    labels = {
        "name": Message("名称"),
        "client_id": Message("客户端标识"),
        "subsystem_id": Message("业务子系统"),
        "kind": Message("类型"),
        "created_at": Message("登记时间"),
        "disabled_at": Message("停用时间"),
    }
    column_formatters = {
        "subsystem_id": name_of("subsystem_id"),
        "kind": lambda _v, _c, row, _n: say(Message("公开客户端") if row.public else Message("机密客户端")),
    }

    def names(self, rows: Sequence[Client]) -> Mapping[UUID, str]:
        """Return the names of the subsystems."""
        del rows
        return {item.id: item.name for item in services().subsystem_queries.all()}

    def heading(self, row: Client) -> str:
        """Return the name."""
        return row.name

    def sections(self, row: Client) -> list[Section]:
        """Return the registered addresses."""
        client = services().subsystem_queries.client_by_client_id(row.client_id)
        addresses: list[tuple[Any, ...]] = [(uri,) for uri in client.redirect_uris] if client else []
        return [Section(Message("登记的回调地址"), (Message("地址"),), addresses)]
