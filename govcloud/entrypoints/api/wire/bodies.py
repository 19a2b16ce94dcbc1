"""What the API takes in: one model a body or query, parsed at the edge; an unknown field is refused by its name."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from govcloud.access.commands import Alternative
from govcloud.authorization.scopes.scope import Scope

_MOST_TEXT = 20_000
"""Beyond this a text is not read at all; the exact limits, and the words for them, lie with the commands."""
_MOST_DIVISIONS = 200
Text = Annotated[StrictStr, Field(max_length=_MOST_TEXT)]
Divisions = Annotated[list[Annotated[StrictStr, Field(pattern=r"^(?:0[1-9]|[1-9][0-9])[0-9]{10}$")]], Field(max_length=_MOST_DIVISIONS)]


class Input(BaseModel):
    """The parent of every input: nothing unknown, nothing changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ListQuery(Input):
    """A page of a list."""

    cursor: str | None = Field(default=None, max_length=64, description="`cursor` of the page before")
    limit: int = Field(default=20, ge=1, le=100)


class CatalogueQuery(Input):
    """A search of the catalogue."""

    q: str = Field(default="", max_length=100, description="part of the name of an item, a function or a subsystem")
    limit: int = Field(default=50, ge=1, le=100)


class NoQuery(Input):
    """No query at all."""


class NewRequestBody(Input):
    """A request for one item, named by its id or by the function that it opens."""

    item_id: UUID | None = Field(default=None, description="the item; leave out when `function` is given")
    function: Text | None = Field(default=None, description="e.g. `housing:register:read`; leave out when `item_id` is given")
    reason: Text = Field(description="why, in at most 1,000 characters")
    days: StrictInt = Field(description="full days of 24 hours from the approval, within the item's cap")
    divisions: Divisions | None = Field(default=None, description="division codes (GB/T 2260, 12 digits); null is the whole province")
    case_number: Text | None = Field(default=None, description="where the item, or a rule of separation of duty on cases, asks for it")
    matter_id: UUID | None = None
    duty: Literal["handle", "review"] | None = Field(
        default=None, description="the part in the case; where a rule on cases asks for it, else null, or as the matter says"
    )
    beneficiary_appointment_id: UUID | None = Field(default=None, description="for a colleague; null is oneself")


class ApproveBody(Input):
    """A yes, as requested or to less."""

    version: StrictInt = Field(description="the version of the line that was shown")
    divisions: Divisions | None = Field(default=None, description="null or left out: the rows that were requested")
    days: StrictInt | None = Field(default=None, description="null or left out: the days that were requested")
    comment: Text = Field(default="", description="at most 500 characters")
    evidence_hash: Text | None = Field(default=None, description="of the card shown; if the facts changed since, nothing is decided")


class AlternativeBody(Input):
    """What a refusal offers instead; what is left out is as requested."""

    divisions: Divisions | None = None
    days: StrictInt | None = None
    item_id: UUID | None = None

    def to_input(self) -> Alternative:
        """Return it as the command takes it."""
        return Alternative(None if self.divisions is None else Scope(tuple(self.divisions)), self.days, self.item_id)


class RejectBody(Input):
    """A no, with its reason."""

    version: StrictInt = Field(description="the version of the line that was shown")
    reason_code: Text = Field(
        description="`not_needed`, `too_broad`, `wrong_item`, `insufficient_reason`, `conflict_of_interest` or `other`"
    )
    comment: Text = Field(default="", description="at most 500 characters")
    evidence_hash: Text | None = Field(default=None, description="as for an approval")
    alternative: AlternativeBody | None = Field(default=None, description="what is offered instead")


class WithdrawBody(Input):
    """Taking a line back."""

    version: StrictInt = Field(description="the version of the line that was shown")


class RevokeBody(Input):
    """Ending somebody's grant."""

    reason: Text = Field(description="why, in at most 500 characters; the holder sees it")
