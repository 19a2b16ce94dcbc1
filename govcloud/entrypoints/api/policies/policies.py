"""Policies over the API: versions, drafts, what a draft would change for whom, the second person's word, shadows."""

from __future__ import annotations

from uuid import UUID

from govcloud.authorization.drafting.views import ImpactView
from govcloud.entrypoints.api.answering.duty_answers import ChangedAnswer
from govcloud.entrypoints.api.policies.policy_answers import (
    CasesAnswer,
    DraftAnswer,
    DraftIdAnswer,
    DraftsAnswer,
    FindingAnswer,
    FindingsAnswer,
    ImpactAnswer,
    ImpactIdAnswer,
    PeopleAnswer,
    ReviewAnswer,
    ReviewIdAnswer,
    ReviewsAnswer,
    RevisionAnswer,
    ShadowAnswer,
    ShadowIdAnswer,
    TextAnswer,
    VersionAnswer,
    VersionNumberAnswer,
    VersionsAnswer,
)
from govcloud.entrypoints.api.policies.policy_bodies import (
    KINDS,
    ChangeDraftBody,
    DraftBody,
    DraftsQuery,
    PeopleQuery,
    ReasonBody,
    ReviewBody,
    RevisionBody,
    RollbackBody,
    ShadowBody,
    VersionsQuery,
    VersionTextQuery,
)
from govcloud.entrypoints.api.wire.table import Route
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, requires, services, signed_in

READ = "govcloud:policy:read"


@requires(READ)
def policy_versions(query: VersionsQuery) -> VersionsAnswer:
    """The versions that are or were in force, the newest first."""
    found = services().draft_queries.versions(query.limit + 1, query.cursor)
    page = found[: query.limit]
    cursor = page[-1].number if len(found) > query.limit else None
    officers = services().draft_queries.officers()
    return VersionsAnswer(versions=tuple(VersionAnswer.of(view) for view in page), officers=officers, cursor=cursor)


@requires(READ)
def policy_version_text(query: VersionTextQuery) -> TextAnswer:
    """The text of a version, word for word."""
    queries = services().draft_queries
    number = queries.live_number() if query.number is None else query.number
    return TextAnswer(text=queries.version_text(number), checksum=queries.checksum(number))


@requires(READ)
def policy_drafts(query: DraftsQuery) -> DraftsAnswer:
    """The drafts in somebody's hands, or those that are over, the newest first."""
    found = services().draft_queries.drafts(over=query.over, limit=query.limit + 1, after=query.cursor)
    page = found[: query.limit]
    return DraftsAnswer(drafts=tuple(map(DraftAnswer.of, page)), cursor=page[-1].id if len(found) > query.limit else None)


@requires(READ)
def policy_draft(draft_id: UUID) -> DraftAnswer:
    """One draft without its text."""
    return DraftAnswer.of(services().draft_queries.draft(draft_id))


@requires(READ)
def policy_draft_text(draft_id: UUID) -> TextAnswer:
    """The text of a draft, word for word."""
    draft = services().draft_queries.draft(draft_id)
    return TextAnswer(text=services().draft_queries.text(draft_id), checksum=draft.checksum)


@requires(READ)
def policy_draft_findings(draft_id: UUID) -> FindingsAnswer:
    """What is wrong with the text of a draft, by line and column."""
    return FindingsAnswer(findings=_findings(draft_id))


@requires(READ)
def policy_draft_reviews(draft_id: UUID) -> ReviewsAnswer:
    """What was said about a draft."""
    return ReviewsAnswer(reviews=tuple(map(ReviewAnswer.of, services().draft_queries.reviews(draft_id))))


@requires(READ)
def policy_draft_impact(draft_id: UUID) -> ImpactAnswer:
    """What a draft would change: the last impact that was asked for, or how far it is."""
    return ImpactAnswer.of(_impact(draft_id))


@requires(READ)
def policy_draft_people(draft_id: UUID, query: PeopleQuery) -> PeopleAnswer:
    """The people whom a draft touches, by name."""
    effects = KINDS.get(query.kind or "", ())
    page = services().draft_queries.touched(
        _impact(draft_id).id, function=query.function, effects=effects, after=query.cursor, limit=query.limit
    )
    return PeopleAnswer.of(page)


@requires(READ)
def policy_draft_shadow(draft_id: UUID) -> ShadowAnswer:
    """How a draft decided beside the live policy."""
    found = services().draft_queries.shadow_of(draft_id)
    if found is None:
        raise NotFound.of(Message("影子运行"), draft_id)
    return ShadowAnswer.of(found)


@signed_in
def draft_policy(body: DraftBody) -> DraftIdAnswer:
    """Keep a text as one's own draft, errors and all; `findings` names them, and with any it cannot be submitted."""
    return _made(services().drafting.create(current_actor(), body.draft()))


@signed_in
def draft_rollback(body: RollbackBody) -> DraftIdAnswer:
    """Draft the text of an earlier version anew; it is approved like any other."""
    return _made(services().drafting.roll_back(current_actor(), body.number, body.reason))


@signed_in
def copy_policy_draft(draft_id: UUID) -> DraftIdAnswer:
    """Keep a copy of a draft as one's own."""
    return _made(services().drafting.copy(current_actor(), draft_id))


@signed_in
def change_policy_draft(draft_id: UUID, body: ChangeDraftBody) -> RevisionAnswer:
    """Give a draft another text, title or reason; an approval of the text before lapses."""
    revision = services().drafting.change(current_actor(), draft_id, body.revision, body.draft())
    return RevisionAnswer(revision=revision, findings=_findings(draft_id))


@signed_in
def rebase_policy_draft(draft_id: UUID, body: RevisionBody) -> RevisionAnswer:
    """Carry a draft over to the version in force."""
    revision = services().drafting.rebase(current_actor(), draft_id, body.revision)
    return RevisionAnswer(revision=revision, findings=_findings(draft_id))


@signed_in
def submit_policy_draft(draft_id: UUID, body: RevisionBody) -> CasesAnswer:
    """Ask a second person to approve a draft; the cases are run against it."""
    return CasesAnswer.of(services().drafting.submit(current_actor(), draft_id, body.revision))


@signed_in
def withdraw_policy_draft(draft_id: UUID) -> ChangedAnswer:
    """Take a submitted or approved draft back."""
    services().drafting.withdraw(current_actor(), draft_id)
    return ChangedAnswer(changed=True)


@signed_in
def discard_policy_draft(draft_id: UUID, body: ReasonBody) -> ChangedAnswer:
    """Throw a draft away."""
    services().drafting.discard(current_actor(), draft_id, body.reason)
    return ChangedAnswer(changed=True)


@signed_in
def work_out_policy_draft(draft_id: UUID) -> ImpactIdAnswer:
    """Ask what a draft would change for whom."""
    return ImpactIdAnswer(impact_id=services().drafting.work_out(current_actor(), draft_id))


@signed_in
def approve_policy_draft(draft_id: UUID, body: ReviewBody) -> ReviewIdAnswer:
    """Say yes, as the second person, to exactly the text and the impact that were shown."""
    return ReviewIdAnswer(review_id=services().drafting.approve(current_actor(), draft_id, body.shown(), body.comment))


@signed_in
def reject_policy_draft(draft_id: UUID, body: ReviewBody) -> ReviewIdAnswer:
    """Say no, as the second person."""
    return ReviewIdAnswer(review_id=services().drafting.reject(current_actor(), draft_id, body.shown(), body.comment))


@signed_in
def apply_policy_draft(draft_id: UUID) -> VersionNumberAnswer:
    """Put an approved draft in force."""
    return VersionNumberAnswer(number=services().drafting.apply(current_actor(), draft_id))


@signed_in
def shadow_policy_draft(draft_id: UUID, body: ShadowBody) -> ShadowIdAnswer:
    """Let a draft decide beside the live policy; nothing follows from what it says."""
    return ShadowIdAnswer(shadow_id=services().drafting.start_shadow(current_actor(), draft_id, body.hours))


@signed_in
def unshadow_policy_draft(draft_id: UUID) -> ChangedAnswer:
    """End the shadow of a draft."""
    return ChangedAnswer(changed=services().drafting.stop_shadow(current_actor(), draft_id))


def _findings(draft_id: UUID) -> tuple[FindingAnswer, ...]:
    return FindingAnswer.all_of(services().draft_queries.findings(draft_id))


def _made(draft_id: UUID) -> DraftIdAnswer:
    return DraftIdAnswer(draft_id=draft_id, findings=_findings(draft_id))


def _impact(draft_id: UUID) -> ImpactView:
    found = services().draft_queries.impact_of(draft_id)
    if found is None:
        raise NotFound.of(Message("影响试算"), draft_id)
    return found


_DRAFT = "/policy-drafts/<uuid:draft_id>"
TABLE = (
    Route("GET", "/policy-versions", policy_versions, VersionsAnswer, query=VersionsQuery),
    Route("GET", "/policy-versions/text", policy_version_text, TextAnswer, query=VersionTextQuery),
    Route("GET", "/policy-drafts", policy_drafts, DraftsAnswer, query=DraftsQuery),
    Route("POST", "/policy-drafts", draft_policy, DraftIdAnswer, body=DraftBody),
    Route("POST", "/policy-drafts/rollback", draft_rollback, DraftIdAnswer, body=RollbackBody),
    Route("GET", _DRAFT, policy_draft, DraftAnswer),
    Route("GET", f"{_DRAFT}/text", policy_draft_text, TextAnswer),
    Route("GET", f"{_DRAFT}/findings", policy_draft_findings, FindingsAnswer),
    Route("GET", f"{_DRAFT}/reviews", policy_draft_reviews, ReviewsAnswer),
    Route("GET", f"{_DRAFT}/impact", policy_draft_impact, ImpactAnswer),
    Route("GET", f"{_DRAFT}/impact/people", policy_draft_people, PeopleAnswer, query=PeopleQuery),
    Route("GET", f"{_DRAFT}/shadow", policy_draft_shadow, ShadowAnswer),
    Route("POST", f"{_DRAFT}/copy", copy_policy_draft, DraftIdAnswer),
    Route("POST", f"{_DRAFT}/change", change_policy_draft, RevisionAnswer, body=ChangeDraftBody),
    Route("POST", f"{_DRAFT}/rebase", rebase_policy_draft, RevisionAnswer, body=RevisionBody),
    Route("POST", f"{_DRAFT}/submit", submit_policy_draft, CasesAnswer, body=RevisionBody),
    Route("POST", f"{_DRAFT}/withdraw", withdraw_policy_draft, ChangedAnswer),
    Route("POST", f"{_DRAFT}/discard", discard_policy_draft, ChangedAnswer, body=ReasonBody),
    Route("POST", f"{_DRAFT}/impact", work_out_policy_draft, ImpactIdAnswer),
    Route("POST", f"{_DRAFT}/approve", approve_policy_draft, ReviewIdAnswer, body=ReviewBody),
    Route("POST", f"{_DRAFT}/reject", reject_policy_draft, ReviewIdAnswer, body=ReviewBody),
    Route("POST", f"{_DRAFT}/apply", apply_policy_draft, VersionNumberAnswer),
    Route("POST", f"{_DRAFT}/shadow", shadow_policy_draft, ShadowIdAnswer, body=ShadowBody),
    Route("POST", f"{_DRAFT}/shadow/end", unshadow_policy_draft, ChangedAnswer),
)
