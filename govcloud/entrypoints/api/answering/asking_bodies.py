"""What the API takes in when it is asked who may do what, and why."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, IPvAnyAddress, StrictStr

from govcloud.authorization.answers.checking import MOST_CHECKS, Subjected
from govcloud.authorization.answers.service import Asked
from govcloud.entrypoints.api.wire.bodies import Input

_MOST_ATTRIBUTES = 50
Function = Annotated[StrictStr, Field(max_length=200, description="e.g. `housing:register:read`")]
Attributes = Annotated[dict[Annotated[str, Field(max_length=64)], Any], Field(max_length=_MOST_ATTRIBUTES)]


class _About(Input):
    """What is acted on, in which circumstances, and when."""

    resource: Attributes = Field(default_factory=dict, description="attributes of what is acted on; empty: on something at least")
    context: Attributes = Field(default_factory=dict, description="attributes of the request; the time is that of `at`")
    at: AwareDatetime | None = Field(default=None, description="null: now; the past answers with the policy and the people of then")
    client_address: IPvAnyAddress | None = Field(
        default=None,
        description="from which address, for rules on network zones; null: from nowhere, about oneself from here",
    )

    min_epoch: int | None = Field(
        default=None, ge=0, description="the change that the answer may not miss (`epoch` of somebody who knew of it); not beside `at`"
    )

    @property
    def told_address(self) -> str | None:
        """Return the address as text."""
        return None if self.client_address is None else str(self.client_address)


class PeopleBody(_About):
    """Who may use a function?"""

    function: Function
    department_id: UUID | None = Field(default=None, description="only appointments in this department and below")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: UUID | None = Field(default=None, description="`cursor` of the page before")


class FunctionsBody(_About):
    """Which functions of a subsystem may somebody use?"""

    official_id: UUID
    appointment_id: UUID | None = Field(default=None, description="null: the rights of the person alone")
    subsystem: Annotated[StrictStr, Field(max_length=100)]
    limit: int = Field(default=100, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=200, description="`cursor` of the page before")


class SubsystemsBody(_About):
    """Which subsystems may somebody enter?"""

    official_id: UUID
    appointment_id: UUID | None = Field(default=None, description="null: the rights of the person alone")


class CheckBody(_About):
    """May somebody use a function?"""

    official_id: UUID
    appointment_id: UUID | None = Field(default=None, description="null: the rights of the person alone")
    function: Function

    def subjected(self, client_address: str | None) -> Subjected:
        """Return the question, from ``client_address``."""
        return Subjected(self.official_id, self.appointment_id, Asked(self.function, self.resource, self.context, client_address))


class OneCheck(Input):
    """One question of a batch; what it says of the circumstances is added to what the batch says."""

    official_id: UUID
    appointment_id: UUID | None = None
    function: Function
    resource: Attributes = Field(default_factory=dict)
    context: Attributes = Field(default_factory=dict)


class ChecksBody(_About):
    """May they use these functions? `resource`, `context`, `at` and `client_address` are those of every question."""

    checks: Annotated[tuple[OneCheck, ...], Field(min_length=1, max_length=MOST_CHECKS)]

    def subjected(self, one: OneCheck, client_address: str | None) -> Subjected:
        """Return one of the questions, from ``client_address``."""
        asked = Asked(one.function, {**self.resource, **one.resource}, {**self.context, **one.context}, client_address)
        return Subjected(one.official_id, one.appointment_id, asked)


class ExplainBody(_About):
    """Why may somebody use a function, or not?"""

    official_id: UUID
    appointment_id: UUID | None = None
    function: Function
    policy: int | None = Field(default=None, ge=1, description="by another installed version; null: the one in force then")
    draft_id: UUID | None = Field(default=None, description="by a draft, which decides nothing yet; not beside `policy`")

    def asked(self, client_address: str | None) -> Asked:
        """Return the question, from ``client_address``."""
        return Asked(self.function, self.resource, self.context, client_address)


class DecisionLogQuery(Input):
    """A page of the decision log; everything that is given must hold."""

    official_id: UUID | None = None
    function: str = Field(default="", max_length=200)
    subsystem: str = Field(default="", max_length=100, description="needed by whose role is bounded by a department")
    kind: Literal["", "denied", "sensitive", "sampled"] = ""
    reason: str = Field(default="", max_length=60)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=100, description="`cursor` of the page before")
