"""What the API gives out about policy drafts, versions and impacts."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from govcloud.authorization.drafting.checking import CaseRun, Finding
from govcloud.authorization.drafting.views import DraftView, ImpactView, ReviewView, ShadowView, TouchedPage, VersionView
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.web.locale import say


class DraftAnswer(Answer):
    """A draft without its text."""

    id: UUID
    title: str
    reason: str
    maker_id: UUID | None
    created_by: str
    base_number: int
    live_number: int
    stale: bool
    rollback_of: int | None
    source: str
    checksum: str
    revision: int
    state: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, draft: DraftView) -> Self:
        """Take the view over."""
        return cls.model_validate(draft)


class DraftsAnswer(Answer):
    """A page of drafts."""

    drafts: tuple[DraftAnswer, ...]
    cursor: UUID | None


class FindingAnswer(Answer):
    """Something that is wrong with a text, and where: line and column from 1."""

    line: int | None
    column: int | None
    place: str
    message: str

    @classmethod
    def all_of(cls, found: tuple[Finding, ...]) -> tuple[Self, ...]:
        """Take the findings over, in the language of the caller."""
        return tuple(cls(line=item.line, column=item.column, place=item.place, message=say(item.message)) for item in found)


class FindingsAnswer(Answer):
    """Everything that is wrong with the text of a draft; it can be submitted when there is nothing."""

    findings: tuple[FindingAnswer, ...]


class DraftIdAnswer(FindingsAnswer):
    """The draft that was made, with what is wrong with its text."""

    draft_id: UUID


class RevisionAnswer(FindingsAnswer):
    """The revision that a draft has now, with what is wrong with its text."""

    revision: int


class TextAnswer(Answer):
    """The text of a policy, word for word."""

    text: str
    checksum: str


class VersionAnswer(Answer):
    """A version that is or was in force."""

    number: int
    source: str
    checksum: str
    installed_at: datetime
    installed_by: str
    basis: str
    note: str
    maker_id: UUID | None
    reviewer_id: UUID | None

    @classmethod
    def of(cls, version: VersionView) -> Self:
        """Take the view over."""
        return cls.model_validate(version)


class VersionsAnswer(Answer):
    """A page of versions, and how many people could approve a draft (two are needed)."""

    versions: tuple[VersionAnswer, ...]
    officers: int
    cursor: int | None


class CasesAnswer(Answer):
    """What the cases said about a draft."""

    cases: int
    failed: int
    shown: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, run: CaseRun) -> Self:
        """Take the result over."""
        return cls.model_validate(run)


class ReviewIdAnswer(Answer):
    """The review that was written down."""

    review_id: UUID


class VersionNumberAnswer(Answer):
    """The version that is in force now."""

    number: int


class FunctionImpactAnswer(Answer):
    """One function with how many appointments gain it, lose it, or have it on other rows or conditions."""

    function: str
    name: str
    gains: int
    losses: int
    altered: int


class ImpactAnswer(Answer):
    """What a draft would change; while it is worked out, how far that is. `digest` names it for an approval."""

    id: UUID
    checksum: str
    base_number: int
    state: str
    at: datetime
    percent: int
    digest: str | None
    error: str | None
    population: int
    touched: int
    gains: int
    losses: int
    altered: int
    functions: tuple[FunctionImpactAnswer, ...]
    unknown: tuple[str, ...]
    roles_lost: tuple[str, ...]

    @classmethod
    def of(cls, impact: ImpactView) -> Self:
        """Take the view over."""
        return cls(
            id=impact.id,
            checksum=impact.checksum,
            base_number=impact.base_number,
            state=impact.state,
            at=impact.at,
            percent=impact.percent,
            digest=impact.digest,
            error=say(impact.error) if impact.error else None,
            population=impact.totals.population,
            touched=impact.totals.touched,
            gains=impact.totals.gains,
            losses=impact.totals.losses,
            altered=impact.totals.altered,
            functions=tuple(FunctionImpactAnswer.model_validate(item) for item in impact.functions),
            unknown=impact.unknown,
            roles_lost=impact.roles_lost,
        )


class ImpactIdAnswer(Answer):
    """The impact that was asked for; it may still be worked out."""

    impact_id: UUID


class TouchedAnswer(Answer):
    """Somebody whom a draft touches, by what, and how."""

    official_id: UUID
    appointment_id: UUID | None
    name: str
    employee_code: str
    department_name: str
    position: str
    roles: tuple[str, ...]
    effects: dict[str, str]


class PeopleAnswer(Answer):
    """A page of people."""

    people: tuple[TouchedAnswer, ...]
    cursor: str | None

    @classmethod
    def of(cls, page: TouchedPage) -> Self:
        """Take the page over."""
        people = tuple(
            TouchedAnswer(
                official_id=person.official_id,
                appointment_id=person.appointment_id,
                name=person.name,
                employee_code=person.employee_code,
                department_name=person.department_name,
                position=person.position,
                roles=group.roles,
                effects={function: str(effect) for function, effect in group.effects.items()},
            )
            for person, group in page.rows
        )
        return cls(people=people, cursor=page.after)


class ReviewAnswer(Answer):
    """What a second person said about one revision."""

    id: UUID
    reviewer_id: UUID
    revision: int
    checksum: str
    verdict: str
    comment: str
    at: datetime

    @classmethod
    def of(cls, review: ReviewView) -> Self:
        """Take the view over."""
        return cls.model_validate(review)


class ReviewsAnswer(Answer):
    """Everything that was said about a draft, the last word first."""

    reviews: tuple[ReviewAnswer, ...]


class ShadowDifferenceAnswer(Answer):
    """How often one function was answered otherwise, and what both said."""

    function: str
    live: str
    shadow: str
    times: int
    last_at: datetime


class ShadowSampleAnswer(Answer):
    """One question on which the two differed; of the thing asked about only the division is kept."""

    at: datetime
    official_id: UUID | None
    appointment_id: UUID | None
    function: str
    division: str | None
    live: str
    shadow: str


class ShadowAnswer(Answer):
    """How a draft decided beside the live policy; the counts are of sampled questions."""

    id: UUID
    checksum: str
    started_at: datetime
    until: datetime
    ended_at: datetime | None
    checked: int
    different: int
    dropped: int
    differences: tuple[ShadowDifferenceAnswer, ...]
    samples: tuple[ShadowSampleAnswer, ...]

    @classmethod
    def of(cls, shadow: ShadowView) -> Self:
        """Take the view over."""
        return cls.model_validate(shadow)


class ShadowIdAnswer(Answer):
    """The shadow that was started."""

    shadow_id: UUID
