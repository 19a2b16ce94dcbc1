"""What happens in imports, beside the events of each person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ImportOpened(Event):
    """A file began to be imported; its digest says which."""

    name: ClassVar[str] = "identity:import:opened"

    run_id: UUID
    source: str
    file_name: str
    sha256: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class ImportFinished(Event):
    """A file was imported to its end: people by what became of them, appointments begun and ended, people disabled as vanished."""

    name: ClassVar[str] = "identity:import:finished"

    run_id: UUID
    source: str
    new: int
    changed: int
    unchanged: int
    refused: int
    begun: int
    ended: int
    vanished: int
