"""What happens to the clients of subsystems, as events of the audit record; no event ever carries a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ClientRegistered(Event):
    """A subsystem may sign officials in through this client."""

    name: ClassVar[str] = "subsystems:client:registered"

    client_id: str
    subsystem_code: str
    protocol: str
    auth_method: str
    addresses: tuple[str, ...]
    settings: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ClientChanged(Event):
    """A client is another from now on; `old` and `new` hold what differs, by name; `secret` is `issued`, `withdrawn` or empty."""

    name: ClassVar[str] = "subsystems:client:changed"

    client_id: str
    subsystem_code: str
    changed: tuple[str, ...]
    old: dict[str, Any]
    new: dict[str, Any]
    secret: str = ""


@dataclass(frozen=True, kw_only=True)
class ClientTested(Event):
    """Somebody had the platform knock at the registered addresses of a client; `checks` are those that were run."""

    name: ClassVar[str] = "subsystems:client:tested"

    client_id: str
    subsystem_code: str
    checks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ClientSecretRotated(Event):
    """A client has another secret; the old one stopped working at the same moment."""

    name: ClassVar[str] = "subsystems:client:secret_rotated"

    client_id: str
    subsystem_code: str


@dataclass(frozen=True, kw_only=True)
class ClientEntrusted(Event):
    """A client may act for the platform itself in these roles from now on, in place of the old ones."""

    name: ClassVar[str] = "subsystems:client:entrusted"

    client_id: str
    old_roles: tuple[str, ...]
    roles: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class ClientDisabled(Event):
    """A client was closed for good."""

    name: ClassVar[str] = "subsystems:client:disabled"

    client_id: str
    subsystem_code: str
