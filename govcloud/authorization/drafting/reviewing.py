"""The second person: a yes or a no to exactly the text and the impact that were shown; and putting in force what has a yes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.installing import Grounds, live_number, put_in_force
from govcloud.authorization.deciding.policy import compile_policy
from govcloud.authorization.drafting import checking, states
from govcloud.authorization.drafting.alike import ANYBODY
from govcloud.authorization.drafting.drafts import REASON_MOST, held_draft
from govcloud.authorization.drafting.effects import Reach
from govcloud.authorization.drafting.errors import (
    approval_over,
    base_replaced,
    draft_moved_on,
    impact_changed,
    impact_missing,
    not_a_person,
    nothing_approved,
    own_draft,
    same_as_live,
    would_lock_out,
)
from govcloud.authorization.drafting.events import PolicyDraftApplied, PolicyDraftApproved, PolicyDraftRejected, PolicyRolledBack
from govcloud.authorization.drafting.models import PolicyDraft, PolicyImpact, PolicyReview
from govcloud.authorization.drafting.sides import Side
from govcloud.authorization.drafting.versions import checksum_of, document_of
from govcloud.authorization.locking import POLICY, take
from govcloud.authorization.policies.document import PolicyDocument
from govcloud.authorization.subjects.snapshot import AssignmentFact, instant
from govcloud.authorization.subjects.subjects import fixed_snapshot, official_snapshot
from govcloud.authorization.violations import violated_constraint
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields
from govcloud.subsystems.queries import SubsystemQueries

APPROVE, APPLY, ROLL_BACK = "govcloud:policy:approve", "govcloud:policy:apply", "govcloud:policy:roll_back"
_SECOND_PERSON = "ck_policy_review_second_person"
_OFFICER = AssignmentFact("security_admin", datetime(1970, 1, 1, tzinfo=UTC))
#: What has to stay possible under any policy that comes in by approval, or nobody could ever mend it.
_KEPT_FOR_OFFICERS = ("govcloud:policy:draft", "govcloud:policy:measure", APPROVE, APPLY)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reviewer was shown: the revision, the checksum of its text, and the impact with its digest."""

    revision: int
    checksum: str
    impact_id: UUID | None = None
    digest: str | None = None


class Reviewing:
    """The commands of the second person, and those that change what is in force."""

    def __init__(self, uow: UnitOfWork, zones: Collection[str], subsystems: SubsystemQueries) -> None:
        """Take the unit of work, the network zones that conditions may name, and the catalogue."""
        self._uow = uow
        self._zones = zones
        self._subsystems = subsystems

    def approve(self, actor: Actor, draft_id: UUID, shown: Shown, comment: str = "") -> UUID:
        """Say yes to a draft as it was shown; see ``Drafting.approve``."""
        with self._uow.begin(actor, APPROVE, Target("policy_draft", str(draft_id))) as tx:
            row, reviewer, maker = self._reviewed(tx, draft_id, shown)
            state, live = states.after("approve", row.state), live_number(tx.session)
            if live != row.base_number:
                raise base_replaced(row.base_number, live)
            impact = self._seen_impact(tx, row, shown)
            review = _review(tx, row, (maker, reviewer), "approve", _comment(comment, least=0), impact.id)
            row.state, row.updated_at = state, tx.now
            tx.record(
                PolicyDraftApproved(
                    subject=f"policy_draft:{row.id}",
                    draft_id=row.id,
                    review_id=review.id,
                    revision=row.revision,
                    checksum=row.checksum,
                    base_number=row.base_number,
                    impact_id=impact.id,
                    impact_digest=impact.digest or "",
                    maker_id=maker,
                    comment=review.comment,
                )
            )
            return review.id

    def reject(self, actor: Actor, draft_id: UUID, shown: Shown, comment: str) -> UUID:
        """Say no to a draft; see ``Drafting.reject``."""
        with self._uow.begin(actor, APPROVE, Target("policy_draft", str(draft_id))) as tx:
            row, reviewer, maker = self._reviewed(tx, draft_id, shown)
            state = states.after("reject", row.state)
            review = _review(tx, row, (maker, reviewer), "reject", _comment(comment, least=1), None)
            row.state, row.updated_at = state, tx.now
            tx.record(
                PolicyDraftRejected(
                    subject=f"policy_draft:{row.id}",
                    draft_id=row.id,
                    review_id=review.id,
                    revision=row.revision,
                    checksum=row.checksum,
                    maker_id=maker,
                    comment=review.comment,
                )
            )
            return review.id

    def apply(self, actor: Actor, draft_id: UUID) -> int:
        """Put an approved draft in force; see ``Drafting.apply``."""
        with self._uow.begin(actor, APPLY, Target("policy_draft", str(draft_id))) as tx:
            # The policy's lock comes before that of a row (``locking.py``).
            take(tx.session, POLICY)
            row = held_draft(tx, draft_id)
            state, live = states.after("apply", row.state), live_number(tx.session)
            if live != row.base_number:
                raise base_replaced(row.base_number, live)
            review = _approval(tx.session, row)
            if tx.now - review.at > states.APPROVAL_LASTS:
                raise approval_over(states.APPROVAL_LASTS.days)
            document = checking.checked(row.document, row.source, self._zones, self._subsystems.functions())
            _refuse_lock_out(document, tx.now)
            number = put_in_force(tx, document, live, Grounds("approved", review.id, row.reason))
            row.state, row.updated_at = state, tx.now
            tx.record(
                PolicyDraftApplied(
                    subject=f"policy_draft:{row.id}", draft_id=row.id, review_id=review.id, number=number, checksum=row.checksum
                )
            )
            return number

    def roll_back_at_once(self, actor: Actor, number: int, reason: str) -> int:
        """Bring the text of an earlier version back on the word of one operator; see ``Drafting.roll_back_at_once``."""
        with self._uow.begin(actor, ROLL_BACK, Target("policy", str(number))) as tx:
            take(tx.session, POLICY)
            said = _comment(reason, least=4)
            old, live = document_of(tx.session, number), live_number(tx.session)
            if number == live or checksum_of(tx.session, live) == old.checksum:
                raise same_as_live(live)
            now_number = put_in_force(tx, old, live, Grounds("emergency", None, said))
            tx.record(
                PolicyRolledBack(
                    subject=f"policy:{now_number}", number=now_number, restored=number, replaced=live, checksum=old.checksum, reason=said
                )
            )
            return now_number

    # How a review is checked

    @staticmethod
    def _reviewed(tx: Transaction, draft_id: UUID, shown: Shown) -> tuple[PolicyDraft, UUID, UUID]:
        """Return the draft, held, with reviewer and maker, who are two people.

        Raises:
            Denied: the reviewer is no person, or the maker.
            Conflict: the draft is another one than was shown, or was never submitted by a person.
        """
        row = held_draft(tx, draft_id)
        if (row.revision, row.checksum) != (shown.revision, shown.checksum):
            raise draft_moved_on(row.revision)
        if tx.actor.official_id is None:
            raise not_a_person()
        if row.maker_id is None:
            raise nothing_approved()
        if row.maker_id == tx.actor.official_id:
            raise own_draft()
        return row, tx.actor.official_id, row.maker_id

    @staticmethod
    def _seen_impact(tx: Transaction, row: PolicyDraft, shown: Shown) -> PolicyImpact:
        """Return the impact that was shown.

        Raises:
            Conflict: it is not finished, of another text or base, too old, or another one than was shown.
        """
        impact = tx.session.get(PolicyImpact, shown.impact_id, with_for_update={"read": True}) if shown.impact_id else None
        if impact is None or impact.state != "done" or impact.draft_id != row.id:
            raise impact_missing()
        if (impact.checksum, impact.base_number) != (row.checksum, row.base_number) or tx.now - impact.at > states.IMPACT_LASTS:
            raise impact_missing()
        if impact.digest != shown.digest:
            raise impact_changed()
        return impact


def _review(  # noqa: PLR0917 - the columns of a review
    tx: Transaction, row: PolicyDraft, people: tuple[UUID, UUID], verdict: str, comment: str, impact_id: UUID | None
) -> PolicyReview:
    """Write down what was said; the database itself refuses a maker who reviews."""
    maker, reviewer = people
    review = PolicyReview(
        id=new_id(),
        draft_id=row.id,
        maker_id=maker,
        reviewer_id=reviewer,
        revision=row.revision,
        checksum=row.checksum,
        base_number=row.base_number,
        impact_id=impact_id,
        verdict=verdict,
        comment=comment,
        at=tx.now,
    )
    try:
        with tx.session.begin_nested():
            tx.session.add(review)
    except IntegrityError as error:
        if violated_constraint(error) == _SECOND_PERSON:
            raise own_draft() from error
        raise
    return review


def _approval(session: Session, row: PolicyDraft) -> PolicyReview:
    """Return the yes to the draft as it stands.

    Raises:
        Conflict: there is none.
    """
    query = select(PolicyReview).where(
        PolicyReview.draft_id == row.id,
        PolicyReview.verdict == "approve",
        PolicyReview.revision == row.revision,
        PolicyReview.checksum == row.checksum,
        PolicyReview.base_number == row.base_number,
    )
    found = session.scalars(query).one_or_none()
    if found is None:
        raise nothing_approved()
    return found


def _comment(text: str, *, least: int) -> str:
    fields = Fields()
    said = fields.text("comment", text, least=least, most=REASON_MOST, multiline=True)
    fields.done()
    return said


def _refuse_lock_out(document: PolicyDocument, now: datetime) -> None:
    """Refuse a policy under which officers could not draft and approve the next one, nor the operator bring the last one back.

    Raises:
        Conflict: names the functions that nobody would have.
    """
    policy = compile_policy(0, document.roles, document.rules)
    side, moment = Side(policy), instant(now)
    officer = official_snapshot(ANYBODY, None, (_OFFICER,), (), policy.closure)
    operator = fixed_snapshot(Actor.system("operator"), policy.closure)
    asked = [*((officer, function) for function in _KEPT_FOR_OFFICERS), (operator, ROLL_BACK)]
    lost = [function for snapshot, function in asked if side.outcome(snapshot, function, moment).reach is Reach.CLOSED]
    if lost:
        raise would_lock_out(lost)
