"""客户端: the credentials of every subsystem in one table, for who administers the whole province."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import url_for

from govcloud.entrypoints.console.catalogue.client_fields import METHOD_WORDS, PROTOCOL_WORDS
from govcloud.entrypoints.console.parts.base import ConsoleView, RowCommand
from govcloud.entrypoints.console.parts.columns import name_of
from govcloud.entrypoints.console.parts.pages import opened
from govcloud.entrypoints.console.parts.sections import Section
from govcloud.entrypoints.console.parts.subsystem_reach import OPENS as SUBSYSTEMS
from govcloud.kernel.messages import Message
from govcloud.subsystems.inputs import ADDRESS_SOURCE, PROVISIONING
from govcloud.subsystems.models import Client
from govcloud.subsystems.protocols import PUBLIC
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import say

_ENTRUSTS = "govcloud:client:entrust"
_ROLE_WORDS = {PROVISIONING: Message("维护组织与人员"), ADDRESS_SOURCE: Message("报送来访地址")}


def _entrust(row: Client, role: str, reason: str) -> Message:
    """Add a role to those that a client is entrusted with."""
    services().subsystems.entrust_client(current_actor(), row.client_id, sorted({*row.roles, role}), reason)
    return Message("客户端 %(client_id)s 可以%(role)s，立即生效。", client_id=row.client_id, role=_ROLE_WORDS[role])


def _take_away(row: Client, role: str, reason: str) -> Message:
    """Take a role from those that a client is entrusted with."""
    services().subsystems.entrust_client(current_actor(), row.client_id, sorted({*row.roles} - {role}), reason)
    return Message("客户端 %(client_id)s 不再%(role)s，立即生效。", client_id=row.client_id, role=_ROLE_WORDS[role])


def _may_get(row: Client, role: str) -> bool:
    """Return whether the client could be entrusted with a role that it does not have."""
    return row.disabled_at is None and row.auth_method != PUBLIC and role not in row.roles


class ClientsView(ConsoleView):
    """The clients with which subsystems authenticate; secrets are never shown, only replaced."""

    opens = "govcloud:console:clients"
    title = Message("客户端")
    icon = "key-round"
    group = Message("子系统接入")
    lead = Message("密钥只在登记或更换时显示一次，平台只保存其摘要；在子系统的页面上登记和更换。")
    column_list = ("name", "client_id", "subsystem_id", "protocol", "created_at")
    column_details_list = ("name", "client_id", "subsystem_id", "protocol", "auth_method", "roles", "created_at", "disabled_at")
    column_searchable_list = ("name", "client_id")
    column_sortable_list = ()
    column_default_sort = "client_id"
    labels = {
        "name": Message("名称"),
        "client_id": Message("客户端标识"),
        "subsystem_id": Message("子系统"),
        "roles": Message("平台职责"),
        "protocol": Message("协议"),
        "auth_method": Message("认证方式"),
        "created_at": Message("登记时间"),
        "disabled_at": Message("停用时间"),
    }
    column_formatters = {
        "subsystem_id": name_of("subsystem_id"),
        "roles": lambda _v, _c, row, _n: say(Message("、")).join(say(_ROLE_WORDS[role]) for role in row.roles) or "—",
        "protocol": lambda _v, _c, row, _n: PROTOCOL_WORDS[row.protocol].name,
        "auth_method": lambda _v, _c, row, _n: say(METHOD_WORDS[row.auth_method]),
    }

    commands = (
        RowCommand(
            "entrust",
            Message("委以平台职责"),
            "shield-check",
            _ENTRUSTS,
            Message("此客户端（如人事系统、目录同步）将可以登记和变更组织与人员，办理入职、调动、离职，不能授权。"),
            lambda row, reason: _entrust(row, PROVISIONING, reason),
            applies=lambda row: _may_get(row, PROVISIONING),
        ),
        RowCommand(
            "take-away",
            Message("收回平台职责"),
            "ban",
            _ENTRUSTS,
            Message("此客户端立即不能再维护组织与人员；本系统自身的登录和权限判定不受影响。"),
            lambda row, reason: _take_away(row, PROVISIONING, reason),
            applies=lambda row: PROVISIONING in row.roles,
        ),
        RowCommand(
            "entrust-addresses",
            Message("准其报送来访地址"),
            "shield-check",
            _ENTRUSTS,
            Message("此客户端在核对权限时报送的来访地址将被采信，用来判断网络区域。只用于能如实取得来访地址的系统。"),
            lambda row, reason: _entrust(row, ADDRESS_SOURCE, reason),
            applies=lambda row: _may_get(row, ADDRESS_SOURCE),
        ),
        RowCommand(
            "refuse-addresses",
            Message("不再采信来访地址"),
            "ban",
            _ENTRUSTS,
            Message("此客户端报送的来访地址立即不再采信；规则要求网络区域的功能，经由它就打不开了。"),
            lambda row, reason: _take_away(row, ADDRESS_SOURCE, reason),
            applies=lambda row: ADDRESS_SOURCE in row.roles,
        ),
    )

    def names(self, rows: Sequence[Client]) -> Mapping[UUID, str]:
        """Return the names of the subsystems."""
        del rows
        return {item.id: item.name for item in services().subsystem_queries.all()}

    def links_for(self, row: Client) -> list[tuple[str, str]]:
        """Lead whoever sees subsystems to the client's own page: its settings, what to copy, and the test of its connection."""
        if not opened(SUBSYSTEMS):
            return []
        page = url_for("console_subsystems.client_view", subsystem_id=row.subsystem_id, client_id=row.client_id)
        return [(page, say(Message("设置与测试")))]

    def heading(self, row: Client) -> str:
        """Return the name."""
        return row.name

    def sections(self, row: Client) -> list[Section]:
        """Return the registered addresses; the rest stands on the client's own page, below its subsystem."""
        found = (view for view in services().subsystem_queries.clients_of(row.subsystem_id) if view.client_id == row.client_id)
        addresses = [(uri,) for view in found for uri in (*view.redirect_uris, *view.post_logout_uris, *view.services, *view.origins)]
        return [Section(Message("登记的地址"), (Message("地址"),), addresses)]
