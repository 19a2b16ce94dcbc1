"""What the API gives out about standing access: duty rules, previews, ceilings, and what somebody may do and why."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from govcloud.authorization.deciding.explaining import AccessView, Cause, OpenFunction
from govcloud.authorization.rights.previewing import DutyPreview
from govcloud.authorization.subjects.duties import Duty
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.queries import Subject


class DutyRuleAnswer(Answer):
    """A duty rule."""

    id: UUID
    role_code: str
    label: str
    positions: tuple[str, ...]
    posts: tuple[str, ...]
    ranks: tuple[str, ...]
    kinds: tuple[str, ...]
    levels: tuple[str, ...]
    business_lines: tuple[str, ...]
    department_id: UUID | None
    division_code: str | None
    bound: bool
    starts_at: datetime
    ends_at: datetime | None

    @classmethod
    def of(cls, duty: Duty) -> Self:
        """Take the rule over."""
        criteria = {name: getattr(duty.criteria, name) for name in AppointmentCriteria.__slots__}
        own = {"id": duty.id, "role_code": duty.role_code, "label": duty.label, "bound": duty.bound}
        return cls.model_validate({**own, **criteria, "starts_at": duty.starts_at, "ends_at": duty.ends_at})


class DutyRulesAnswer(Answer):
    """A page of duty rules."""

    rules: tuple[DutyRuleAnswer, ...]
    cursor: UUID | None


class DutyRuleIdAnswer(Answer):
    """The rule that holds now."""

    rule_id: UUID


class ChangedAnswer(Answer):
    """Whether anything is different now."""

    changed: bool


class AssignedAnswer(Answer):
    """A role that was given."""

    assignment_id: UUID


class AffectedAnswer(Answer):
    """An appointment whose access would differ."""

    official_id: UUID
    appointment_id: UUID
    name: str
    employee_code: str
    position: str
    department_name: str

    @classmethod
    def of(cls, subject: Subject) -> Self:
        """Take the subject over."""
        return cls.model_validate(subject)


class PreviewAnswer(Answer):
    """What a change would do to those who serve now."""

    role_code: str
    matching: int
    gains: int
    losses: int
    gainers: tuple[AffectedAnswer, ...]
    gainers_after: UUID | None
    losers: tuple[AffectedAnswer, ...]
    losers_after: UUID | None

    @classmethod
    def of(cls, preview: DutyPreview) -> Self:
        """Take the preview over."""
        return cls(
            role_code=preview.role_code,
            matching=preview.matching,
            gains=preview.gains,
            losses=preview.losses,
            gainers=tuple(AffectedAnswer.of(row) for row in preview.gainers.rows),
            gainers_after=preview.gainers.after,
            losers=tuple(AffectedAnswer.of(row) for row in preview.losers.rows),
            losers_after=preview.losers.after,
        )


class CeilingAnswer(Answer):
    """What may be given directly in a department, and where that was said."""

    roles: tuple[str, ...]
    set_on: UUID | None


class CauseAnswer(Answer):
    """One way in which a right is held."""

    kind: str = Field(description="`everybody`, `duty`, `assignment` or `grant`")
    id: UUID | None = Field(description="of the duty rule, the assignment or the grant")
    held_role: str | None
    role: str | None = Field(description="the role whose rule opens the function; `held_role` is it or includes it")
    rule: str
    because: str
    starts_at: datetime
    ends_at: datetime | None
    divisions: tuple[str, ...] | None = Field(description="rows by division; null is the whole province")
    department_path: str | None
    line_id: UUID | None
    chain: str | None = Field(description="the request behind a temporary grant")

    @classmethod
    def of(cls, cause: Cause) -> Self:
        """Take the cause over."""
        names = ("id", "held_role", "role", "rule", "because", "starts_at", "ends_at", "department_path", "line_id", "chain")
        own = {name: getattr(cause, name) for name in names}
        return cls.model_validate({**own, "kind": str(cause.kind), "divisions": cause.scope.divisions})


class OpenFunctionAnswer(Answer):
    """A function that is open, with every cause."""

    function: str
    name: str
    subsystem_code: str
    divisions: tuple[str, ...] | None
    ends_at: datetime | None
    causes: tuple[CauseAnswer, ...]

    @classmethod
    def of(cls, item: OpenFunction) -> Self:
        """Take the view over."""
        return cls(
            function=item.function,
            name=item.name,
            subsystem_code=item.subsystem_code,
            divisions=item.scope.divisions,
            ends_at=item.ends_at,
            causes=tuple(CauseAnswer.of(cause) for cause in item.causes),
        )


class AccessAnswer(Answer):
    """What an official may do under an appointment at a moment, and why; `refused` says why it is nothing at all."""

    official_id: UUID
    appointment_id: UUID | None
    at: datetime
    refused: str | None
    roles: tuple[CauseAnswer, ...]
    functions: tuple[OpenFunctionAnswer, ...]

    @classmethod
    def of(cls, view: AccessView) -> Self:
        """Take the view over."""
        return cls(
            official_id=view.official_id,
            appointment_id=view.appointment_id,
            at=view.at,
            refused=None if view.refused is None else str(view.refused),
            roles=tuple(CauseAnswer.of(cause) for cause in view.roles),
            functions=tuple(OpenFunctionAnswer.of(item) for item in view.functions),
        )
