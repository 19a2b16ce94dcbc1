"""What the API takes in about standing access: duty rules, ceilings, direct roles."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictBool

from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.identity.finding.criteria import AppointmentCriteria

_MOST_VALUES = 100
Texts = Annotated[tuple[Text, ...], Field(max_length=_MOST_VALUES)]


class CriteriaBody(Input):
    """Which appointments are meant; an empty list, or null, means any."""

    positions: Texts = ()
    posts: Texts = ()
    ranks: Texts = ()
    kinds: Texts = Field(default=(), description="`primary`, `concurrent`, `attachment`, `secondment`")
    levels: Texts = Field(default=(), description="`province`, `city`, `county`, `township`")
    business_lines: Texts = ()
    department_id: UUID | None = Field(default=None, description="this department and all below it")
    division_code: Text | None = Field(default=None, description="12 digits: this division and all within it")

    def criteria(self) -> AppointmentCriteria:
        """Return the criteria."""
        return AppointmentCriteria(**self.model_dump())


class DutyRuleBody(Input):
    """A rule to add, or to follow another."""

    role_code: Text
    label: Text = Field(description="what people see as the cause, at most 100 characters")
    criteria: CriteriaBody
    reason: Text
    bound: StrictBool = Field(default=False, description="delegate the role over the appointment's own department")
    starts_at: AwareDatetime | None = Field(default=None, description="null: at once")
    ends_at: AwareDatetime | None = None

    def rule(self) -> NewDutyRule:
        """Return the input of the command."""
        return NewDutyRule(self.role_code, self.label, self.criteria.criteria(), self.reason, self.bound, self.starts_at, self.ends_at)


class PreviewBody(Input):
    """A change to look at first: `new` alone adds, `rule_id` alone ends, both replace."""

    new: DutyRuleBody | None = None
    rule_id: UUID | None = None
    limit: int = Field(default=10, ge=1, le=100)
    gainers_after: UUID | None = Field(default=None, description="`gainers_after` of the page before")
    losers_after: UUID | None = Field(default=None, description="`losers_after` of the page before")


class EndBody(Input):
    """An end."""

    reason: Text
    at: AwareDatetime | None = Field(default=None, description="null: at once")


class TakeBody(Input):
    """The end of a directly given role, which is always at once."""

    reason: Text


class DutyRulesQuery(Input):
    """A page of the rules."""

    cursor: UUID | None = Field(default=None, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)
    role: str | None = Field(default=None, max_length=100)
    ended: bool = Field(default=False, description="also rules that have ended")


class CeilingBody(Input):
    """What may be given directly in a department and below."""

    roles: Texts | None = Field(description="null: the department above decides; an empty list: nothing may be given")
    reason: Text


class AssignBody(Input):
    """A role to give directly."""

    role_code: Text
    reason: Text
    appointment_id: UUID | None = Field(default=None, description="null: under every appointment; not for administrators of departments")
    department_id: UUID | None = Field(default=None, description="for a delegated role: this department and all below it")
    until: AwareDatetime | None = Field(default=None, description="null only for the security administrator")


class AccessQuery(Input):
    """Whose access, and when."""

    appointment_id: UUID | None = Field(default=None, description="null: the primary appointment at that moment")
    at: AwareDatetime | None = Field(default=None, description="null: now")
