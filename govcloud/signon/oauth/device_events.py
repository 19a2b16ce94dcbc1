"""What happened with devices that have no browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class DeviceDecided(Event):
    """An official let a device in (``approved``), which then takes part in the session, or turned it away (``denied``)."""

    name: ClassVar[str] = "signon:device:decided"
    personal: ClassVar[frozenset[str]] = frozenset({"source_address"})

    session_id: UUID
    device_id: UUID
    client_id: str
    appointment_id: UUID | None
    decision: str
    source_address: str | None


@dataclass(frozen=True, kw_only=True)
class DeviceRedeemed(Event):
    """A device that was let in got its tokens."""

    name: ClassVar[str] = "signon:device:redeemed"

    device_id: UUID
    client_id: str
    jti: UUID


@dataclass(frozen=True, kw_only=True)
class DeviceTurnedAway(Event):
    """A device got no code to show; `reason` says why, as too many of one client that wait behind one address."""

    name: ClassVar[str] = "signon:device:refused"
    personal: ClassVar[frozenset[str]] = frozenset({"source_address"})

    client_id: str
    reason: str
    source_address: str | None
