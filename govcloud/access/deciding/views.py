"""What deciding shows: the inbox, a line an entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from govcloud.access.lifecycle import LineState
from govcloud.access.views import Page, PersonView


@dataclass(frozen=True)
class InboxEntry:
    """One line that waits for, or was decided by, the reader; ``outcome`` and ``decided_at`` only in the latter list."""

    line_id: UUID
    version: int
    state: LineState
    request_id: UUID
    request_number: str
    item_name: str
    subsystem_name: str
    owner_department_name: str
    beneficiary: PersonView
    scope_names: tuple[str, ...]
    requested_days: int
    submitted_at: datetime
    due_at: datetime
    outcome: str | None = None
    decided_at: datetime | None = None
    integration_level: int = 0
    holder: str = ""
    """Who has taken it on."""
    given: int = 0
    needed: int = 1
    answer_by: datetime | None = None
    escalation: int = 0
    may_open: bool = True
    """Whether the reader may look at the line; whoever left the office keeps the list alone."""


@dataclass(frozen=True)
class InboxPage(Page[InboxEntry]):
    """One page of an inbox.

    ``decides`` says that its reader may decide on anything at all, ``in_office`` that they hold the office themselves.
    """

    decides: bool = False
    in_office: bool = False
