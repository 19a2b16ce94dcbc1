"""What the API takes in about approvals beside a yes or a no to one line, and what it gives out about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictBool, StrictInt

from govcloud.access.commands import Answer as Given
from govcloud.access.commands import Correction
from govcloud.access.deciding.delegating import DelegationView, NewDelegation
from govcloud.access.deciding.discussing import Remark
from govcloud.access.deciding.presigning import NewRule, SignedAgain
from govcloud.access.deciding.rule_lists import RuleView
from govcloud.access.deciding.together import Ballot
from govcloud.access.tasks.presigned import RuleState
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.entrypoints.api.file_bodies import Files
from govcloud.entrypoints.api.wire.answers import Answer, PersonAnswer, ScopeAnswer
from govcloud.entrypoints.api.wire.bodies import AlternativeBody, Divisions, Input, ListQuery, Text
from govcloud.entrypoints.api.wire.named import scope_of
from govcloud.entrypoints.api.wire.results import DecidedAnswer, RefusalAnswer

_MOST_LINES = 100
Version = Annotated[StrictInt, Field(description="the version of the line that was shown")]


class InboxQuery(ListQuery):
    """A page of the inbox."""

    below: bool = Field(default=False, description="all that one may decide on, whoever is asked first")


class AnswerBody(Input):
    """An answer to one line: `approve` (as requested or to less) or `reject` (with a reason)."""

    line_id: UUID
    version: Version
    outcome: Literal["approve", "reject"]
    divisions: Divisions | None = Field(default=None, description="of an approval: null is the rows that were requested")
    days: StrictInt | None = Field(default=None, description="of an approval: null is the days that were requested")
    reason_code: Text | None = Field(default=None, description="of a refusal")
    alternative: AlternativeBody | None = Field(default=None, description="of a refusal")
    comment: Text = Field(default="", description="at most 500 characters")
    evidence_hash: Text | None = None

    def to_ballot(self) -> Ballot:
        """Return it as the command takes it."""
        if self.outcome == "approve":
            given = Given.yes(scope_of(self.divisions), self.days, self.comment, self.evidence_hash)
        else:
            offer = (self.alternative or AlternativeBody()).to_input()
            given = Given.no(self.reason_code or "", self.comment, self.evidence_hash, offer)
        return Ballot(self.line_id, self.version, given)


class AnswersBody(Input):
    """Answers to several lines."""

    lines: Annotated[list[AnswerBody], Field(min_length=1, max_length=_MOST_LINES)]


class ReturnBody(Input):
    """Sending a line back for correction."""

    version: Version
    missing: Text = Field(description="what is missing, in at most 500 characters")


class ResubmitBody(Input):
    """A line as it is put up again, whole."""

    version: Version
    reason: Text
    days: StrictInt
    divisions: Divisions | None = Field(default=None, description="null is the whole province")
    case_number: Text | None = None
    files: Files

    def to_input(self) -> Correction:
        """Return it as the command takes it."""
        return Correction(self.reason, self.days, scope_of(self.divisions) or PROVINCE, self.case_number)


class RetractBody(Input):
    """Taking an approval back that has not opened yet."""

    version: Version
    reason_code: Text = Field(description="as of a refusal")
    comment: Text = Field(default="", description="at most 500 characters")


class ReassignBody(Input):
    """Giving a line to somebody else who may decide on it."""

    official_id: UUID
    reason: Text = Field(description="at most 500 characters")


class CommentBody(Input):
    """A comment on a line."""

    text: Text = Field(description="at most 500 characters")


class DelegationBody(Input):
    """To whom one lends the right to decide, from when until when."""

    delegate_appointment_id: UUID
    starts_at: AwareDatetime | None = Field(default=None, description="null is now")
    ends_at: AwareDatetime = Field(description="at most 180 days later")
    reason: Text
    out_of_office: StrictBool = Field(default=False, description="what one would be told goes to the delegate as well")

    def to_input(self, now: datetime) -> NewDelegation:
        """Return it as the command takes it."""
        return NewDelegation(self.delegate_appointment_id, self.starts_at or now, self.ends_at, self.reason, self.out_of_office)


class RuleBody(Input):
    """A rule to sign: for whom an item opens at once (tier `auto`) or when nobody answers, within which bounds, until when."""

    item_id: UUID
    departments: Annotated[list[UUID], Field(min_length=1, max_length=50)] = Field(description="and all departments below them")
    max_days: StrictInt
    divisions: Divisions | None = Field(default=None, description="the rows at the most; null is the whole province")
    ends_at: AwareDatetime = Field(description="at most 366 days from now")
    reason: Text
    item_version: StrictInt | None = Field(default=None, description="the version that one saw; left out: whichever stands now")
    on_silence: StrictBool = Field(
        default=False, description="speaks only when nobody answers in time (默许): for items of the tier `one` that are not sensitive"
    )

    def to_input(self) -> NewRule:
        """Return it as the command takes it."""
        scope = scope_of(self.divisions) or PROVINCE
        return NewRule(
            item_id=self.item_id,
            departments=tuple(self.departments),
            max_days=self.max_days,
            ends_at=self.ends_at,
            reason=self.reason,
            scope=scope,
            item_version=self.item_version,
            on_silence=self.on_silence,
        )


class SignAgainBody(Input):
    """Signing a rule anew, in one's own office and for the item as it is now; its bounds stay."""

    item_version: StrictInt = Field(description="the version that one saw")
    ends_at: AwareDatetime = Field(description="at most 366 days from now")
    reason: Text

    def to_input(self) -> SignedAgain:
        """Return it as the command takes it."""
        return SignedAgain(self.item_version, self.ends_at, self.reason)


class RuleEndBody(Input):
    """Ending a rule."""

    reason: Text


class VerdictAnswer(Answer):
    """What came of one answer: `decided`, or the `error` that stood against it."""

    line_id: UUID
    decided: DecidedAnswer | None
    error: RefusalAnswer | None
    refusals: tuple[RefusalAnswer, ...] = ()


class VerdictsAnswer(Answer):
    """What came of each answer, in the order of the lines' ids."""

    verdicts: tuple[VerdictAnswer, ...]


class DecidedTogetherAnswer(Answer):
    """What was decided in one act."""

    decided: tuple[DecidedAnswer, ...]


class ReturnedAnswer(Answer):
    """A line that was sent back."""

    line_id: UUID
    version: int
    at: datetime


class ResubmittedAnswer(Answer):
    """A line that waits again."""

    line_id: UUID
    version: int
    due_at: datetime
    blocked: bool = Field(description="separation of duty keeps it apart: it waits for an exception, and its clock stands")


class HeldLineAnswer(Answer):
    """A line after its task was taken on, let go, or given to another; `version` of the line is not changed by it."""

    line_id: UUID


class CandidateAnswer(Answer):
    """Somebody who may decide on a line."""

    official_id: UUID
    name: str
    department_name: str


class CandidatesAnswer(Answer):
    """To whom a line could be given."""

    candidates: tuple[CandidateAnswer, ...]


class CommentAnswer(Answer):
    """What somebody wrote about a line; `returned`: what was missing when it was sent back."""

    by: PersonAnswer
    text: str
    at: datetime
    returned: bool

    @classmethod
    def of(cls, remark: Remark) -> Self:
        """Take it over."""
        return cls(by=PersonAnswer.of(remark.by), text=remark.text, at=remark.at, returned=remark.returned)


class CommentsAnswer(Answer):
    """What was said about a line, the oldest first."""

    comments: tuple[CommentAnswer, ...]


class IdAnswer(Answer):
    """What was made."""

    id: UUID


class EndedAnswer(Answer):
    """Whether what was ended still held."""

    id: UUID
    ended: bool


class DelegationAnswer(Answer):
    """A delegation; `live` says that it counts now."""

    id: UUID
    delegator_id: UUID
    delegator: str
    delegate_id: UUID
    delegate: str
    starts_at: datetime
    ends_at: datetime
    out_of_office: bool
    reason: str
    ended_at: datetime | None
    live: bool

    @classmethod
    def of(cls, view: DelegationView) -> Self:
        """Take it over."""
        return cls.model_validate(view)


class DelegationsAnswer(Answer):
    """What one lent, and what was lent to one."""

    delegations: tuple[DelegationAnswer, ...]


class RuleAnswer(Answer):
    """A pre-signed rule, with how often it granted something."""

    id: UUID
    item_id: UUID
    item_name: str
    signer: str
    departments: tuple[str, ...]
    max_days: int
    scope: ScopeAnswer
    ends_at: datetime
    reason: str
    signed_at: datetime
    ended_at: datetime | None
    granted: int
    live: bool
    state: RuleState = Field(description="`item_changed` and `signer_gone` wait to be signed again")
    item_version: int | None = Field(description="for which version of the item it was signed")
    current_version: int = Field(description="the version of the item now")
    on_silence: bool

    @classmethod
    def of(cls, view: RuleView) -> Self:
        """Take it over."""
        known = {name: getattr(view, name) for name in cls.model_fields if name != "scope"}
        return cls(scope=ScopeAnswer.of(view.scope, view.scope_names), **known)


class RulesAnswer(Answer):
    """The rules of the departments for which one decides."""

    rules: tuple[RuleAnswer, ...]
