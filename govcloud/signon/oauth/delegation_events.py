"""What happened when subsystems called one another on behalf of officials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class Delegated(Event):
    """A client got a token with which it calls the subsystem ``subsystem_code`` on behalf of an official."""

    name: ClassVar[str] = "signon:delegation:granted"

    client_id: str
    subsystem_code: str
    subject_jti: UUID
    jti: UUID
    scope: str
    appointment_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class DelegationFailed(Event):
    """A client wanted to call another subsystem on behalf of an official and was refused."""

    name: ClassVar[str] = "signon:delegation:refused"

    client_id: str
    audience: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CallEnded(Event):
    """A token by which a subsystem called another on behalf of an official ended with the official's grant there."""

    name: ClassVar[str] = "signon:call:ended"

    client_id: str
    subsystem_code: str
    jti: UUID
