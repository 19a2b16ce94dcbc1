"""What the queries of the lists give out: entries as of a moment, their versions, and the editions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class PowerItemView:
    """An entry of a department's power list as it was at a moment; ``ended_at`` is set when it left the list later, or before."""

    id: UUID
    code: str
    name: str
    kind: str
    department_id: UUID
    legal_basis: str = ""
    version: int = 1
    listed_at: datetime | None = None
    ended_at: datetime | None = None
    ended_edition_id: UUID | None = None


@dataclass(frozen=True)
class ServiceItemView:
    """A service item of the implementation list, by its code of 31 characters; ``promised_days`` are working days."""

    id: UUID
    code: str
    name: str
    power_item_id: UUID
    department_id: UUID
    promised_days: int | None = None
    version: int = 1
    listed_at: datetime | None = None
    ended_at: datetime | None = None
    ended_edition_id: UUID | None = None


ItemView = PowerItemView | ServiceItemView


@dataclass(frozen=True)
class EditionView:
    """An edition of a list with its counts."""

    id: UUID
    kind: str
    number: int
    title: str
    note: str
    file_name: str | None
    sha256: str | None
    department_path: str
    complete: bool
    actor_name: str
    recorded_at: datetime
    added: int
    changed: int
    unchanged: int
    withdrawn: int


@dataclass(frozen=True)
class VersionView:
    """What an entry said over ``[valid_from, valid_to)``, and the edition that brought it."""

    version: int
    facts: dict[str, object]
    changed: tuple[str, ...]
    edition: EditionView
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True)
class ItemHistory:
    """An entry with its versions, the newest first, and the other stays of the same code on the list of its department."""

    item: ItemView
    versions: tuple[VersionView, ...]
    other_stays: tuple[ItemView, ...]


@dataclass(frozen=True)
class ListPage:
    """A page of entries in the order of their codes; ``after`` asks for the next one and is ``None`` at the end."""

    rows: tuple[ItemView, ...]
    after: UUID | None


@dataclass(frozen=True)
class EditionPage:
    """A page of editions, the newest first; ``after`` asks for the next one by number and is ``None`` at the end."""

    rows: tuple[EditionView, ...]
    after: int | None
