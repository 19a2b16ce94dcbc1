"""What the API takes in and gives out about asking: submissions, the basket, the search, and comparing with a colleague."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictInt

from govcloud.access.asking.queries import Chosen
from govcloud.access.asking.views import AskedItem, AskedMatter, Difference, Hit, HitKind, Standing, Waiting
from govcloud.access.commands import MOST_ITEMS, MOST_PEOPLE, NewSubmission, Submission, WantedItem
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.entrypoints.api.file_bodies import Files
from govcloud.entrypoints.api.requests.catalogue_answers import ItemAnswer
from govcloud.entrypoints.api.wire.answers import Answer, RequestAnswer, ScopeAnswer
from govcloud.entrypoints.api.wire.bodies import Divisions, Input, Text
from govcloud.entrypoints.api.wire.errors import refusals_of
from govcloud.entrypoints.api.wire.named import scope_of
from govcloud.entrypoints.api.wire.results import RefusalAnswer

Duty: TypeAlias = Annotated[
    Literal["handle", "review"] | None, Field(description="handling a case (`handle`) or reviewing it; null: as the matter says")
]
_DIVISIONS = Field(default=None, description="division codes (GB/T 2260, 12 digits); null is the whole province")


class WantedItemBody(Input):
    """One item of a submission."""

    item_id: UUID
    days: StrictInt = Field(description="full days of 24 hours from the approval, within the item's cap")
    divisions: Divisions | None = _DIVISIONS
    duty: Duty = None


class NewSubmissionBody(Input):
    """A request for several items, for oneself or for people of one's department and below; all of it is taken in, or nothing."""

    items: list[WantedItemBody] = Field(max_length=MOST_ITEMS)
    reason: Text = Field(description="why, in at most 1,000 characters")
    beneficiary_appointment_ids: list[UUID] = Field(
        default_factory=list, max_length=MOST_PEOPLE, description="one request for each; none is oneself, under the appointment in use"
    )
    mode: Literal["progressive", "atomic"] = Field(
        default="progressive", description="each line opens when it is approved, or all together"
    )
    starts_at: AwareDatetime | None = Field(default=None, description="no access before this moment, within 90 days; null is the approval")
    case_number: Text | None = Field(default=None, description="where an item asks for it")
    matter_id: UUID | None = Field(
        default=None, description="the matter that takes all of the items; its version is kept with the requests"
    )
    files: Files

    def to_input(self) -> NewSubmission:
        """Return it as the command takes it."""
        return NewSubmission(
            items=tuple(WantedItem(item.item_id, item.days, scope_of(item.divisions) or PROVINCE, item.duty) for item in self.items),
            reason=self.reason,
            beneficiaries=tuple(self.beneficiary_appointment_ids),
            mode=self.mode,
            starts_at=self.starts_at,
            case_number=self.case_number,
            matter_id=self.matter_id,
        )


class BasketItemBody(Input):
    """An item to keep for later."""

    item_id: UUID
    days: StrictInt | None = Field(default=None, description="null: not chosen yet")
    divisions: Divisions | None = Field(default=None, description="null: not chosen yet")


class BasketBody(Input):
    """Items to put into the basket; of those that lie there already, what is chosen is brought up to date."""

    items: list[BasketItemBody] = Field(min_length=1, max_length=50)

    def to_input(self) -> tuple[Chosen, ...]:
        """Return them as the command takes them."""
        return tuple(Chosen(item.item_id, scope_of(item.divisions), item.days) for item in self.items)


class TakeOutBody(Input):
    """Items to take out of the basket."""

    item_ids: list[UUID] = Field(min_length=1, max_length=50)


class CompareBody(Input):
    """A colleague to compare with."""

    appointment_id: UUID = Field(description="of somebody who serves in the department of the appointment in use; looking is recorded")


class SearchQuery(Input):
    """A search."""

    q: str = Field(max_length=100, description="words of names, of their pinyin or of their initials")
    limit: int = Field(default=8, ge=1, le=20, description="at most so many of each kind")


class SubmittedLineAnswer(Answer):
    """One line that now waits."""

    line_id: UUID
    item_id: UUID
    due_at: datetime


class SubmittedRequestAnswer(Answer):
    """One request of a submission."""

    request_id: UUID
    number: str
    beneficiary_official_id: UUID
    lines: tuple[SubmittedLineAnswer, ...]


class SubmissionAnswer(Answer):
    """What was taken in, one request for each beneficiary."""

    submission_id: UUID
    requests: tuple[SubmittedRequestAnswer, ...]

    @classmethod
    def of(cls, done: Submission) -> Self:
        """Take the result over."""
        return cls.model_validate(done)


class SubmissionRequestsAnswer(Answer):
    """The requests of a submission, as far as the caller may see them."""

    requests: tuple[RequestAnswer, ...]


class WaitingAnswer(Answer):
    """A request in which one waits for the item already."""

    request_id: UUID
    number: str

    @classmethod
    def of(cls, view: Waiting | None) -> Self | None:
        """Take the view over."""
        return cls.model_validate(view) if view is not None else None


class StandingAnswer(Answer):
    """How one stands to an item."""

    held: bool = Field(description="the function is open already, on some rows at least")
    until: datetime | None = Field(description="the end of the last temporary grant; null: by duty, or not held")
    waiting: WaitingAnswer | None
    may_ask: bool
    refusals: tuple[RefusalAnswer, ...] = Field(description="what stands against asking, whatever scope and days are named")
    conflicts: tuple[RefusalAnswer, ...] = Field(
        description="rules of separation of duty, by code: it may be asked for, and then waits for an exception from them"
    )

    @classmethod
    def of(cls, view: Standing) -> Self:
        """Take the view over; refusals come in the caller's language."""
        return cls(
            held=view.held,
            until=view.until,
            waiting=WaitingAnswer.of(view.waiting),
            may_ask=view.may_ask,
            refusals=refusals_of(view.refusals),
            conflicts=refusals_of(view.conflicts),
        )


class AskedItemAnswer(Answer):
    """An item as one would ask for it."""

    item: ItemAnswer
    standing: StandingAnswer
    waits_for: tuple[str, ...] = Field(description="departments whose senior administrators would be asked first")
    due_at: datetime = Field(description="by when they would answer")
    scope: ScopeAnswer | None = Field(description="as chosen last; null: not yet")
    days: int | None
    stage: int
    duty: str | None
    by_case: bool = Field(description="a rule of separation of duty on cases is about it: say `duty`, and name the case")

    @classmethod
    def of(cls, view: AskedItem) -> Self:
        """Take the view over."""
        return cls(
            item=ItemAnswer.of(view.entry),
            standing=StandingAnswer.of(view.standing),
            waits_for=view.waits_for,
            due_at=view.due_at,
            scope=ScopeAnswer.of(view.scope, ()) if view.scope is not None else None,
            days=view.days,
            stage=view.stage,
            duty=view.duty,
            by_case=view.by_case,
        )


class BasketAnswer(Answer):
    """What lies in the basket of the appointment in use, in the order in which it was put there."""

    items: tuple[AskedItemAnswer, ...]

    @classmethod
    def of(cls, items: tuple[AskedItem, ...]) -> Self:
        """Take the views over."""
        return cls(items=tuple(AskedItemAnswer.of(item) for item in items))


class AskedMatterAnswer(Answer):
    """A matter as one would ask for it."""

    id: UUID
    code: str
    name: str
    lead_department_name: str
    version: int
    items: tuple[AskedItemAnswer, ...]

    @classmethod
    def of(cls, view: AskedMatter) -> Self:
        """Take the view over."""
        return cls(
            id=view.id,
            code=view.code,
            name=view.name,
            lead_department_name=view.lead_department_name,
            version=view.version,
            items=tuple(AskedItemAnswer.of(item) for item in view.items),
        )


class HitAnswer(Answer):
    """One thing that was found."""

    kind: HitKind
    id: UUID
    code: str
    name: str
    place: str = Field(description="the subsystem that it belongs to; of a matter its code")
    owner: str = Field(description="the department that answers for it")
    held: bool = Field(description="open already; of a matter: all of it")
    until: datetime | None
    may_ask: bool
    items: tuple[UUID, ...] = Field(description="the items of it that may be asked for")
    count: int = Field(description="how many items it has")
    waiting: WaitingAnswer | None
    why: tuple[RefusalAnswer, ...] = Field(description="why nothing of it may be asked for")
    conflicts: tuple[RefusalAnswer, ...] = Field(description="rules of separation of duty that what may be asked for would wait for")

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """Take the view over."""
        return cls(
            kind=hit.kind,
            id=hit.id,
            code=hit.code,
            name=hit.name,
            place=hit.place,
            owner=hit.owner,
            held=hit.held,
            until=hit.until,
            may_ask=hit.may_ask,
            items=hit.items,
            count=hit.of,
            waiting=WaitingAnswer.of(hit.waiting),
            why=refusals_of(hit.why),
            conflicts=refusals_of(hit.conflicts),
        )


class HitsAnswer(Answer):
    """What a search found: matters, items, functions, service items, subsystems."""

    hits: tuple[HitAnswer, ...]


class DifferenceAnswer(Answer):
    """What a colleague may use and the caller may not."""

    colleague_official_id: UUID
    colleague_name: str
    items: tuple[AskedItemAnswer, ...] = Field(description="what of it has an item")
    closed: tuple[str, ...] = Field(description="names of functions that nobody may ask for")

    @classmethod
    def of(cls, view: Difference) -> Self:
        """Take the view over."""
        return cls(
            colleague_official_id=view.colleague_official_id,
            colleague_name=view.colleague_name,
            items=tuple(AskedItemAnswer.of(item) for item in view.items),
            closed=view.closed,
        )
