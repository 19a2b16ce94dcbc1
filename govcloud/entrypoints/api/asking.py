"""Answers over the API: who may use a function, what somebody may use, why, and what was decided."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from govcloud.authorization.answers.entries import PeoplePage
from govcloud.authorization.answers.explanation import Considered, Explanation
from govcloud.authorization.answers.nearest import Remedy
from govcloud.authorization.decision_log.reading import LogAsked, LogCursor, LogEntry
from govcloud.authorization.drafting.errors import no_such_draft
from govcloud.authorization.engine import Engine
from govcloud.entrypoints.api.answers import Answer
from govcloud.entrypoints.api.asking_bodies import DecisionLogQuery, ExplainBody, FunctionsBody, PeopleBody
from govcloud.entrypoints.api.duty_answers import CauseAnswer
from govcloud.entrypoints.api.table import Route
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.web.asking import (
    HOLDERS,
    LOG,
    READ_POLICIES,
    TRY,
    check_person,
    from_address,
    may,
    may_ask_about,
    not_your_function,
    owner_path,
)
from govcloud.web.gate import current_actor, requires, services, signed_in
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


class RemedyAnswer(Answer):
    """One thing that would mend a denial; the nearest stands first."""

    kind: str = Field(description="`request`, `other_appointment`, `wait`, `condition`, `missing`, `rows`, `label`, `level` or `rule`")
    rule: str
    condition: str
    missing: tuple[str, ...]
    at: datetime | None = Field(description="from when it would be open")
    until: datetime | None
    divisions: tuple[str, ...] | None = Field(description="of `rows`: the divisions that are open")
    url: str | None = Field(description="of `request`: the page that opens the request")
    item_id: UUID | None
    appointment_id: UUID | None = Field(description="of `other_appointment`")

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
            url=f"{services().settings.public_url}/requests/new?item={item.id}" if item else None,
            item_id=item.id if item else None,
            appointment_id=remedy.subject.appointment_id if remedy.subject else None,
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


@requires(HOLDERS)
def function_people(body: PeopleBody) -> HoldersAnswer:
    """Who may use a function, under whichever appointment, now or as of a moment."""
    if not may_ask_about(body.function):
        raise not_your_function()
    page = services().authorization_queries.answers.list_people(
        body.function,
        body.resource,
        body.context,
        at=body.at,
        department_id=body.department_id,
        every_appointment=True,
        client_address=body.told_address,
        limit=body.limit,
        after=body.cursor,
    )
    return HoldersAnswer.of(page)


@signed_in
def usable_functions(body: FunctionsBody) -> UsableFunctionsAnswer:
    """What somebody may use in a subsystem, now or as of a moment: oneself, or people in one's charge."""
    own = check_person(body.official_id, body.appointment_id, body.at)
    page = services().authorization_queries.answers.list_functions(
        body.official_id,
        body.appointment_id,
        body.subsystem,
        body.resource,
        body.context,
        at=body.at,
        client_address=from_address(body.told_address, body.official_id, own=own),
        limit=body.limit,
        after=body.cursor,
    )
    rows = tuple(UsableAnswer(function=row.id, name=row.name, state=str(row.state), missing=row.missing) for row in page.rows)
    return UsableFunctionsAnswer(functions=rows, cursor=page.after, epoch=page.epoch)


@signed_in
def explain(body: ExplainBody) -> ExplanationAnswer:
    """Why somebody may use a function, or what would mend that they may not: oneself, or people in one's charge."""
    own = check_person(body.official_id, body.appointment_id, body.at)
    asked = body.asked(from_address(body.told_address, body.official_id, own=own))
    tries = may(TRY, None, "official", body.official_id)
    answers = services().authorization_queries.answers
    version_id = answers.version(body.policy) if body.policy is not None and tries else None
    if body.policy is not None and version_id is None:
        raise NotFound.of(Message("策略"), body.policy)
    engine = _draft_engine(body, tries=tries)
    found = answers.explain(body.official_id, body.appointment_id, asked, at=body.at, version_id=version_id, engine=engine)
    return ExplanationAnswer.of(found, rules=tries, draft_id=body.draft_id)


def _draft_engine(body: ExplainBody, *, tries: bool) -> Engine | None:
    """Return what decides by the draft that is asked for, if one is; ``tries``: the caller may try decisions out.

    Raises:
        NotFound: there is none, or the caller may not read drafts.
        Invalid: a version is asked for as well; or the draft has errors.
    """
    if body.draft_id is None:
        return None
    if not tries or not may(READ_POLICIES, None, "policy_draft", body.draft_id):
        raise no_such_draft(body.draft_id)
    if body.policy is not None:
        raise Invalid.of(FieldError("draft_id", Message("版本和草稿只能选一个。"), str(body.draft_id)))
    return services().draft_queries.engine(body.draft_id)


@requires(LOG)
def decision_log(query: DecisionLogQuery) -> DecisionLogAnswer:
    """The decision log, the newest first; reading it is itself recorded."""
    asked = LogAsked(
        official_id=query.official_id,
        function=query.function,
        subsystem=query.subsystem,
        kind=query.kind,
        reason=query.reason,
        since=query.since,
        until=query.until,
        limit=query.limit,
        after=LogCursor.from_text(query.cursor or ""),
        department_path=owner_path(query.subsystem) if query.subsystem else None,
    )
    page = services().decision_log.read(current_actor(), asked)
    entries = tuple(_logged(row) for row in page.rows)
    return DecisionLogAnswer(entries=entries, cursor=page.after.to_text() if page.after else None, lost=page.lost)


def _logged(row: LogEntry) -> LoggedAnswer:
    return LoggedAnswer.model_validate(row)


TABLE = (
    Route("POST", "/ask/people", function_people, HoldersAnswer, body=PeopleBody),
    Route("POST", "/ask/functions", usable_functions, UsableFunctionsAnswer, body=FunctionsBody),
    Route("POST", "/ask/explain", explain, ExplanationAnswer, body=ExplainBody),
    Route("GET", "/decision-log", decision_log, DecisionLogAnswer, query=DecisionLogQuery),
)
