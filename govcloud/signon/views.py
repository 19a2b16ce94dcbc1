"""What sign-on gives out: frozen pictures of a sign-in, of sessions, of tokens and of what a token stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.identity.queries import AppointmentView
from govcloud.subsystems.views import ClientView

#: Authentication method of RFC 8176 for a password.
PASSWORD_METHOD = "pwd"  # noqa: S105 - the registered name of the method, not a password
#: Authentication context classes, the weakest first: one factor, and a second one besides.
ACR_PASSWORD = "urn:govcloud:acr:password"  # noqa: S105 - the same
ACR_MFA = "urn:govcloud:acr:mfa"
ACRS = (ACR_PASSWORD, ACR_MFA)


@dataclass(frozen=True)
class CurrentSession:
    """A live session: who acts in this browser, and under which appointment.

    ``appointment_id`` is ``None`` until one is chosen, and again when the chosen one has ended.
    """

    session_id: UUID
    account_id: UUID
    official_id: UUID
    name: str
    employee_code: str
    appointment_id: UUID | None
    started_at: datetime
    auth_time: datetime
    amr: tuple[str, ...]
    last_seen_at: datetime
    expires_at: datetime
    source_address: str | None
    user_agent: str | None
    second_factor_at: datetime | None = None

    @property
    def acr(self) -> str:
        """Return how strongly the official proved who they are (OIDC Core 2, ``acr``)."""
        return ACR_PASSWORD if self.second_factor_at is None else ACR_MFA


@dataclass(frozen=True)
class SignedIn:
    """A sign-in that succeeded; ``token`` goes into the browser's cookie and is stored nowhere.

    With one live appointment it is chosen at once; with several ``appointment_id`` is ``None`` and the official chooses,
    ``last_appointment_id`` (the one of the session before, if it is still live) being the one to preselect.
    """

    token: str
    session_id: UUID
    official_id: UUID
    name: str
    appointments: tuple[AppointmentView, ...]
    appointment_id: UUID | None
    last_appointment_id: UUID | None


@dataclass(frozen=True)
class TicketRequest:
    """What a ticket is bound to, besides session and client (RFC 6749 section 4.1.3, RFC 7636 section 4.4, RFC 9449 section 10).

    Without ``code_challenge`` no verifier may be shown with it.
    """

    redirect_uri: str
    code_challenge: str | None
    scope: str
    nonce: str | None = None
    dpop_jkt: str | None = None


@dataclass(frozen=True)
class TokenSet:
    """What a client gets; ``expires_in`` is the access token's life in seconds.

    There is no ID token without an official, or without the scope ``openid``. ``token_type`` is ``Bearer``, or ``DPoP`` when the access
    token is bound to a key that has to be shown with it (RFC 9449 section 5).
    """

    access_token: str
    id_token: str | None
    refresh_token: str | None
    expires_in: int
    scope: str
    token_type: str


@dataclass(frozen=True)
class LiveToken:
    """What a valid access token stands for, at this moment; ``confirmation`` is the key that has to be shown with it (RFC 7800)."""

    jti: UUID
    sid: UUID
    client: ClientView
    scope: frozenset[str]
    session: CurrentSession
    confirmation: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ClientToken:
    """What a valid access token stands for with which a client acts for itself; ``confirmation`` is the key that it is bound to."""

    jti: UUID
    client: ClientView
    scope: frozenset[str]
    confirmation: Mapping[str, Any] | None


@dataclass(frozen=True)
class Hint:
    """What an ID token that is handed back at sign-out names; it may have expired."""

    official_id: UUID
    client_id: str
    sid: UUID
