"""Where a knock may go: never to the machine itself in production, nor to addresses that only a machine should speak to."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import httpcore

#: Where clouds hand credentials to their machines, beyond what counts as link-local.
_METADATA = frozenset({ipaddress.ip_address("100.100.100.200"), ipaddress.ip_address("fd00:ec2::254")})


class NotThereError(Exception):
    """A name leads nowhere, or to a place where nothing of a subsystem can be."""


def forbidden(address: str, *, loopback_allowed: bool) -> bool:
    """Say whether nobody has a subsystem at an address; private networks are where a government's subsystems are, so they are not."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return not loopback_allowed
    return ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved or ip in _METADATA


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were looked at: what a name leads to is decided once, so that it cannot lead elsewhere afterwards."""

    def __init__(self, *, loopback_allowed: bool) -> None:
        """Take whether a subsystem may be on this machine."""
        self._loopback_allowed = loopback_allowed
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of ``host``, unless any of them is out of bounds.

        Raises:
            NotThereError: the name is not known, or leads to an address where no subsystem is.
        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NotThereError("unknown") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or any(forbidden(address, loopback_allowed=self._loopback_allowed) for address in addresses):
            raise NotThereError("forbidden")
        return await self._network.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to no socket of this machine.

        Raises:
            NotThereError: always.
        """
        del timeout, socket_options
        raise NotThereError(path)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)
