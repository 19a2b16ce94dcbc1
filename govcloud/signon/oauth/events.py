"""What happened with the tokens of OAuth 2 beyond tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ClientTokenIssued(Event):
    """A client got a token with which it acts for itself."""

    name: ClassVar[str] = "signon:client_token:issued"

    client_id: str
    jti: UUID
    scope: str


@dataclass(frozen=True, kw_only=True)
class RefreshFailed(Event):
    """A client brought a refresh token that could not be exchanged."""

    name: ClassVar[str] = "signon:refresh:refused"

    client_id: str
    family_id: UUID | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class PushedRequestRefused(Event):
    """A browser brought the reference of a pushed request that has `expired`, was `used` or was `answered` already."""

    name: ClassVar[str] = "signon:pushed_request:refused"

    client_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Event):
    """A client gave an access token back before it ran out."""

    name: ClassVar[str] = "signon:token:revoked"

    client_id: str
    jti: UUID
