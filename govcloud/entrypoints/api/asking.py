"""Answers over the API: who may use a function, what somebody may use, why, and what was decided."""

from __future__ import annotations

from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.decision_log.reading import LogAsked
from govcloud.authorization.drafting.errors import no_such_draft
from govcloud.entrypoints.api.answering.asking_answers import (
    CheckAnswer,
    ChecksAnswer,
    DecisionLogAnswer,
    EnterableSubsystemsAnswer,
    ExplanationAnswer,
    HoldersAnswer,
    UsableFunctionsAnswer,
)
from govcloud.entrypoints.api.answering.asking_bodies import (
    CheckBody,
    ChecksBody,
    DecisionLogQuery,
    ExplainBody,
    FunctionsBody,
    PeopleBody,
    SubsystemsBody,
)
from govcloud.entrypoints.api.wire.table import Route
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.paging import Cursor
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
    take_share,
)
from govcloud.web.gate import current_actor, requires, services, signed_in


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
        min_epoch=body.min_epoch,
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
        min_epoch=body.min_epoch,
        limit=body.limit,
        after=body.cursor,
    )
    return UsableFunctionsAnswer.of(page)


@signed_in
def enterable_subsystems(body: SubsystemsBody) -> EnterableSubsystemsAnswer:
    """Which subsystems somebody may enter, now or as of a moment: oneself, or people in one's charge."""
    own = check_person(body.official_id, body.appointment_id, body.at)
    found = services().authorization_queries.answers.list_subsystems(
        body.official_id,
        body.appointment_id,
        body.resource,
        body.context,
        at=body.at,
        client_address=from_address(body.told_address, body.official_id, own=own),
        min_epoch=body.min_epoch,
    )
    return EnterableSubsystemsAnswer.of(found)


@signed_in
def check(body: CheckBody) -> CheckAnswer:
    """Whether somebody may use a function, now or as of a moment: oneself, or people in one's charge."""
    own = check_person(body.official_id, body.appointment_id, body.at)
    question = body.subjected(from_address(body.told_address, body.official_id, own=own))
    [found] = services().authorization_queries.answers.check([question], at=body.at, min_epoch=body.min_epoch)
    return CheckAnswer.of(found)


@signed_in
def check_batch(body: ChecksBody) -> ChecksAnswer:
    """Whether somebody may use functions, many at once: all of them about oneself, or about people in one's charge."""
    take_share(len(body.checks))
    # Each person is looked at once, and before anything is decided: a batch is answered whole or not at all.
    wanted = dict.fromkeys((one.official_id, one.appointment_id) for one in body.checks)
    addresses = {who: from_address(body.told_address, who[0], own=check_person(*who, body.at)) for who in wanted}
    questions = [body.subjected(one, addresses[one.official_id, one.appointment_id]) for one in body.checks]
    found = services().authorization_queries.answers.check(questions, at=body.at, min_epoch=body.min_epoch)
    return ChecksAnswer(checks=tuple(CheckAnswer.of(checked) for checked in found))


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
    found = answers.explain(
        body.official_id, body.appointment_id, asked, at=body.at, version_id=version_id, engine=engine, min_epoch=body.min_epoch
    )
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
        after=Cursor.from_text(query.cursor or ""),
        department_path=owner_path(query.subsystem) if query.subsystem else None,
    )
    return DecisionLogAnswer.of(services().decision_log.read(current_actor(), asked))


TABLE = (
    Route("POST", "/ask/people", function_people, HoldersAnswer, body=PeopleBody),
    Route("POST", "/ask/functions", usable_functions, UsableFunctionsAnswer, body=FunctionsBody),
    Route("POST", "/ask/subsystems", enterable_subsystems, EnterableSubsystemsAnswer, body=SubsystemsBody),
    Route("POST", "/ask/check", check, CheckAnswer, body=CheckBody),
    Route("POST", "/ask/checks", check_batch, ChecksAnswer, body=ChecksBody),
    Route("POST", "/ask/explain", explain, ExplanationAnswer, body=ExplainBody),
    Route("GET", "/decision-log", decision_log, DecisionLogAnswer, query=DecisionLogQuery),
)
