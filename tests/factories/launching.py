"""The launcher's list, as tests compare it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from govcloud.authorization.answers.entries import State
from govcloud.services import Services


def entered(services: Services, appointment_id: UUID, **asked: Any) -> dict[str, State]:  # noqa: ANN401 - arguments of the list
    """Return the launcher's list: each subsystem by its code, and whether it is open for certain."""
    found = services.authorization_queries.answers.list_subsystems(None, appointment_id, {}, {}, **asked)
    return {entry.subsystem.code: entry.state for entry in found.rows}
