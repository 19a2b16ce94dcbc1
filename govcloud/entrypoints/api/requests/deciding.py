"""What the API gives out for those who decide: the inbox, and a line with everything that its approver needs."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from govcloud.access.deciding.views import InboxEntry
from govcloud.access.evidence.card import EvidenceCard
from govcloud.access.lifecycle import LineState
from govcloud.access.views import DecisionPage
from govcloud.entrypoints.api.requests.catalogue_answers import ScopeChoiceAnswer
from govcloud.entrypoints.api.wire.answers import Answer, IntegrationLevel, LineAnswer, PersonAnswer, RequestAnswer
from govcloud.entrypoints.api.wire.results import RefusalAnswer


class InboxLineAnswer(Answer):
    """A line that waits for the reader."""

    line_id: UUID
    version: int
    state: LineState
    request_id: UUID
    request_number: str
    item_name: str
    subsystem_name: str
    owner_department_name: str
    beneficiary: PersonAnswer
    scope_names: tuple[str, ...]
    requested_days: int
    submitted_at: datetime
    due_at: datetime
    integration_level: IntegrationLevel

    @classmethod
    def of(cls, view: InboxEntry) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class InboxAnswer(Answer):
    """A page of the inbox, oldest first."""

    lines: tuple[InboxLineAnswer, ...]
    cursor: str | None


class DecisionPageAnswer(Answer):
    """A line with everything that its approver needs."""

    request: RequestAnswer
    line: LineAnswer
    evidence: EvidenceCard
    evidence_hash: str = Field(description="SHA-256 of the card in canonical JSON (RFC 8785)")
    scope_choices: tuple[ScopeChoiceAnswer, ...]
    max_days: int
    may_decide: bool
    refusals: tuple[RefusalAnswer, ...]
    approval_refusals: tuple[RefusalAnswer, ...]

    @classmethod
    def of(cls, page: DecisionPage, refusals: tuple[RefusalAnswer, ...], approval_refusals: tuple[RefusalAnswer, ...]) -> Self:
        """Take the page over; refusals come in the reader's language."""
        return cls(
            request=RequestAnswer.of(page.request),
            line=LineAnswer.of(page.line),
            evidence=page.card,
            evidence_hash=page.evidence_hash,
            scope_choices=tuple(ScopeChoiceAnswer.of(choice) for choice in page.scope_choices),
            max_days=page.max_days,
            may_decide=page.may_decide,
            refusals=refusals,
            approval_refusals=approval_refusals,
        )
