"""What asking shows: how somebody stands to an item, what a search found, a basket, and what a colleague has beyond oneself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.errors import Refusal


@dataclass(frozen=True)
class CatalogueEntry:
    """A catalogue item as it can be requested now."""

    id: UUID
    version: int
    name: str
    exposes: str
    function: str
    function_name: str
    subsystem_code: str
    subsystem_name: str
    owner_department_id: UUID
    owner_department_name: str
    tier: str
    max_days: int
    requires_case_number: bool
    scope_kind: str
    sensitive: bool
    integration_level: int
    service_items: tuple[str, ...] = ()
    """The service items that the function serves, each with its implementation code."""


@dataclass(frozen=True)
class ScopeChoice:
    """One scope that somebody may pick: one division, or (``code`` and ``name`` empty) the whole of what is offered.

    ``level`` is the division's (``"city"``, ``"county"``, …); ``suggested`` marks the least that serves the beneficiary.
    """

    code: str
    name: str
    level: str
    scope: Scope
    suggested: bool


@dataclass(frozen=True)
class Route:
    """Where a request for an item would go now: the departments asked first, and by when they answer."""

    waits_for: tuple[str, ...]
    due_at: datetime


@dataclass(frozen=True)
class Waiting:
    """A request in which somebody waits for an item already."""

    request_id: UUID
    number: str


@dataclass(frozen=True)
class Standing:
    """How somebody stands to an item now.

    ``held``: the function is open to them, on some rows at least, ``until`` the last of their temporary grants ends (``None``: they have
    it by duty, or not at all). ``refusals`` stand against asking whatever scope and days they name. ``conflicts`` do not: what rules of
    separation of duty keep apart from what one holds may be asked for, and then waits for an exception.
    """

    held: bool
    until: datetime | None
    waiting: Waiting | None
    refusals: tuple[Refusal, ...]
    conflicts: tuple[Refusal, ...] = ()

    @property
    def may_ask(self) -> bool:
        """Whether a request could be sent off."""
        return not self.refusals


class HitKind(StrEnum):
    """What a search finds."""

    MATTER = "matter"
    ITEM = "item"
    FUNCTION = "function"
    SERVICE_ITEM = "service_item"
    SUBSYSTEM = "subsystem"


@dataclass(frozen=True)
class Hit:
    """One thing that a search found, with the name of what it belongs to and of the department that answers for it.

    ``items`` are what of it may be asked for, ``of`` how many items it has. ``held``: it is open already (of a matter: all of it), and
    ``until`` when. ``why`` says why nothing may be asked for; empty otherwise. ``conflicts`` are those of what may be asked for.
    """

    kind: HitKind
    id: UUID
    code: str
    name: str
    place: str
    owner: str
    held: bool
    until: datetime | None
    items: tuple[UUID, ...]
    of: int
    waiting: Waiting | None = None
    why: tuple[Refusal, ...] = ()
    level: int | None = None
    """The integration level of a subsystem, function or item; ``None`` for what spans several."""
    conflicts: tuple[Refusal, ...] = ()

    @property
    def may_ask(self) -> bool:
        """Whether a request could be sent off for something of it."""
        return bool(self.items)


@dataclass(frozen=True)
class AskedItem:
    """An item that is about to be asked for: what it is, how one stands to it, who decides by when, and what was chosen last."""

    entry: CatalogueEntry
    standing: Standing
    waits_for: tuple[str, ...]
    due_at: datetime
    scope: Scope | None = None
    days: int | None = None
    stage: int = 1
    duty: str | None = None
    by_case: bool = False
    """Whether a rule of separation of duty on cases wants to know the part in the case."""


@dataclass(frozen=True)
class AskedMatter:
    """A matter with its items as somebody would ask for them."""

    id: UUID
    code: str
    name: str
    lead_department_name: str
    version: int
    items: tuple[AskedItem, ...]


@dataclass(frozen=True)
class Difference:
    """What a colleague may use and the reader may not: what of it can be asked for, and the functions that nobody may ask for."""

    colleague_official_id: UUID
    colleague_name: str
    items: tuple[AskedItem, ...]
    closed: tuple[str, ...] = field(default=())
