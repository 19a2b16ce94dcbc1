"""客户端: the credentials of every subsystem in one table, for who administers the whole province."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from govcloud.entrypoints.console.base import ConsoleView, name_of, services
from govcloud.entrypoints.console.client_fields import METHOD_WORDS, PROTOCOL_WORDS
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
    column_list = ("name", "client_id", "subsystem_id", "protocol", "auth_method", "created_at")
    column_details_list = ("name", "client_id", "subsystem_id", "protocol", "auth_method", "created_at", "disabled_at")
    column_searchable_list = ("name", "client_id")
    column_sortable_list = ()
    column_default_sort = "client_id"
    labels = {
        "name": Message("名称"),
        "client_id": Message("客户端标识"),
        "subsystem_id": Message("业务子系统"),
        "protocol": Message("协议"),
        "auth_method": Message("认证方式"),
        "created_at": Message("登记时间"),
        "disabled_at": Message("停用时间"),
    }
    column_formatters = {
        "subsystem_id": name_of("subsystem_id"),
        "protocol": lambda _v, _c, row, _n: PROTOCOL_WORDS[row.protocol].name,
        "auth_method": lambda _v, _c, row, _n: say(METHOD_WORDS[row.auth_method]),
    }

    def names(self, rows: Sequence[Client]) -> Mapping[UUID, str]:
        """Return the names of the subsystems."""
        del rows
        return {item.id: item.name for item in services().subsystem_queries.all()}

    def heading(self, row: Client) -> str:
        """Return the name."""
        return row.name

    def sections(self, row: Client) -> list[Section]:
        """Return the registered addresses; the rest stands on the client's own page, below its subsystem."""
        found = (view for view in services().subsystem_queries.clients_of(row.subsystem_id) if view.client_id == row.client_id)
        addresses = [(uri,) for view in found for uri in (*view.redirect_uris, *view.post_logout_uris, *view.services, *view.origins)]
        return [Section(Message("登记的地址"), (Message("地址"),), addresses)]
