"""What happens before a request is sent off, as far as somebody has to be able to ask later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ColleagueCompared(Event):
    """Somebody looked at what a colleague of the same department may use beyond themselves; `functions` were shown."""

    name: ClassVar[str] = "access:colleague:compared"

    official_id: UUID
    appointment_id: UUID
    functions: tuple[str, ...]
