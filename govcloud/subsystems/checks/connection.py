"""Checks on how a subsystem is connected: its owner, its addresses, its clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

from govcloud.kernel.messages import Message
from govcloud.subsystems.addresses import LOOPBACK
from govcloud.subsystems.checks.facts import SubsystemFacts
from govcloud.subsystems.clients.client_records import own_addresses
from govcloud.subsystems.findings import Finding
from govcloud.subsystems.levels import asks_each_time


@dataclass(frozen=True)
class OwnerIsLive:
    """Somebody answers for the subsystem."""

    key: ClassVar[str] = "owner"
    title: ClassVar[Message] = Message("主管部门存在")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Ask for the owning department."""
        if not facts.owner_live:
            yield Finding(self.key, self.blocking, Message("主管部门已撤销或并入其他机构。"), Message("请先由承接的部门接管该子系统。"))


@dataclass(frozen=True)
class AddressesAreSafe:
    """Every address is https; RFC 8252 section 7.3 leaves plain http to the same machine, where one develops."""

    key: ClassVar[str] = "addresses"
    title: ClassVar[Message] = Message("地址均为 https")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look at the subsystem's own addresses and those of its clients."""
        own = (facts.subsystem.launch_url, facts.subsystem.webhook_url)
        registered = (
            uri
            for client in facts.clients
            for uri in (*client.redirect_uris, *client.post_logout_uris, *client.services, *client.origins, *own_addresses(client.settings))
        )
        for address in dict.fromkeys(item for item in (*own, *registered) if item):
            parts = urlsplit(address)
            if parts.scheme == "https" or (facts.loopback_allowed and parts.hostname in LOOPBACK):
                continue
            message = Message("地址 %(address)s 不是 https。", address=address)
            yield Finding(self.key, self.blocking, message, Message("请改为以 https:// 开头的地址。"), address)


@dataclass(frozen=True)
class LaunchIsAnswered:
    """Whoever opens the subsystem from the workbench can sign in there."""

    key: ClassVar[str] = "launch_client"
    title: ClassVar[Message] = Message("访问地址有同源的登录客户端")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look for an enabled client that comes back to where the subsystem is opened."""
        launch = facts.subsystem.launch_url
        if not launch:
            return
        registered = (uri for client in facts.clients for uri in (*client.redirect_uris, *client.services, *client.origins))
        origins = {_origin(urlsplit(uri)) for uri in registered}
        if _origin(urlsplit(launch)) not in origins:
            message = Message("没有启用的客户端回到访问地址 %(address)s。", address=launch)
            yield Finding(
                self.key,
                self.blocking,
                message,
                Message("请登记客户端，其登录回调地址、CAS 服务地址或应用地址与访问地址的协议、主机、端口相同。"),
                launch,
            )


@dataclass(frozen=True)
class ChecksAreAsked:
    """A subsystem that asks the platform about every operation can prove who it is."""

    key: ClassVar[str] = "confidential_client"
    title: ClassVar[Message] = Message("接入级别 L2、L3 有机密客户端")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look for an enabled client with a secret."""
        level = facts.subsystem.integration_level
        if asks_each_time(level) and all(client.public for client in facts.clients):
            message = Message("接入级别为 L%(level)s，但没有启用的机密客户端，无法向平台核对权限。", level=level)
            yield Finding(self.key, self.blocking, message, Message("请登记一个机密客户端。"))


@dataclass(frozen=True)
class LogoutReaches:
    """Below L2 a subsystem hears of the end of a grant by being signed out of; forward-auth asks for every request and needs no call."""

    key: ClassVar[str] = "logout"
    title: ClassVar[Message] = Message("收回权限时能结束子系统中的登录")
    blocking: ClassVar[bool] = False

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look for clients that people sign in through and that nobody can sign out."""
        if asks_each_time(facts.subsystem.integration_level):
            return
        for client in facts.clients:
            if not client.hears_of_logout:
                message = Message(
                    "客户端 %(client_id)s 没有接收退出通知的地址，权限收回后已登录的人仍留在子系统中。", client_id=client.client_id
                )
                remedy = Message("请填写后端退出地址，或启用 CAS 单点退出。")
                yield Finding(self.key, self.blocking, message, remedy, client.client_id)


@dataclass(frozen=True)
class GrantsCanBeEnded:
    """Nothing is lent out below L2 whose end nobody in the subsystem would hear of: it would not be temporary."""

    key: ClassVar[str] = "grants_end"
    title: ClassVar[Message] = Message("L0、L1 功能的临时权限收回后能够生效")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look for items of functions below L2, and clients that cannot be told."""
        deaf = [client.client_id for client in facts.clients if not client.hears_of_logout]
        for item in facts.items if deaf else ():
            if not asks_each_time(item.integration_level):
                values = {"item": item.name, "level": item.integration_level, "clients": "、".join(deaf)}
                message = Message(
                    "“%(item)s”的接入级别为 L%(level)s，而客户端 %(clients)s 收不到退出通知，临时权限收回后仍可能继续使用。", **values
                )
                remedy = Message("请为客户端填写后端退出地址、启用 CAS 单点退出或改用前置认证，或把功能提高到 L2。")
                yield Finding(self.key, self.blocking, message, remedy, item.function)


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """Return the origin of an address (RFC 6454 section 4)."""
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
