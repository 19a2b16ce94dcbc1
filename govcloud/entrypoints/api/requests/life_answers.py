"""What the API takes in and gives out about the life of grants: extension, rest, the end of many, acknowledgement, reports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictInt

from govcloud.access.commands import Rested
from govcloud.access.ending.views import Preview, RevocationView
from govcloud.access.reports.views import Expiring, Held, TimeToAccess, Waited
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, Text
from govcloud.entrypoints.api.wire.results import HeldAnswer

KindText: TypeAlias = Literal["person", "subsystem", "matter", "department"]


class ExtendBody(Input):
    """More days of one's own grant."""

    days: StrictInt = Field(description="full days of 24 hours from the end of the grant; all together within the item's cap")
    reason: Text = Field(description="why, in at most 1,000 characters")


class ReasonBody(Input):
    """Why."""

    reason: Text = Field(description="why, in at most 500 characters; the holder sees it")


class PreviewQuery(Input):
    """Whose grants would end."""

    kind: KindText
    target: str = Field(max_length=64, description="the id of a person, matter or department, or the code of a subsystem")


class RevokeManyBody(Input):
    """The end of what a preview showed."""

    kind: KindText
    target: Text
    reason: Text = Field(description="why, in at most 500 characters; the holders see it")
    confirmed: StrictInt = Field(description="`grants` of the preview; more than that end under no circumstances")
    seen_at: AwareDatetime = Field(description="`seen_at` of the preview; what was opened later stays")


class ReportQuery(Input):
    """A period."""

    days: int = Field(default=30, ge=1, le=92)


class SoonQuery(Input):
    """How far to look ahead."""

    days: int = Field(default=7, ge=1, le=366)
    limit: int = Field(default=50, ge=1, le=500)


class OfferAnswer(Answer):
    """For how long one's own grant can be extended."""

    item_id: UUID
    most: int = Field(description="days; less than 1: not at all")
    starts_at: datetime


class RestedAnswer(Answer):
    """A grant that rests, or works again."""

    grant_id: UUID
    suspended: bool
    replayed: bool = Field(description="it stood so before")

    @classmethod
    def of(cls, result: Rested) -> Self:
        """Take the result over."""
        return cls.model_validate(result)


class ToldAnswer(Answer):
    """What one client answered when it was told to sign the holder out."""

    subsystem_name: str
    state: str
    at: datetime | None


class TakenBackAnswer(Answer):
    """How the end of a grant reached its subsystem, as seen from what that did."""

    grant_id: UUID
    state: Literal["refused", "received", "told", "waiting"] = Field(
        description="`refused`: the holder was refused there since; `received`: the webhook was answered; `told`: every client confirmed "
        "the sign-out; `waiting`: nothing was seen yet (the next check is refused all the same)"
    )
    received_at: datetime | None
    refused_at: datetime | None
    told: tuple[ToldAnswer, ...]


class LostAnswer(Answer):
    """A function that people would lose."""

    subsystem_name: str
    function_name: str
    grants: int
    people: int


class PreviewAnswer(Answer):
    """What an order would end."""

    kind: KindText
    target: str
    label: str
    grants: int
    people: int
    functions: tuple[LostAnswer, ...]
    first: tuple[HeldAnswer, ...] = Field(description="the oldest of them")
    seen_at: datetime

    @classmethod
    def of(cls, view: Preview) -> Self:
        """Take the view over."""
        return cls(
            kind=view.kind.value,
            target=view.target,
            label=view.label,
            grants=view.grants,
            people=view.people,
            functions=tuple(LostAnswer.model_validate(item) for item in view.functions),
            first=tuple(HeldAnswer.of(item) for item in view.first),
            seen_at=view.seen_at,
        )


class RevocationAnswer(Answer):
    """An order to end many grants, and how far it is."""

    id: UUID
    kind: str
    label: str
    reason: str
    total: int
    done: int
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, view: RevocationView) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class WaitedAnswer(Answer):
    """How long requests waited until all was open that was approved of them; seconds, median and 95th percentile."""

    requests: int
    lines: int
    parallel: tuple[float, float] | None = Field(description="from the first line's submission to the last one's approval")
    serial: tuple[float, float] | None = Field(description="had the departments been asked one after another")

    @classmethod
    def of(cls, view: Waited) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class ByLinesAnswer(Answer):
    """Requests with so many lines; the highest number stands for all with as many or more."""

    lines: int
    waited: WaitedAnswer


class ByWeekAnswer(Answer):
    """Requests whose last line was approved in the week that begins on this Monday."""

    week: date
    waited: WaitedAnswer


class TimeToAccessAnswer(Answer):
    """The waiting of requests that were approved in `(since, until]`."""

    since: datetime
    until: datetime
    total: WaitedAnswer
    by_lines: tuple[ByLinesAnswer, ...]
    by_week: tuple[ByWeekAnswer, ...]

    @classmethod
    def of(cls, view: TimeToAccess) -> Self:
        """Take the view over."""
        return cls(
            since=view.since,
            until=view.until,
            total=WaitedAnswer.of(view.total),
            by_lines=tuple(ByLinesAnswer(lines=count, waited=WaitedAnswer.of(waited)) for count, waited in view.by_lines),
            by_week=tuple(ByWeekAnswer(week=week, waited=WaitedAnswer.of(waited)) for week, waited in view.by_week),
        )


class HeldSystemAnswer(Answer):
    """How access to one subsystem is held now."""

    subsystem_code: str
    subsystem_name: str
    grants: int
    people: int
    assignments: int
    duty_rules: int

    @classmethod
    def of(cls, view: Held) -> Self:
        """Take the view over."""
        return cls.model_validate(view)


class HeldSystemsAnswer(Answer):
    """Temporary access beside standing, by subsystem."""

    subsystems: tuple[HeldSystemAnswer, ...]


class DayCountAnswer(Answer):
    """How many grants end on a day."""

    day: date
    grants: int


class ExpiringAnswer(Answer):
    """The grants that end soon."""

    days: int
    by_day: tuple[DayCountAnswer, ...]
    first: tuple[HeldAnswer, ...]

    @classmethod
    def of(cls, view: Expiring) -> Self:
        """Take the view over."""
        return cls(
            days=view.days,
            by_day=tuple(DayCountAnswer(day=day, grants=count) for day, count in view.by_day),
            first=tuple(HeldAnswer.of(item) for item in view.first),
        )
