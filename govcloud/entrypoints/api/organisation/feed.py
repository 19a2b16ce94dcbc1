"""The feed of personnel events: what a personnel system sends, and what becomes of each event; the sender proves itself as a client."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictInt

from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.entrypoints.api.wire.errors import problem_of, status_of
from govcloud.entrypoints.api.wire.results import Problem
from govcloud.identity.inputs import STAFFING_TYPES
from govcloud.identity.working_life.feed import EVENT_KINDS, PersonnelReport, Reported
from govcloud.kernel.errors import GovcloudError
from govcloud.web.gate import client_authenticated, current_actor, services

MOST_EVENTS = 500


class PersonnelEventBody(Input):
    """One event; `id` is the sender's own and stands for this event for good."""

    id: Text = Field(description="1 to 64 letters, digits or . _ : -, unique for the sender")
    kind: Text = Field(description=", ".join(f"`{kind}`" for kind in EVENT_KINDS))
    employee_code: Text
    reason: Text = Field(default="", description="why, in at most 500 characters; every kind but `join` needs it")
    effective_at: AwareDatetime | None = Field(default=None, description="from when it holds, with time zone; null or past is at once")
    department_uscc: Text = Field(default="", description="of the new place: unified social credit code of the department")
    position: Text = Field(default="", description="of the new place: 岗位")
    post: Text = Field(default="", description="of the new place: 职务")
    ends_at: AwareDatetime | None = Field(default=None, description="end of the term; `attachment` and `secondment` need it")
    handover_days: StrictInt = Field(default=0, description="`transfer`: days for which the old place still holds, at most 30")
    name: Text = Field(default="", description="`join`")
    id_number: Text = Field(default="", description="`join`: the ID number, 18 characters")
    phone: Text | None = Field(default=None, description="`join`")
    rank: Text = Field(default="", description="`join`: 职级")
    staffing_type: Text = Field(default=STAFFING_TYPES[0], description="`join`: 编制")
    security_label: StrictInt = Field(default=0, description="`join`: 0 to 4")


class PersonnelEventsBody(Input):
    """A batch of events, taken in one after the other; each is all or nothing."""

    events: Annotated[list[PersonnelEventBody], Field(min_length=1, max_length=MOST_EVENTS)]


class PersonnelEventAnswer(Answer):
    """What became of one event."""

    id: str
    outcome: Literal["applied", "planned", "refused"]
    replayed: bool = Field(description="it had been taken in before; this is what was answered then")
    official_id: UUID | None = None
    change_id: UUID | None = Field(default=None, description="the change, by which a planned one can be cancelled")
    effective_at: datetime | None = Field(default=None, description="from when it holds")
    problem: Problem | None = Field(default=None, description="why it was refused; nothing of it was kept")

    @classmethod
    def of(cls, event_id: str, done: Reported) -> PersonnelEventAnswer:
        """Take the result over."""
        return cls(
            id=event_id,
            outcome="planned" if done.planned else "applied",
            replayed=done.replayed,
            official_id=done.official_id,
            change_id=done.change_id,
            effective_at=done.effective_at,
        )


class PersonnelEventsAnswer(Answer):
    """What became of each event, in the order in which they were sent."""

    results: tuple[PersonnelEventAnswer, ...]
    refused: int


@client_authenticated
def personnel_events(body: PersonnelEventsBody) -> PersonnelEventsAnswer:
    """Take in personnel events (入职, 调动, 兼职, 挂职, 借调, 停职, 复职, 离职, 撤销离职), up to 500 a call."""
    services().identity.admit_sender(current_actor())
    results = tuple(_taken_in(event) for event in body.events)
    return PersonnelEventsAnswer(results=results, refused=sum(result.outcome == "refused" for result in results))


def _taken_in(event: PersonnelEventBody) -> PersonnelEventAnswer:
    """Take one event in; what stands against it is its answer, and the others go on."""
    try:
        done = services().identity.report(current_actor(), PersonnelReport(**event.model_dump()))
    except GovcloudError as error:
        refused = problem_of(status_of(error), error)
        return PersonnelEventAnswer(id=event.id, outcome="refused", replayed=False, problem=refused)
    return PersonnelEventAnswer.of(event.id, done)
