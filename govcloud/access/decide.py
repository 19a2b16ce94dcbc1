"""Deciding on a line: approve, perhaps narrower, or reject; and letting a line lapse that nobody answered.

Decision, line, grant, audit events and outbox rows are one transaction. Locks are taken in the order person → line → grant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from govcloud.access import errors
from govcloud.access.cards import CardMaker
from govcloud.access.commands import COMMENT_MOST, Decided, RejectReason
from govcloud.access.events import LineApproved, LineLapsed, LineRejected
from govcloud.access.evidence import EvidenceCard
from govcloud.access.facts import DecisionFacts, PersonFacts, Wanted
from govcloud.access.lifecycle import OPEN, WAITING, LineState
from govcloud.access.lines import approved_for, decision_on, lock_line, move_line, read_line, why_closed
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.opening import Opened, Opening
from govcloud.access.rules import APPROVE, REJECT, check
from govcloud.access.rules.reciprocal import WINDOW
from govcloud.authorization.scope import Scope
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields


@dataclass(frozen=True)
class Answer:
    """What an approver answers; ``scope`` and ``days`` as requested when they are left out."""

    approved: bool
    scope: Scope | None
    days: int | None
    reason_code: str | None
    comment: str
    evidence_hash: str | None

    @classmethod
    def yes(cls, scope: Scope | None, days: int | None, comment: str, evidence_hash: str | None) -> Answer:
        """Return an approval."""
        return cls(approved=True, scope=scope, days=days, reason_code=None, comment=comment, evidence_hash=evidence_hash)

    @classmethod
    def no(cls, reason_code: str, comment: str, evidence_hash: str | None) -> Answer:
        """Return a refusal."""
        return cls(approved=False, scope=None, days=None, reason_code=reason_code, comment=comment, evidence_hash=evidence_hash)


class Deciding:
    """The commands of the approver, and of the clock."""

    def __init__(self, uow: UnitOfWork, clock: Clock, facts: FactsLoader, cards: CardMaker, opening: Opening) -> None:
        """Take the unit of work, the clock, the loader of facts, the maker of evidence cards, and what opens grants."""
        self._uow = uow
        self._clock = clock
        self._facts = facts
        self._cards = cards
        self._opening = opening

    def decide(self, actor: Actor, line_id: UUID, version: int, answer: Answer) -> Decided:
        """Approve or reject; see ``Access.approve`` and ``Access.reject``."""
        answer = _checked(answer)
        seen = read_line(self._uow.read(), line_id)
        path = self._facts.department_path(seen.owner_department_id, self._clock.now())
        target = Target("request_line", str(line_id), department_path=path)
        beneficiary_id = seen.beneficiary_official_id
        with self._uow.begin(actor, f"govcloud:line:{_move(answer)}", target) as tx:
            decider = self._facts.acting(actor, tx.now)
            lock_official(tx.session, beneficiary_id)
            line = lock_line(tx.session, line_id)
            request = tx.session.get_one(AccessRequest, line.request_id)
            given = _completed(answer, line)
            if line.state not in WAITING:
                return self._replay(tx, line, version, decider, given)
            if line.version != version:
                raise errors.line_changed(version, line.version)
            if line.due_at <= tx.now:
                raise errors.line_overdue(line.due_at)
            check(APPROVE if given.approved else REJECT, self._decision_facts(tx, request, line, decider, given))
            card = self._cards.card(request, line, tx.now)
            if given.evidence_hash is not None and given.evidence_hash != card.digest():
                raise errors.evidence_changed()
            decision = _decision(line, decider, given, card, tx.now)
            tx.session.add(decision)
            move_line(tx.session, line, _move(given), tx.now)
            return self._approved(tx, request, line, decision) if given.approved else self._rejected(tx, request, line, decision)

    def lapse_due(self, actor: Actor, limit: int) -> int:
        """Close lines that nobody answered in time; see ``Access.lapse_due``."""
        due = select(RequestLine.id, RequestLine.beneficiary_official_id).where(
            RequestLine.state.in_(OPEN), RequestLine.due_at <= self._clock.now()
        )
        found = self._uow.read().execute(due.order_by(RequestLine.due_at, RequestLine.id).limit(limit)).all()
        return sum(self._lapse(actor, row.id, row.beneficiary_official_id) for row in found)

    def _lapse(self, actor: Actor, line_id: UUID, beneficiary_id: UUID) -> bool:
        """Close one line, in a transaction of its own, unless it has been answered meanwhile."""
        with self._uow.begin(actor, "govcloud:line:lapse", Target("request_line", str(line_id))) as tx:
            lock_official(tx.session, beneficiary_id)
            line = lock_line(tx.session, line_id)
            if line.state not in OPEN or line.due_at > tx.now:
                return False
            move_line(tx.session, line, "lapse", tx.now)
            tx.record(
                LineLapsed(
                    subject=f"request_line:{line.id}",
                    chain=str(line.request_id),
                    owner_department_id=line.owner_department_id,
                    due_at=line.due_at,
                )
            )
            self._opening.settle(tx, tx.session.get_one(AccessRequest, line.request_id))
            return True

    def _replay(self, tx: Transaction, line: RequestLine, version: int, decider: PersonFacts, given: Answer) -> Decided:
        """Return the result that stands, if this very decision was made before.

        Raises:
            Conflict: somebody else decided, or the same person otherwise, or the line was closed without a decision.
        """
        decision = decision_on(tx.session, line.id)
        same = decision is not None and (
            decision.official_id == decider.official_id
            and line.version == version + 1
            and decision.outcome == _outcome(given)
            and decision.approved_scope == (given.scope.to_json() if given.scope else None)
            and decision.approved_days == given.days
            and decision.reason_code == given.reason_code
            and decision.comment == given.comment
        )
        if decision is None or not same:
            raise why_closed(tx.session, line, self._facts.identity)
        grant = self._facts.authorization.grant_of_line(line.id)
        opened = Opened(grant.id, grant.starts_at, grant.ends_at) if grant else None
        return _decided(line, decision, opened, replayed=True)

    def _decision_facts(
        self, tx: Transaction, request: AccessRequest, line: RequestLine, decider: PersonFacts, given: Answer
    ) -> DecisionFacts:
        """Load what the rules see, under the locks."""
        wanted = Wanted(Scope.from_json(line.requested_scope), line.requested_days)
        approved = Wanted(given.scope, given.days) if given.scope is not None and given.days is not None else None
        return DecisionFacts(
            item=self._facts.item(self._facts.catalogue_item(line.item_id), tx.now),
            requester_id=request.requester_official_id,
            beneficiary=self._facts.person(request.beneficiary_official_id, request.beneficiary_appointment_id, tx.now),
            wanted=wanted,
            requested_version=line.item_version,
            decider=decider,
            authority=self._facts.authority(decider, tx.now),
            approved=approved,
            carried_days=line.carried_days,
            parent_closed=self._facts.parent_closed(line.parent_line_id),
            owed=approved_for(tx.session, request.beneficiary_official_id, decider.official_id, tx.now - WINDOW),
        )

    def _approved(self, tx: Transaction, request: AccessRequest, line: RequestLine, decision: Decision) -> Decided:
        """Record the approval, and open the grant unless it is held back."""
        approved = Wanted(Scope.from_json(decision.approved_scope), decision.approved_days or 0)
        tx.session.flush()
        tx.record(
            LineApproved(
                subject=f"request_line:{line.id}",
                chain=str(line.request_id),
                decision_id=decision.id,
                scope=decision.approved_scope or {},
                days=approved.days,
                evidence_hash=decision.evidence_hash,
                comment=decision.comment,
            )
        )
        opened = self._opening.open_for(tx, request, line, approved)
        return _decided(line, decision, opened)

    def _rejected(self, tx: Transaction, request: AccessRequest, line: RequestLine, decision: Decision) -> Decided:
        """Record the refusal, and what it means for lines that were to open together with this one."""
        tx.session.flush()
        tx.record(
            LineRejected(
                subject=f"request_line:{line.id}",
                chain=str(line.request_id),
                decision_id=decision.id,
                reason_code=decision.reason_code or "",
                evidence_hash=decision.evidence_hash,
                comment=decision.comment,
            )
        )
        self._opening.settle(tx, request)
        return _decided(line, decision)


def _checked(answer: Answer) -> Answer:
    """Return the answer with its texts in their stored form.

    Raises:
        Invalid: the comment is too long or has control characters; the reason code is not one of the list.
    """
    fields = Fields()
    comment = fields.text("comment", answer.comment, most=COMMENT_MOST, least=0, multiline=True)
    if not answer.approved:
        fields.choice("reason_code", answer.reason_code or "", tuple(RejectReason))
    fields.done()
    return replace(answer, comment=comment)


def _completed(answer: Answer, line: RequestLine) -> Answer:
    """Return the answer with what an approval left out: it is then as requested."""
    if not answer.approved:
        return answer
    scope = Scope.from_json(line.requested_scope) if answer.scope is None else answer.scope
    return replace(answer, scope=scope, days=line.requested_days if answer.days is None else answer.days)


def _move(answer: Answer) -> str:
    """Return the life cycle's name of what the answer does."""
    return "approve" if answer.approved else "reject"


def _outcome(answer: Answer) -> str:
    """Return how a decision's row names what the answer does."""
    return "approved" if answer.approved else "rejected"


def _decision(line: RequestLine, decider: PersonFacts, given: Answer, card: EvidenceCard, now: datetime) -> Decision:
    """Return the row of a decision, with the card that it rests on."""
    return Decision(
        id=new_id(),
        line_id=line.id,
        official_id=decider.official_id,
        appointment_id=decider.appointment_id,
        outcome=_outcome(given),
        approved_scope=given.scope.to_json() if given.scope else None,
        approved_days=given.days,
        reason_code=given.reason_code,
        comment=given.comment,
        evidence=card.to_json(),
        evidence_hash=card.digest(),
        at=now,
    )


def _decided(line: RequestLine, decision: Decision, opened: Opened | None = None, *, replayed: bool = False) -> Decided:
    """Return what a decision led to."""
    return Decided(
        line_id=line.id,
        state=LineState(line.state),
        version=line.version,
        decision_id=decision.id,
        evidence_hash=decision.evidence_hash,
        at=decision.at,
        grant_id=opened.grant_id if opened else None,
        starts_at=opened.starts_at if opened else None,
        ends_at=opened.ends_at if opened else None,
        replayed=replayed,
    )
