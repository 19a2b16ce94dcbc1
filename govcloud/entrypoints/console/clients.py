"""客户端: the credentials of every subsystem in one table, for who administers the whole province."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from govcloud.entrypoints.console.base import ConsoleView, name_of, services
from govcloud.entrypoints.console.sections import Section
from govcloud.kernel.messages import Message
from govcloud.subsystems.models import Client
from govcloud.web.locale import say


class ClientsView(ConsoleView):
    """The clients with which subsystems authenticate; secrets are never shown, only replaced."""

    opens = "govcloud:console:clients"
    title = Message("客户端")
    icon = "key-round"
    group = Message("子系统")
    lead = Message("密钥只在登记或更换时显示一次，平台只保存其摘要；在子系统的页面上登记和更换。")
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
        "kind": lambda _v, _c, row, _n: say(Message("公开客户端") if row.auth_method == "none" else Message("机密客户端")),
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
