"""The part of the API for approvers beside a yes or a no to one line, and for requesters whose line was sent back."""

from __future__ import annotations

from uuid import UUID

from govcloud.access.commands import Resubmitted
from govcloud.access.deciding.together import Verdict
from govcloud.entrypoints.api.file_bodies import attachments_of
from govcloud.entrypoints.api.requests.approval_bodies import (
    AnswersBody,
    CandidateAnswer,
    CandidatesAnswer,
    CommentAnswer,
    CommentBody,
    CommentsAnswer,
    DecidedTogetherAnswer,
    DelegationAnswer,
    DelegationBody,
    DelegationsAnswer,
    EndedAnswer,
    HeldLineAnswer,
    IdAnswer,
    ReassignBody,
    ResubmitBody,
    ResubmittedAnswer,
    RetractBody,
    ReturnBody,
    ReturnedAnswer,
    RuleAnswer,
    RuleBody,
    RuleEndBody,
    RulesAnswer,
    SignAgainBody,
    VerdictAnswer,
    VerdictsAnswer,
)
from govcloud.entrypoints.api.wire.errors import refusals_of
from govcloud.entrypoints.api.wire.results import DecidedAnswer, RefusalAnswer
from govcloud.entrypoints.api.wire.table import Once, Route
from govcloud.web.gate import current_actor, reader_session, requires, services, signed_in
from govcloud.web.locale import say

_SIGN = "govcloud:approval_rule:sign"


@signed_in
def decide_each(body: AnswersBody) -> VerdictsAnswer:
    """Answer several lines, each on its own: one that is refused is refused alone."""
    verdicts = services().approving.together.each(current_actor(), [line.to_ballot() for line in body.lines])
    return VerdictsAnswer(verdicts=tuple(_verdict(verdict) for verdict in verdicts))


@signed_in
def decide_request(request_id: UUID, body: AnswersBody) -> DecidedTogetherAnswer:
    """Answer several lines of one request in one act: all of it stands, or nothing does."""
    decided = services().approving.together.of_request(current_actor(), request_id, [line.to_ballot() for line in body.lines])
    return DecidedTogetherAnswer(decided=tuple(DecidedAnswer.of(one) for one in decided))


@signed_in
def return_line(line_id: UUID, body: ReturnBody) -> ReturnedAnswer:
    """Send a line back for correction, with what is missing; at most twice."""
    return ReturnedAnswer.model_validate(services().approving.returning.send_back(current_actor(), line_id, body.version, body.missing))


@signed_in
def resubmit_line(line_id: UUID, body: ResubmitBody) -> ResubmittedAnswer:
    """Put a line that was sent back up for decision again; what was approved before no longer counts."""
    actor, given = current_actor(), body.to_input()

    def again() -> Resubmitted:
        return services().approving.returning.resubmit(actor, line_id, body.version, given)

    done = services().asking.correct(actor, line_id, attachments_of(body.files), again)
    return ResubmittedAnswer.model_validate(done)


@signed_in
def retract_line(line_id: UUID, body: RetractBody) -> DecidedAnswer:
    """Take an approval back that is held back for other lines of its request; the line is refused, and the request does not open."""
    return DecidedAnswer.of(services().approving.retracting.retract(current_actor(), line_id, body.version, body.reason_code, body.comment))


@signed_in
def claim_line(line_id: UUID) -> HeldLineAnswer:
    """Take a line on for eight hours, so that nobody else decides on it."""
    services().approving.handling.claim(current_actor(), line_id)
    return HeldLineAnswer(line_id=line_id)


@signed_in
def release_line(line_id: UUID) -> HeldLineAnswer:
    """Let a line go that one has taken on."""
    services().approving.handling.release(current_actor(), line_id)
    return HeldLineAnswer(line_id=line_id)


@signed_in
def reassign_line(line_id: UUID, body: ReassignBody) -> HeldLineAnswer:
    """Give a line to another candidate, with a reason."""
    services().approving.handling.reassign(current_actor(), line_id, body.official_id, body.reason)
    return HeldLineAnswer(line_id=line_id)


@signed_in
def line_candidates(line_id: UUID) -> CandidatesAnswer:
    """To whom a line could be given, the nearest first; for its approvers."""
    services().access_queries.decision_page(current_actor(), line_id)  # nobody else may know who they are
    found = services().approving.handling.candidates(line_id)
    return CandidatesAnswer(candidates=tuple(CandidateAnswer.model_validate(one) for one in found))


@signed_in
def comments(line_id: UUID) -> CommentsAnswer:
    """What was said about a line; for its requester, its beneficiary and its approvers."""
    services().access_queries.line(current_actor(), line_id)
    return CommentsAnswer(comments=tuple(CommentAnswer.of(remark) for remark in services().approving.discussing.remarks(line_id)))


@signed_in
def add_comment(line_id: UUID, body: CommentBody) -> IdAnswer:
    """Write a comment on a line."""
    return IdAnswer(id=services().approving.discussing.comment(current_actor(), line_id, body.text))


@signed_in
def list_delegations() -> DelegationsAnswer:
    """What one lent, and what was lent to one, the latest first."""
    found = services().approving.delegating.of(reader_session().official_id)
    return DelegationsAnswer(delegations=tuple(DelegationAnswer.of(view) for view in found))


@signed_in
def add_delegation(body: DelegationBody) -> IdAnswer:
    """Let somebody decide in one's right for a while; one keeps it oneself, and together one counts once."""
    return IdAnswer(id=services().approving.delegating.delegate(current_actor(), body.to_input(services().clock.now())))


@signed_in
def end_delegation(delegation_id: UUID) -> EndedAnswer:
    """Take back what one lent, or give back what was lent to one."""
    return EndedAnswer(id=delegation_id, ended=services().approving.delegating.end(current_actor(), delegation_id))


@requires(_SIGN)
def list_approval_rules() -> RulesAnswer:
    """The pre-signed rules of the departments for which one decides, the latest first."""
    return RulesAnswer(rules=tuple(RuleAnswer.of(view) for view in services().approving.presigning.within(current_actor())))


@signed_in
def sign_approval_rule(body: RuleBody) -> IdAnswer:
    """Say yes in advance: requests within the rule are granted at once, in the name of whoever signed it."""
    return IdAnswer(id=services().approving.presigning.sign(current_actor(), body.to_input()))


@signed_in
def sign_approval_rule_again(rule_id: UUID, body: SignAgainBody) -> IdAnswer:
    """Sign a rule anew whose item changed, or whose signer left the office; the old one ends."""
    return IdAnswer(id=services().approving.presigning.sign_again(current_actor(), rule_id, body.to_input()))


@signed_in
def end_approval_rule(rule_id: UUID, body: RuleEndBody) -> EndedAnswer:
    """Let a rule grant nothing any more; what it granted runs on."""
    return EndedAnswer(id=rule_id, ended=services().approving.presigning.end(current_actor(), rule_id, body.reason))


def _verdict(verdict: Verdict) -> VerdictAnswer:
    error = verdict.error
    return VerdictAnswer(
        line_id=verdict.line_id,
        decided=DecidedAnswer.of(verdict.decided) if verdict.decided else None,
        error=RefusalAnswer(code=error.code, message=say(error.message)) if error else None,
        refusals=refusals_of(error.refusals) if error else (),
    )


TABLE = (
    Route("POST", "/lines/decide", decide_each, VerdictsAnswer, body=AnswersBody, once=Once.APART),
    Route("POST", "/requests/<uuid:request_id>/decide", decide_request, DecidedTogetherAnswer, body=AnswersBody),
    Route("POST", "/lines/<uuid:line_id>/return", return_line, ReturnedAnswer, body=ReturnBody),
    Route("POST", "/lines/<uuid:line_id>/resubmit", resubmit_line, ResubmittedAnswer, body=ResubmitBody, takes_files=True),
    Route("POST", "/lines/<uuid:line_id>/retract", retract_line, DecidedAnswer, body=RetractBody),
    Route("POST", "/lines/<uuid:line_id>/claim", claim_line, HeldLineAnswer),
    Route("POST", "/lines/<uuid:line_id>/release", release_line, HeldLineAnswer),
    Route("POST", "/lines/<uuid:line_id>/reassign", reassign_line, HeldLineAnswer, body=ReassignBody),
    Route("GET", "/lines/<uuid:line_id>/candidates", line_candidates, CandidatesAnswer),
    Route("GET", "/lines/<uuid:line_id>/comments", comments, CommentsAnswer),
    Route("POST", "/lines/<uuid:line_id>/comments", add_comment, IdAnswer, body=CommentBody),
    Route("GET", "/delegations", list_delegations, DelegationsAnswer),
    Route("POST", "/delegations", add_delegation, IdAnswer, body=DelegationBody),
    Route("POST", "/delegations/<uuid:delegation_id>/end", end_delegation, EndedAnswer),
    Route("GET", "/approval-rules", list_approval_rules, RulesAnswer),
    Route("POST", "/approval-rules", sign_approval_rule, IdAnswer, body=RuleBody),
    Route("POST", "/approval-rules/<uuid:rule_id>/sign-again", sign_approval_rule_again, IdAnswer, body=SignAgainBody),
    Route("POST", "/approval-rules/<uuid:rule_id>/end", end_approval_rule, EndedAnswer, body=RuleEndBody),
)
