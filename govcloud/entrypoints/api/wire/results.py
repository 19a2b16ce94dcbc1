"""What the API gives out after a command, and for what somebody holds; and the form of an error."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from govcloud.access.commands import Closed, Decided, Submitted, Withdrawn
from govcloud.access.lifecycle import LineState
from govcloud.access.views import HeldAccess
from govcloud.entrypoints.api.wire.answers import Answer, GrantAnswer, PersonAnswer
from govcloud.web.locale import say


class SubmittedAnswer(Answer):
    """A request that now waits."""

    request_id: UUID
    number: str
    line_id: UUID
    due_at: datetime

    @classmethod
    def of(cls, result: Submitted) -> Self:
        """Take the result over."""
        return cls.model_validate(result)


class RefusalAnswer(Answer):
    """A reason that stands against something."""

    code: str
    message: str


class DecidedAnswer(Answer):
    """What a decision led to."""

    line_id: UUID
    state: LineState
    version: int
    decision_id: UUID
    evidence_hash: str
    at: datetime
    grant_id: UUID | None = Field(description="none of a line that was approved: it is held back until every line of its request is")
    starts_at: datetime | None
    ends_at: datetime | None
    replayed: bool = Field(description="exactly this decision already stood")
    given: int = Field(description="how many have said yes at this step")
    needed: int = Field(description="how many have to")

    @classmethod
    def of(cls, result: Decided) -> Self:
        """Take the result over."""
        return cls.model_validate(result)


class WithdrawnAnswer(Answer):
    """A line that was taken back."""

    line_id: UUID
    version: int
    at: datetime
    replayed: bool
    not_opened: RefusalAnswer | None = Field(
        description="why the lines that waited for this one alone cannot open as they were approved; null: they did, or none waited"
    )

    @classmethod
    def of(cls, result: Withdrawn) -> Self:
        """Take the result over; the refusal comes in the caller's language."""
        why = result.not_opened
        told = RefusalAnswer(code=why.code, message=say(why.message)) if why is not None else None
        return cls(line_id=result.line_id, version=result.version, at=result.at, replayed=result.replayed, not_opened=told)


class HeldAnswer(Answer):
    """A grant with the request behind it."""

    grant: GrantAnswer
    holder: PersonAnswer
    request_id: UUID | None
    request_number: str | None
    reason: str

    @classmethod
    def of(cls, view: HeldAccess) -> Self:
        """Take the view over."""
        return cls(
            grant=GrantAnswer.of(view.grant),
            holder=PersonAnswer.of(view.holder),
            request_id=view.request_id,
            request_number=view.request_number,
            reason=view.reason,
        )


class HeldListAnswer(Answer):
    """Grants, the next to end first."""

    access: tuple[HeldAnswer, ...]


class OverseenAnswer(Answer):
    """A page of the live grants that one answers for, the newest first."""

    access: tuple[HeldAnswer, ...]
    cursor: str | None


class ClosedAnswer(Answer):
    """A grant that has been ended."""

    grant_id: UUID
    replayed: bool = Field(description="it had been ended before")

    @classmethod
    def of(cls, result: Closed) -> Self:
        """Take the result over."""
        return cls.model_validate(result)


class FieldProblem(Answer):
    """What is wrong with one field."""

    field: str
    message: str
    value: str


class Problem(Answer):
    """An error (RFC 9457)."""

    type: str = Field(description="`urn:govcloud:problem:` and the code")
    title: str
    status: int
    detail: str
    code: str
    remedy: str | None
    fields: tuple[FieldProblem, ...]
    refusals: tuple[RefusalAnswer, ...]
    trace_id: str
