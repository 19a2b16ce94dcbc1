"""What the queries of the catalogue give out: frozen pictures of subsystems, functions, items, clients and matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.subsystems.findings import Finding
from govcloud.subsystems.levels import Traits
from govcloud.subsystems.protocols import (
    AUTHORIZATION_CODE,
    DEVICE_CODE,
    PUBLIC,
    CasSettings,
    ForwardAuthSettings,
    OidcSettings,
    ProtocolSettings,
    protocol_of,
)
from govcloud.subsystems.sensitive import SENSITIVE_LABEL


@dataclass(frozen=True)
class SubsystemView:
    """A relying system; only the platform itself (code ``govcloud``) has no owning department."""

    id: UUID
    code: str
    name: str
    owner_department_id: UUID | None
    integration_level: int
    status: str
    launch_url: str | None
    webhook_url: str | None
    description: str
    created_at: datetime

    @property
    def published(self) -> bool:
        """Say whether officials may see and enter it."""
        return self.status == "published"


@dataclass(frozen=True)
class FunctionView:
    """A function of a subsystem, ``code`` being ``subsystem:resource:action``, ``label`` its security label."""

    id: UUID
    subsystem_id: UUID
    subsystem_code: str
    code: str
    name: str
    description: str
    sensitive: bool
    integration_level: int
    basis_note: str = ""
    label: int = 0

    @property
    def traits(self) -> Traits:
        """Return what decisions read of it."""
        return Traits(self.label, self.integration_level, self.sensitive or self.label >= SENSITIVE_LABEL)

    @property
    def is_door(self) -> bool:
        """Say whether it is the one that lets officials in."""
        return self.code == f"{self.subsystem_code}:door:enter"


@dataclass(frozen=True)
class ItemView:
    """A function, or a slice of it, that may be requested; ``exposes`` tells the approver what it opens, ``label`` is the function's."""

    id: UUID
    name: str
    function_id: UUID
    function: str
    function_name: str
    sensitive: bool
    integration_level: int
    subsystem_id: UUID
    subsystem_code: str
    subsystem_name: str
    exposes: str
    tier: str
    max_days: int
    requires_case_number: bool
    scope_kind: str
    version: int
    owner_department_id: UUID
    approval: Mapping[str, Any] = field(default_factory=dict)
    """What the tier leaves open (``approval.py``)."""
    label: int = 0
    grace_minutes: int = 0


@dataclass(frozen=True)
class StepView:
    """One step of a subsystem on its way into service; ``findings`` are those that stood then."""

    step: str
    at: datetime
    actor: str
    official_id: UUID | None
    appointment_id: UUID | None
    note: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class SubsystemPage:
    """One page of a list of subsystems; ``after`` asks for the next one and is ``None`` at the end."""

    rows: tuple[SubsystemView, ...]
    after: str | None


@dataclass(frozen=True)
class ClientView:
    """What a subsystem signs in with: its protocol and the settings of it, its addresses, and how it proves who it is."""

    id: UUID
    client_id: str
    name: str
    subsystem_id: UUID
    subsystem_code: str
    subsystem_name: str
    auth_method: str
    settings: ProtocolSettings
    redirect_uris: tuple[str, ...]
    post_logout_uris: tuple[str, ...]
    services: tuple[str, ...]
    origins: tuple[str, ...]
    disabled: bool
    roles: tuple[str, ...] = ()

    @property
    def protocol(self) -> str:
        """Return the protocol that it speaks."""
        return protocol_of(self.settings)

    @property
    def public(self) -> bool:
        """Say that it has nothing to prove who it is with (RFC 6749 section 2.1)."""
        return self.auth_method == PUBLIC

    @property
    def hears_of_logout(self) -> bool:
        """Say whether a stay that it began can be ended from here, without the person's browser.

        The front channel reaches only the browser that signs out itself; a proxy of forward-auth asks for each request and needs no call.
        """
        match self.settings:
            case OidcSettings() as oidc:
                return not {AUTHORIZATION_CODE, DEVICE_CODE} & set(oidc.grant_types) or bool(oidc.backchannel_logout_uri)
            case CasSettings() as cas:
                return cas.single_logout
            case _:
                return True

    @property
    def oidc(self) -> OidcSettings:
        """Return the settings of a client of OpenID Connect.

        Raises:
            TypeError: it speaks another protocol, which whoever asks has ruled out.
        """
        if not isinstance(self.settings, OidcSettings):
            raise TypeError(f"the client {self.client_id!r} does not speak OpenID Connect")
        return self.settings

    @property
    def cas(self) -> CasSettings:
        """Return the settings of a client of CAS.

        Raises:
            TypeError: it speaks another protocol, which whoever asks has ruled out.
        """
        if not isinstance(self.settings, CasSettings):
            raise TypeError(f"the client {self.client_id!r} does not speak CAS")
        return self.settings

    @property
    def forward_auth(self) -> ForwardAuthSettings:
        """Return the settings of an application behind a proxy that asks for each request.

        Raises:
            TypeError: it is none, which whoever asks has ruled out.
        """
        if not isinstance(self.settings, ForwardAuthSettings):
            raise TypeError(f"the client {self.client_id!r} is no application behind a proxy")
        return self.settings


@dataclass(frozen=True)
class MatterItemView:
    """One item of a matter, the stage at which it is wanted, and the duty that it serves (``None``: either)."""

    item: ItemView
    stage: int
    duty: str | None = None


@dataclass(frozen=True)
class MatterView:
    """A version of a matter (一件事) with its items, in the order of their stages; ``ended_at`` is the end of the matter itself."""

    id: UUID
    code: str
    name: str
    lead_department_id: UUID
    items: tuple[MatterItemView, ...]
    version: int
    ended_at: datetime | None


@dataclass(frozen=True)
class MatterPage:
    """One page of a list of matters; ``after`` asks for the next one and is ``None`` at the end."""

    rows: tuple[MatterView, ...]
    after: str | None
