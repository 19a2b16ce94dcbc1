"""What the API gives out of answers: lists, checks, explanations and the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from govcloud.authorization.answers.checking import Checked
from govcloud.authorization.answers.entries import FunctionPage, PeoplePage, Subsystems
from govcloud.authorization.answers.explanation import Considered, Explanation
from govcloud.authorization.answers.nearest import Remedy
from govcloud.authorization.deciding.obligations import obligations_of
from govcloud.authorization.decision_log.reading import LogPage
from govcloud.entrypoints.api.answering.duty_answers import CauseAnswer
from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.web.gate import services
from govcloud.web.locale import say


class HolderAnswer(Answer):
    """Somebody who may use the function, or may if the question said more."""

    official_id: UUID
    name: str
    state: str = Field(description="`allowed`, or `conditional`: undetermined without `missing`")
    missing: tuple[str, ...]
    appointments: tuple[UUID | None, ...] = Field(description="under which it is so; null: under none at all")
    because: tuple[str, ...] = Field(description="`role:<code>`, `duty:<id>`, `grant`, `everybody`")


class HoldersAnswer(Answer):
    """A page of people, in the order of their ids; it may hold fewer than were asked for and still have a next one."""

    people: tuple[HolderAnswer, ...]
    cursor: UUID | None
    epoch: int

    @classmethod
    def of(cls, page: PeoplePage) -> Self:
        """Put names to the page, all at once."""
        names = services().identity_queries.official_names(entry.id for entry in page.rows)
        people = tuple(
            HolderAnswer(
                official_id=entry.id,
                name=names.get(entry.id, ""),
                state=str(entry.state),
                missing=entry.missing,
                appointments=entry.under,
                because=entry.because,
            )
            for entry in page.rows
        )
        return cls(people=people, cursor=page.after, epoch=page.epoch)


class UsableAnswer(Answer):
    """A function that somebody may use, or may if the question said more."""

    function: str
    name: str
    state: str
    missing: tuple[str, ...]


class UsableFunctionsAnswer(Answer):
    """A page of functions, in the order of their codes."""

    functions: tuple[UsableAnswer, ...]
    cursor: str | None
    epoch: int

    @classmethod
    def of(cls, page: FunctionPage) -> Self:
        """Take the page over."""
        rows = tuple(UsableAnswer(function=row.id, name=row.name, state=str(row.state), missing=row.missing) for row in page.rows)
        return cls(functions=rows, cursor=page.after, epoch=page.epoch)


class EnterableAnswer(Answer):
    """A subsystem that somebody may enter, or may if the question said more."""

    subsystem: str
    name: str
    launch_url: str | None
    state: str = Field(description="`allowed`, or `conditional`: undetermined without `missing`")
    missing: tuple[str, ...]


class EnterableSubsystemsAnswer(Answer):
    """The published subsystems whose door is open, in the order of their codes: all of them."""

    subsystems: tuple[EnterableAnswer, ...]
    epoch: int

    @classmethod
    def of(cls, found: Subsystems) -> Self:
        """Take the list over."""
        rows = tuple(
            EnterableAnswer(
                subsystem=row.subsystem.code,
                name=row.subsystem.name,
                launch_url=row.subsystem.launch_url,
                state=str(row.state),
                missing=row.missing,
            )
            for row in found.rows
        )
        return cls(subsystems=rows, epoch=found.epoch)


class CheckAnswer(Answer):
    """One decision, as a subsystem would get it; `missing` names what an answer that is `conditional` lacks."""

    allowed: bool
    state: str
    reason: str
    message: str
    missing: tuple[str, ...]
    obligations: dict[str, Any] = Field(description="which rows (with `label_at_most`) and fields a yes opens; empty: all of them, or a no")
    ends_at: datetime | None
    epoch: int

    @classmethod
    def of(cls, found: Checked) -> Self:
        """Take the answer over."""
        decision = found.decision
        return cls(
            allowed=decision.allowed,
            state=str(found.state),
            reason=str(decision.code),
            message=say(decision.message),
            missing=found.missing,
            obligations=obligations_of(decision),
            ends_at=decision.ends_at,
            epoch=decision.epoch,
        )


class ChecksAnswer(Answer):
    """Decisions in the order of the questions, all at one state of what is known."""

    checks: tuple[CheckAnswer, ...]


class RemedyAnswer(Answer):
    """One thing that would mend a denial; the nearest stands first."""

    kind: str = Field(description="`request`, `other_appointment`, `wait`, `condition`, `missing`, `rows`, `label`, `level` or `rule`")
    rule: str
    condition: str
    missing: tuple[str, ...]
    at: datetime | None = Field(description="from when it would be open")
    until: datetime | None
    divisions: tuple[str, ...] | None = Field(
        description="of `rows`: the divisions all of whose rows are open; null: every row, or no `rows`"
    )
    rows: dict[str, Any] | None = Field(description="of `rows`: all that is open, also by department and case, as obligations have it")
    url: str | None = Field(description="of `request`: the page that opens the request")
    item_id: UUID | None
    appointment_id: UUID | None = Field(description="of `other_appointment`")
    needs: int | None = Field(description="of `label`: the clearance, of `level`: the integration level that it takes")
    has: int | None = Field(description="what there is of it")

    @classmethod
    def of(cls, remedy: Remedy) -> Self:
        """Take the remedy over, with the address of the request."""
        item = remedy.item
        return cls(
            kind=str(remedy.kind),
            rule=remedy.rule,
            condition=remedy.condition,
            missing=remedy.missing,
            at=remedy.at,
            until=remedy.until,
            divisions=remedy.rows.divisions if remedy.rows else None,
            rows=remedy.rows.to_json() if remedy.rows else None,
            url=f"{services().settings.public_url}/requests/new?item={item.id}" if item else None,
            item_id=item.id if item else None,
            appointment_id=remedy.subject.appointment_id if remedy.subject else None,
            needs=remedy.needs,
            has=remedy.has,
        )


class ConsideredAnswer(Answer):
    """A rule about the function and how it fared; null is not to be said without `missing`."""

    role: str
    function: str
    effect: str
    condition: str
    scope: str
    label: str
    held: bool
    reaches: bool | None
    kept: bool = Field(description="whether the function's integration level enforces what the rule bounds")
    holds: bool | None
    matched: bool | None
    missing: tuple[str, ...]

    @classmethod
    def of(cls, item: Considered) -> Self:
        """Take the rule over."""
        rule = item.rule
        return cls(
            role=rule.role,
            function=rule.function,
            effect=rule.effect,
            condition=rule.condition,
            scope=rule.scope_expr,
            label=rule.label,
            held=item.held,
            reaches=item.reaches,
            kept=item.kept,
            holds=item.holds,
            matched=item.matched,
            missing=item.missing,
        )


class ExplanationAnswer(Answer):
    """An answer with what stands behind it; `rules` only for those who may try decisions out."""

    allowed: bool
    state: str
    reason: str
    message: str
    at: datetime
    policy: int = Field(description="number of the version that decided; 0: the shipped policy, or a draft")
    draft_id: UUID | None = Field(description="the draft that decided, for a trial; null: a version that is or was in force")
    epoch: int
    missing: tuple[str, ...]
    rule: str | None
    role: str | None
    causes: tuple[CauseAnswer, ...]
    remedies: tuple[RemedyAnswer, ...]
    rules: tuple[ConsideredAnswer, ...]

    @classmethod
    def of(cls, found: Explanation, *, rules: bool, draft_id: UUID | None) -> Self:
        """Take the explanation over; ``draft_id`` names the draft that decided."""
        return cls(
            allowed=found.decision.allowed,
            state=str(found.state),
            reason=str(found.decision.code),
            message=say(found.decision.message),
            at=found.at,
            policy=found.policy,
            draft_id=draft_id,
            epoch=found.decision.epoch,
            missing=found.missing,
            rule=found.decision.rule,
            role=found.decision.role,
            causes=tuple(CauseAnswer.of(cause) for cause in found.causes),
            remedies=tuple(RemedyAnswer.of(remedy) for remedy in found.remedies),
            rules=tuple(ConsideredAnswer.of(item) for item in found.considered) if rules else (),
        )


class LoggedAnswer(Answer):
    """A decision that was kept; `kind` says why: `denied`, `sensitive` or `sampled`."""

    at: datetime
    kind: str
    official_id: UUID | None
    appointment_id: UUID | None
    client_id: str
    function: str
    allowed: bool
    reason: str
    role: str | None
    rule: str | None
    grant_id: UUID | None
    resource_type: str | None
    division: str | None
    epoch: int
    trace_id: str | None


class DecisionLogAnswer(Answer):
    """A page of the decision log, the newest first; `lost` counts decisions in that time which could not be written down."""

    entries: tuple[LoggedAnswer, ...]
    cursor: str | None
    lost: int

    @classmethod
    def of(cls, page: LogPage) -> Self:
        """Take the page over."""
        entries = tuple(LoggedAnswer.model_validate(row) for row in page.rows)
        return cls(entries=entries, cursor=page.after.to_text() if page.after else None, lost=page.lost)
