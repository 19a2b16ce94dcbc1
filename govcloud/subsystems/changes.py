"""What changes to the catalogue take in, whole: what a change leaves out is not kept, so that nobody changes what they did not see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from govcloud.subsystems.protocols import SECRET, OidcSettings, ProtocolSettings


@dataclass(frozen=True)
class SubsystemChange:
    """How a subsystem is to be from now on."""

    name: str
    integration_level: int = 0
    launch_url: str | None = None
    webhook_url: str | None = None
    description: str = ""


@dataclass(frozen=True)
class FunctionChange:
    """How a function is to be from now on; ``basis_note`` says why it rests on no service item, ``label`` is its security label."""

    name: str
    description: str = ""
    sensitive: bool = False
    integration_level: int = 0
    basis_note: str = ""
    label: int = 0


@dataclass(frozen=True)
class ItemChange:
    """How an item is to be from now on; the owner is the subsystem's unless another department is named. ``approval``: ``approval.py``."""

    name: str
    exposes: str
    tier: str = "one"
    max_days: int = 30
    requires_case_number: bool = False
    scope_kind: str = "division"
    owner_department_id: UUID | None = None
    approval: dict[str, Any] = field(default_factory=dict)
    grace_minutes: int = 0


@dataclass(frozen=True)
class ClientChange:
    """How a client is to be from now on; its protocol and its ``client_id`` stay.

    ``seen`` is the ``fingerprint`` of the client as it was shown (``client_records.py``); ``None`` changes it whatever it is by now.
    """

    name: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_uris: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    auth_method: str = SECRET
    settings: ProtocolSettings = field(default_factory=OidcSettings)
    seen: str | None = None


@dataclass(frozen=True)
class Binding:
    """A function and the implementation code (31 characters) of a service item that it serves."""

    function: str
    service_item: str


DUTIES = ("handle", "review")
"""The parts that an item of a matter may serve: handling a case (经办) and reviewing it (复核)."""


@dataclass(frozen=True)
class MatterEntry:
    """An item of a matter: the stage (from 1) at which it is wanted, and the duty that it serves (``None``: either)."""

    item_id: UUID
    stage: int = 1
    duty: str | None = None


@dataclass(frozen=True)
class MatterChange:
    """How a matter is to be from now on."""

    name: str
    lead_department_id: UUID
    items: tuple[MatterEntry, ...]
