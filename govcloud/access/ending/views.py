"""What is shown before many grants end, and while they do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from govcloud.access.ending.targets import Kind
from govcloud.access.views import HeldAccess


@dataclass(frozen=True)
class LostFunction:
    """A function that people would lose, and how many of them."""

    subsystem_name: str
    function_name: str
    grants: int
    people: int


@dataclass(frozen=True)
class Preview:
    """What an order would end: counts, every function (the most frequent first), and the oldest grants with their holders.

    ``seen_at`` is the moment up to which grants were looked at; what is opened later is not ended by an order that names it.
    """

    kind: Kind
    target: str
    label: str
    grants: int
    people: int
    functions: tuple[LostFunction, ...]
    first: tuple[HeldAccess, ...]
    seen_at: datetime


@dataclass(frozen=True)
class RevocationView:
    """An order to end many grants, and how far it is."""

    id: UUID
    kind: Kind
    label: str
    reason: str
    total: int
    done: int
    created_at: datetime
    finished_at: datetime | None
