"""Separation of duty and decision receipts over the API."""

from __future__ import annotations

from uuid import UUID

from govcloud.authorization.apart.views import RulePreview
from govcloud.entrypoints.api.answering.apart_bodies import (
    ReceiptAnswer,
    ReceiptsAnswer,
    ReceiptSignatureBody,
    SodDraftAnswer,
    SodDraftIdAnswer,
    SodDraftsAnswer,
    SodExceptionAnswer,
    SodExceptionBody,
    SodExceptionIdAnswer,
    SodExceptionsAnswer,
    SodListQuery,
    SodPreviewAnswer,
    SodReasonBody,
    SodRuleAnswer,
    SodRuleBody,
    SodRulesAnswer,
    SodVersionAnswer,
    SodViolationAnswer,
    SodViolationsAnswer,
)
from govcloud.entrypoints.api.answering.duty_answers import ChangedAnswer
from govcloud.entrypoints.api.wire.table import Route
from govcloud.web.gate import current_actor, requires, services, signed_in

READ = "govcloud:sod_rule:read"


@requires(READ)
def sod_rules() -> SodRulesAnswer:
    """The rules of separation of duty in force."""
    return SodRulesAnswer(rules=tuple(SodRuleAnswer.of(rule) for rule in services().authorization_queries.apart.rules()))


@requires(READ)
def sod_rule(code: str) -> SodRulesAnswer:
    """Every version of a rule, the newest first."""
    return SodRulesAnswer(rules=tuple(SodRuleAnswer.of(rule) for rule in services().authorization_queries.apart.versions(code)))


@requires(READ)
def sod_breaches(code: str) -> SodPreviewAnswer:
    """Who breaks a rule now."""
    queries = services().authorization_queries.apart
    return _preview(queries.breaches(queries.versions(code)[0]))


@signed_in
def propose_sod_rule(body: SodRuleBody) -> SodDraftIdAnswer:
    """Propose a rule, new or changed; a second person puts it in force."""
    return SodDraftIdAnswer(draft_id=services().apart.propose_rule(current_actor(), body.rule()))


@signed_in
def propose_sod_end(code: str, body: SodReasonBody) -> SodDraftIdAnswer:
    """Propose that a rule be no more."""
    return SodDraftIdAnswer(draft_id=services().apart.propose_end(current_actor(), code, body.reason))


@requires(READ)
def sod_drafts() -> SodDraftsAnswer:
    """The drafts that wait for a second person, the oldest first."""
    return SodDraftsAnswer(drafts=tuple(SodDraftAnswer.of(draft) for draft in services().authorization_queries.apart.drafts()))


@requires(READ)
def sod_draft_preview(draft_id: UUID) -> SodPreviewAnswer:
    """Who would break a draft's rule if it came into force now."""
    queries = services().authorization_queries.apart
    return _preview(queries.preview(queries.draft(draft_id)))


@signed_in
def approve_sod_draft(draft_id: UUID) -> SodVersionAnswer:
    """Put a draft in force that somebody else proposed."""
    return SodVersionAnswer(version=services().apart.approve_rule(current_actor(), draft_id))


@signed_in
def drop_sod_draft(draft_id: UUID, body: SodReasonBody) -> ChangedAnswer:
    """Throw a draft away."""
    services().apart.drop_rule(current_actor(), draft_id, body.reason)
    return ChangedAnswer(changed=True)


@requires(READ)
def sod_exceptions(query: SodListQuery) -> SodExceptionsAnswer:
    """The exceptions that hold, the oldest first."""
    found = services().authorization_queries.apart.exceptions(after=query.cursor, limit=query.limit)
    cursor = found[-1].id if len(found) == query.limit else None
    return SodExceptionsAnswer(exceptions=tuple(SodExceptionAnswer.of(one) for one in found), cursor=cursor)


@signed_in
def give_sod_exception(body: SodExceptionBody) -> SodExceptionIdAnswer:
    """Let an official of another department hold together what a rule keeps apart, until a day."""
    return SodExceptionIdAnswer(exception_id=services().apart.give_exception(current_actor(), body.exception()))


@signed_in
def end_sod_exception(exception_id: UUID, body: SodReasonBody) -> ChangedAnswer:
    """Take an exception back at once, with the grants that rest on it."""
    return ChangedAnswer(changed=services().apart.end_exception(current_actor(), exception_id, body.reason))


@requires(READ)
def sod_violations(query: SodListQuery) -> SodViolationsAnswer:
    """Who breaks which rule, as the last nightly look found it."""
    found = services().authorization_queries.apart.violations(after=query.cursor, limit=query.limit)
    cursor = found[-1].id if len(found) == query.limit else None
    return SodViolationsAnswer(violations=tuple(SodViolationAnswer.of(one) for one in found), cursor=cursor)


@signed_in
def line_receipts(line_id: UUID) -> ReceiptsAnswer:
    """The signed receipts of the decisions on a line, for whoever may see the line."""
    line = services().access_queries.line(current_actor(), line_id)
    return ReceiptsAnswer(receipts=tuple(ReceiptAnswer.of(view) for view in services().receipts.of_line(line.id)))


@signed_in
def sign_receipt(line_id: UUID, decision_id: UUID, body: ReceiptSignatureBody) -> ReceiptAnswer:
    """Add one's own signature to the receipt of a decision that one made."""
    line = services().access_queries.line(current_actor(), line_id)
    services().receipts.attach(current_actor(), line.id, decision_id, body.own())
    return ReceiptAnswer.of(services().receipts.of_decision(line.id, decision_id))


def _preview(preview: RulePreview) -> SodPreviewAnswer:
    names = services().identity_queries.official_names([breach.official_id for breach in preview.breaches[:50]])
    return SodPreviewAnswer.of(preview, dict(names))


TABLE = (
    Route("GET", "/sod-rules", sod_rules, SodRulesAnswer),
    Route("POST", "/sod-rules", propose_sod_rule, SodDraftIdAnswer, body=SodRuleBody),
    Route("GET", "/sod-rules/<code>", sod_rule, SodRulesAnswer),
    Route("GET", "/sod-rules/<code>/breaches", sod_breaches, SodPreviewAnswer),
    Route("POST", "/sod-rules/<code>/end", propose_sod_end, SodDraftIdAnswer, body=SodReasonBody),
    Route("GET", "/sod-drafts", sod_drafts, SodDraftsAnswer),
    Route("GET", "/sod-drafts/<uuid:draft_id>/preview", sod_draft_preview, SodPreviewAnswer),
    Route("POST", "/sod-drafts/<uuid:draft_id>/approve", approve_sod_draft, SodVersionAnswer),
    Route("POST", "/sod-drafts/<uuid:draft_id>/drop", drop_sod_draft, ChangedAnswer, body=SodReasonBody),
    Route("GET", "/sod-exceptions", sod_exceptions, SodExceptionsAnswer, query=SodListQuery),
    Route("POST", "/sod-exceptions", give_sod_exception, SodExceptionIdAnswer, body=SodExceptionBody),
    Route("POST", "/sod-exceptions/<uuid:exception_id>/end", end_sod_exception, ChangedAnswer, body=SodReasonBody),
    Route("GET", "/sod-violations", sod_violations, SodViolationsAnswer, query=SodListQuery),
    Route("GET", "/lines/<uuid:line_id>/receipts", line_receipts, ReceiptsAnswer),
    Route("POST", "/lines/<uuid:line_id>/receipts/<uuid:decision_id>/signatures", sign_receipt, ReceiptAnswer, body=ReceiptSignatureBody),
)
