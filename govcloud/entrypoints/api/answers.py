"""What the API gives out: one model an answer, made from the views of the domains; field names are a promise to programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from govcloud.access.lifecycle import GrantState, LineState, RequestState
from govcloud.access.views import (
    CatalogueEntry,
    DecisionView,
    GrantView,
    LineView,
    PersonView,
    RequestView,
    ScopeChoice,
)
from govcloud.authorization.scope import Scope

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
    inbox_count: int
    csrf_token: str


class ItemAnswer(Answer):
    """Something that can be requested."""

    id: UUID
    version: int
    name: str
    exposes: str
    function: str
    function_name: str
    subsystem_code: str
    subsystem_name: str
    owner_department_name: str
    tier: str
    max_days: int
    requires_case_number: bool
    scope_kind: str
    sensitive: bool
    integration_level: IntegrationLevel
    service_items: tuple[str, ...] = Field(description="the service items that the function serves, each with its implementation code")

    @classmethod
    def of(cls, view: CatalogueEntry) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class ItemsAnswer(Answer):
    """Items that match."""

    items: tuple[ItemAnswer, ...]


class ScopeChoiceAnswer(Answer):
    """One scope that may be picked."""

    divisions: tuple[str, ...] | None
    name: str
    level: str
    suggested: bool

    @classmethod
    def of(cls, choice: ScopeChoice) -> Self:
        """Take the choice over."""
        return cls(divisions=choice.scope.divisions, name=choice.name, level=choice.level, suggested=choice.suggested)


class ScopeChoicesAnswer(Answer):
    """Scopes that may be picked, the beneficiary's own first."""

    choices: tuple[ScopeChoiceAnswer, ...]


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
        )


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
    due_at: datetime
    closed_at: datetime | None
    waits_for: tuple[str, ...] = Field(description="departments whose senior administrators are asked first")
    decision: DecisionAnswer | None
    grant: GrantAnswer | None
    integration_level: IntegrationLevel
    held_back: str | None = Field(
        description="of an approved line without a grant: `waiting` for other lines of its request, or `given_up`"
    )
    extends: UUID | None = Field(description="the line whose grant this one extends")

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
            due_at=view.due_at,
            closed_at=view.closed_at,
            waits_for=view.waits_for,
            decision=DecisionAnswer.of(view.decision) if view.decision else None,
            grant=GrantAnswer.of(view.grant) if view.grant else None,
            integration_level=view.integration_level,
            held_back=view.held_back,
            extends=view.extends,
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
    may_withdraw: bool
    mode: str = Field(description="`progressive`: each line opens by itself; `atomic`: all together")
    starts_at: datetime | None = Field(description="the earliest moment at which access is wanted")
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
            may_withdraw=view.may_withdraw,
            mode=view.mode,
            starts_at=view.starts_at,
            lines=tuple(LineAnswer.of(line) for line in view.lines),
        )


class RequestsAnswer(Answer):
    """A page of requests, newest first."""

    requests: tuple[RequestAnswer, ...]
    cursor: str | None
