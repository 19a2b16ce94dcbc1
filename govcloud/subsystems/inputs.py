"""What the commands of the catalogue take in: frozen dataclasses, and the checks that need no database.

Each ``checked_*`` returns the input in its stored form and notes every wrong field in ``Fields``. Ids are chosen by the caller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.addresses import address_fault
from govcloud.subsystems.approval import TIERS, checked_approval
from govcloud.subsystems.changes import DUTIES, FunctionChange, ItemChange, MatterChange, MatterEntry, SubsystemChange
from govcloud.subsystems.models import FUNCTION_CODE
from govcloud.subsystems.protocols import SECRET, OidcSettings, ProtocolSettings

PLATFORM = "govcloud"
SCOPE_KINDS = ("none", "division")
MOST_DAYS = 366

_SUBSYSTEM_CODE = re.compile(r"[a-z][a-z0-9_]{1,31}")
_FUNCTION_CODE = re.compile(FUNCTION_CODE)
_MATTER_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,31}", re.IGNORECASE)
MOST_NAME = 100
_MOST_CODE = 120
_MOST_TEXT = 1000
MOST_REASON = 500
MOST_MATTER_ITEMS = 100
MOST_STAGE = 99


@dataclass(frozen=True)
class NewSubsystem:
    """A relying system to register; it is not seen by officials before it is published.

    Officials enter through the function ``<code>:door:enter``, which is added like any other.
    """

    code: str
    name: str
    owner_department_id: UUID
    integration_level: int = 0
    launch_url: str | None = None
    webhook_url: str | None = None
    description: str = ""
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class NewFunction:
    """A function to add to the subsystem that its code begins with; ``label`` is its security label."""

    code: str
    name: str
    description: str = ""
    sensitive: bool = False
    integration_level: int = 0
    basis_note: str = ""
    label: int = 0
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class NewItem:
    """A function, or a slice of it, to offer for request; the owner is the subsystem's unless another department is named."""

    function: str
    name: str
    exposes: str
    tier: str = "one"
    max_days: int = 30
    requires_case_number: bool = False
    scope_kind: str = "division"
    owner_department_id: UUID | None = None
    approval: dict[str, Any] = field(default_factory=dict)
    grace_minutes: int = 0
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class NewClient:
    """A client to register for a subsystem; its protocol is that of ``settings``.

    Only ``auth_method`` ``client_secret`` gets a secret. ``services`` are beginnings of CAS services, ``origins`` those of
    applications behind a proxy.
    """

    subsystem_code: str
    client_id: str
    name: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_uris: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    auth_method: str = SECRET
    settings: ProtocolSettings = field(default_factory=OidcSettings)
    id: UUID = field(default_factory=new_id)


# A change is checked like what is new, as far as it goes.
DescribedT = TypeVar("DescribedT", NewSubsystem, SubsystemChange)
FunctionT = TypeVar("FunctionT", NewFunction, FunctionChange)
ItemT = TypeVar("ItemT", NewItem, ItemChange)
MatterT = TypeVar("MatterT", "NewMatter", MatterChange)

#: What a client may be entrusted with beyond its own subsystem; each is a role of the policy.
PROVISIONING, ADDRESS_SOURCE = "provisioning", "address_source"
CLIENT_ROLES = (PROVISIONING, ADDRESS_SOURCE)
#: Security labels go from 0 (none) to this.
MOST_LABEL = 4
#: So long after its end a grant may let work in progress be finished.
MOST_GRACE_MINUTES = 30


@dataclass(frozen=True)
class ClientCredentials:
    """What a client signs in with; the secret is shown this once (``None`` for a public client)."""

    client_id: str
    secret: str | None = field(repr=False)


@dataclass(frozen=True)
class NewMatter:
    """A matter to register."""

    code: str
    name: str
    lead_department_id: UUID
    items: tuple[MatterEntry, ...]
    id: UUID = field(default_factory=new_id)


def checked_subsystem(row: NewSubsystem, fields: Fields) -> NewSubsystem:
    """Check the form of a subsystem; the platform's own code is taken."""
    grammar = Message("子系统代码应为 2 至 32 位小写字母、数字或下划线，以字母开头。")
    code = fields.matching("code", row.code, _SUBSYSTEM_CODE, grammar)
    if code == PLATFORM:
        fields.fail("code", Message("该代码由平台自身使用，请换一个。"), code)
    return replace(checked_subsystem_change(row, fields), code=code)


def checked_subsystem_change(row: DescribedT, fields: Fields) -> DescribedT:
    """Check what may change of a subsystem."""
    return replace(
        row,
        name=fields.text("name", row.name, most=MOST_NAME),
        integration_level=fields.number("integration_level", row.integration_level, least=0, most=3),
        launch_url=_checked_address(row.launch_url, "launch_url", fields),
        webhook_url=_checked_address(row.webhook_url, "webhook_url", fields),
        description=fields.text("description", row.description, least=0, most=_MOST_TEXT, multiline=True),
    )


def checked_function(row: NewFunction, fields: Fields) -> NewFunction:
    """Check the form of a function: ``subsystem:resource:action``."""
    grammar = Message("功能代码应为“子系统:资源:动作”，每段为小写字母、数字或下划线，以字母开头。")
    code = fields.matching("code", row.code, _FUNCTION_CODE, grammar)
    if len(code) > _MOST_CODE:
        fields.fail("code", Message("功能代码不能超过 %(most)s 个字符。", most=_MOST_CODE), code)
    return replace(checked_function_change(row, fields), code=code)


def checked_function_change(row: FunctionT, fields: Fields) -> FunctionT:
    """Check what may change of a function."""
    return replace(
        row,
        name=fields.text("name", row.name, most=MOST_NAME),
        description=fields.text("description", row.description, least=0, most=_MOST_TEXT, multiline=True),
        integration_level=fields.number("integration_level", row.integration_level, least=0, most=3),
        basis_note=fields.text("basis_note", row.basis_note, least=0, most=MOST_REASON, multiline=True),
        label=fields.number("label", row.label, least=0, most=MOST_LABEL),
    )


def checked_item(row: NewItem, fields: Fields) -> NewItem:
    """Check the form of a requestable item."""
    return replace(checked_item_change(row, fields), function=row.function.strip())


def checked_item_change(row: ItemT, fields: Fields) -> ItemT:
    """Check what may change of an item."""
    tier = fields.choice("tier", row.tier, TIERS)
    return replace(
        row,
        name=fields.text("name", row.name, most=MOST_NAME),
        exposes=fields.text("exposes", row.exposes, most=_MOST_TEXT, multiline=True),
        tier=tier,
        approval=checked_approval(tier, row.approval, fields) if tier in TIERS else {},
        max_days=fields.number("max_days", row.max_days, least=1, most=MOST_DAYS),
        scope_kind=fields.choice("scope_kind", row.scope_kind, SCOPE_KINDS),
        grace_minutes=fields.number("grace_minutes", row.grace_minutes, least=0, most=MOST_GRACE_MINUTES),
    )


def checked_matter(row: NewMatter, fields: Fields) -> NewMatter:
    """Check the form of a matter."""
    grammar = Message("一件事代码应为 2 至 32 位字母、数字、连字符或下划线。")
    return replace(checked_matter_change(row, fields), code=fields.matching("code", row.code, _MATTER_CODE, grammar))


def checked_matter_change(row: MatterT, fields: Fields) -> MatterT:
    """Check what may change of a matter; one item may stand in it once."""
    if not row.items:
        fields.fail("items", Message("一件事至少包含一个可申请项。"))
    if len(row.items) > MOST_MATTER_ITEMS:
        fields.fail("items", Message("一件事最多包含 %(most)s 个可申请项。", most=MOST_MATTER_ITEMS), len(row.items))
    if len({entry.item_id for entry in row.items}) < len(row.items):
        fields.fail("items", Message("同一可申请项只能列入一次。"))
    for entry in row.items:
        fields.number("items", entry.stage, least=1, most=MOST_STAGE)
        if entry.duty is not None:
            fields.choice("items", entry.duty, DUTIES)
    return replace(row, name=fields.text("name", row.name, most=MOST_NAME))


def _checked_address(address: str | None, name: str, fields: Fields) -> str | None:
    clean = (address or "").strip()
    if not clean:
        return None
    fault = address_fault(clean)
    if fault:
        fields.fail(name, fault, clean)
    return clean
