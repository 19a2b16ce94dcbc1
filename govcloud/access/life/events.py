"""Events in the life of a grant that somebody ends: those who may take it back, or its holder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class GrantRevoked(Event):
    """The owning department, a department above it or the security administrator ended a grant before its time."""

    name: ClassVar[str] = "access:grant:revoked"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    grant_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class GrantRelinquished(Event):
    """The holder gave a grant back before its time."""

    name: ClassVar[str] = "access:grant:relinquished"

    grant_id: UUID
