"""What the API gives out: one model an answer, made from the views of the domains; field names are a promise to programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from govcloud.access.lifecycle import GrantState, LineState, RequestState
from govcloud.access.views import AlternativeView, DecisionView, GrantView, LineView, PersonView, RequestView, TaskView
from govcloud.authorization.scopes.scope import Scope

IntegrationLevel: TypeAlias = Annotated[int, Field(description="how closely it is enforced: 0 door, 1 claims, 2 checks, 3 row filters")]


class Answer(BaseModel):
    """The parent of every answer."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class ScopeAnswer(Answer):
    """Rows by division; `divisions: null` is the whole province."""

    divisions: tuple[str, ...] | None
    names: tuple[str, ...]

    @classmethod
    def of(cls, scope: Scope, names: tuple[str, ...]) -> Self:
        """Put codes and names together."""
        return cls(divisions=scope.divisions, names=names)


class PersonAnswer(Answer):
    """An official in one duty."""

    official_id: UUID
    appointment_id: UUID | None
    name: str
    department_name: str
    post: str

    @classmethod
    def of(cls, view: PersonView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class AppointmentAnswer(Answer):
    """A duty that the signed-in official may act in."""

    id: UUID
    kind: str
    post: str
    position: str
    department_id: UUID
    department_name: str
    division: str
    division_name: str


class MeAnswer(Answer):
    """Who is signed in, in which duty, and the token that writing calls send as `X-CSRFToken`."""

    official_id: UUID
    name: str
    employee_code: str
    appointment_id: UUID | None
    appointments: tuple[AppointmentAnswer, ...]
    inbox_count: int = Field(description="lines that one is asked to decide on, counted up to 100")
    csrf_token: str


class DecisionAnswer(Answer):
    """What was decided on a line."""

    id: UUID
    outcome: str
    decided_by: PersonAnswer
    at: datetime
    scope: ScopeAnswer | None
    days: int | None
    reason_code: str | None
    comment: str
    evidence_hash: str
    has_receipt: bool = Field(description="`GET /lines/{line_id}/receipts` has a signed receipt of it")
    principal: str | None = Field(description="in whose right it was made, if somebody else lent it")
    by_rule: bool = Field(description="made in advance, by the rule that `decided_by` signed")
    by_silence: bool = Field(description="that rule spoke because nobody answered in time")
    alternative: AlternativeAnswer | None

    @classmethod
    def of(cls, view: DecisionView) -> Self:
        """Take the view over."""
        return cls(
            id=view.id,
            outcome=view.outcome,
            decided_by=PersonAnswer.of(view.decided_by),
            at=view.at,
            scope=ScopeAnswer.of(view.scope, view.scope_names) if view.scope else None,
            days=view.days,
            reason_code=view.reason_code,
            comment=view.comment,
            evidence_hash=view.evidence_hash,
            has_receipt=view.has_receipt,
            principal=view.principal.name if view.principal else None,
            by_rule=view.by_rule,
            by_silence=view.by_silence,
            alternative=AlternativeAnswer.of(view.alternative) if view.alternative else None,
        )


class AlternativeAnswer(Answer):
    """What a refusal offers instead."""

    item_id: UUID
    item_name: str
    scope: ScopeAnswer
    days: int

    @classmethod
    def of(cls, view: AlternativeView) -> Self:
        """Take the view over."""
        scope = ScopeAnswer.of(view.scope, view.scope_names)
        return cls(item_id=view.item_id, item_name=view.item_name, scope=scope, days=view.days)


class TaskAnswer(Answer):
    """What a line waits for: `given` of `needed` people at step `step` of `steps`; `holder` has taken it on."""

    step: int
    steps: int
    kind: str = Field(description="`owner` or `superior`: whose step it is")
    given: int
    needed: int
    distinct_units: bool = Field(description="the people have to serve in different departments")
    holder: str
    held_until: datetime | None

    @classmethod
    def of(cls, view: TaskView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class GrantAnswer(Answer):
    """A temporary grant over `[starts_at, ends_at)`."""

    id: UUID
    function: str
    function_name: str
    subsystem_code: str
    subsystem_name: str
    scope: ScopeAnswer
    starts_at: datetime
    ends_at: datetime
    state: GrantState
    closed_at: datetime | None
    close_reason: str | None
    integration_level: IntegrationLevel
    finish_until: datetime | None = Field(description="until when work in progress may be finished, in the grace after the end")

    @classmethod
    def of(cls, view: GrantView) -> Self:
        """Take the view over."""
        return cls(
            id=view.id,
            function=view.function,
            function_name=view.function_name,
            subsystem_code=view.subsystem_code,
            subsystem_name=view.subsystem_name,
            scope=ScopeAnswer.of(view.scope, view.scope_names),
            starts_at=view.starts_at,
            ends_at=view.ends_at,
            state=view.state,
            closed_at=view.closed_at,
            close_reason=view.close_reason,
            integration_level=view.integration_level,
            finish_until=view.finish_until,
        )


class LineAnswer(Answer):
    """One line of a request."""

    id: UUID
    request_id: UUID
    state: LineState
    version: int
    item_id: UUID
    item_name: str
    function: str
    function_name: str
    subsystem_code: str
    subsystem_name: str
    owner_department_name: str
    requested_scope: ScopeAnswer
    requested_days: int
    submitted_at: datetime
    answer_by: datetime = Field(description="by when the department answers")
    due_at: datetime = Field(description="when the line lapses, unanswered")
    escalation: int = Field(description="0; 1 reminded; 2 also the deputies; 3 also the department above")
    closed_at: datetime | None
    waits_for: tuple[str, ...] = Field(description="departments whose senior administrators are asked first")
    decision: DecisionAnswer | None
    grant: GrantAnswer | None
    duty: str | None = Field(description="the part of the matter that the item serves: `handle`, `review`")
    integration_level: IntegrationLevel
    conflicts: tuple[str, ...] = Field(description="of a blocked line: the rules of separation of duty that keep it apart now, by code")
    round: int = Field(description="how often it was put up for decision")
    missing: str = Field(description="what was missing when it was last sent back")
    task: TaskAnswer | None
    decisions: tuple[DecisionAnswer, ...] = Field(description="everything that was decided on it, the oldest first")
    held_back: str | None = Field(
        description="of an approved line without a grant: `waiting` for other lines of its request, or `given_up`"
    )
    extends: UUID | None = Field(description="the line whose grant this one extends")
    lapses_at: datetime | None = Field(
        description="when it lapses if nothing happens; while it waits for a correction or an exception its department's clock stands"
    )

    @classmethod
    def of(cls, view: LineView) -> Self:
        """Take the view over."""
        return cls(
            id=view.id,
            request_id=view.request_id,
            state=view.state,
            version=view.version,
            item_id=view.item_id,
            item_name=view.item_name,
            function=view.function,
            function_name=view.function_name,
            subsystem_code=view.subsystem_code,
            subsystem_name=view.subsystem_name,
            owner_department_name=view.owner_department_name,
            requested_scope=ScopeAnswer.of(view.requested_scope, view.scope_names),
            requested_days=view.requested_days,
            submitted_at=view.submitted_at,
            answer_by=view.answer_by or view.due_at,
            due_at=view.due_at,
            escalation=view.escalation,
            closed_at=view.closed_at,
            waits_for=view.waits_for,
            decision=DecisionAnswer.of(view.decision) if view.decision else None,
            grant=GrantAnswer.of(view.grant) if view.grant else None,
            duty=view.duty,
            integration_level=view.integration_level,
            conflicts=tuple(conflict.code for conflict in view.conflicts),
            round=view.round,
            missing=view.missing,
            task=TaskAnswer.of(view.task) if view.task else None,
            decisions=tuple(DecisionAnswer.of(one) for one in view.decisions),
            held_back=view.held_back,
            extends=view.extends,
            lapses_at=view.lapses_at,
        )


class RequestAnswer(Answer):
    """A request with its lines."""

    id: UUID
    number: str
    state: RequestState
    requester: PersonAnswer
    beneficiary: PersonAnswer
    reason: str
    case_number: str | None
    matter_id: UUID | None
    matter_name: str | None
    created_at: datetime
    mode: str = Field(description="`progressive`: each line opens when it is approved; `atomic`: all together")
    starts_at: datetime | None = Field(description="the earliest moment at which access is wanted")
    matter_version: int | None
    submission_id: UUID | None = Field(description="the first of the requests that were sent off together")
    may_withdraw: bool
    lines: tuple[LineAnswer, ...]

    @classmethod
    def of(cls, view: RequestView) -> Self:
        """Take the view over."""
        return cls(
            id=view.id,
            number=view.number,
            state=view.state,
            requester=PersonAnswer.of(view.requester),
            beneficiary=PersonAnswer.of(view.beneficiary),
            reason=view.reason,
            case_number=view.case_number,
            matter_id=view.matter_id,
            matter_name=view.matter_name,
            created_at=view.created_at,
            mode=view.mode,
            starts_at=view.starts_at,
            matter_version=view.matter_version,
            submission_id=view.submission_id,
            may_withdraw=view.may_withdraw,
            lines=tuple(LineAnswer.of(line) for line in view.lines),
        )


class RequestsAnswer(Answer):
    """A page of requests, newest first."""

    requests: tuple[RequestAnswer, ...]
    cursor: str | None
