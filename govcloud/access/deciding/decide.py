"""Deciding on a line: approve, perhaps narrower, or reject.

Decision, task, line, grant, audit events and outbox rows are one transaction. Locks are taken in the order person → item → line → grant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from govcloud.access import errors
from govcloud.access.commands import COMMENT_MOST, Answer, Decided, RejectReason
from govcloud.access.deciding.completing import Completing, decided
from govcloud.access.evidence.card import EvidenceCard
from govcloud.access.evidence.gathering import CardMaker
from govcloud.access.evidence.grounds import grounds_of
from govcloud.access.facts import PersonFacts, Wanted
from govcloud.access.life.opening import Opened
from govcloud.access.lifecycle import WAITING
from govcloud.access.lines import decision_on, lock_line_to_open, read_line, why_closed
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.rules import APPROVE, REJECT
from govcloud.access.tasks.rights import Case, Right, Rights, approver_target
from govcloud.access.tasks.standing import claimant, decisions_of_round, open_task, spent_in, unit_agreed
from govcloud.authorization.locking import APART, hold
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

_MOST_DAYS = 366


class Deciding:
    """The commands of the approver."""

    def __init__(self, uow: UnitOfWork, clock: Clock, facts: FactsLoader, cards: CardMaker, completing: Completing) -> None:
        """Take the unit of work, the clock, the loader of facts, the maker of evidence cards, and what follows from a decision."""
        self._uow = uow
        self._clock = clock
        self._facts = facts
        self._cards = cards
        self._completing = completing
        self._rights = Rights(facts)

    def decide(self, actor: Actor, line_id: UUID, version: int, answer: Answer) -> Decided:
        """Approve or reject; see ``Access.approve`` and ``Access.reject``."""
        answer = checked_answer(self._facts, answer)
        seen = read_line(self._uow.read(), line_id)
        target = approver_target(self._facts, actor, seen, self._clock.now())
        beneficiary_id = seen.beneficiary_official_id
        with self._uow.begin(actor, f"govcloud:line:{_move(answer)}", target) as tx:
            decider = self._facts.acting(actor, tx.now)
            hold(tx.session, APART)
            lock_official(tx.session, beneficiary_id)
            line = lock_line_to_open(tx.session, seen)
            request = tx.session.get_one(AccessRequest, line.request_id)
            given = _completed(answer, line)
            task = open_task(tx.session, line_id)
            if line.state not in WAITING or task is None:
                return self._replay(tx, line, version, decider, given)
            case = Case(tx.session, request, line, task, tx.now)
            before = decisions_of_round(tx.session, line)
            if mine := next((row for row in before if row.official_id == decider.official_id), None):
                if line.version != version or not is_same(mine, given):
                    raise errors.decided_already()
                given_so_far = sum(row.task_id == task.id for row in before)
                return replace(decided(line, mine, replayed=True), given=given_so_far, needed=task.needed)
            if line.version != version:
                raise errors.line_changed(version, line.version)
            if line.due_at <= tx.now:
                raise errors.line_overdue(line.due_at)
            right = self._rights.of(case, decider, spent_in(before))
            facts = self._rights.ask(APPROVE if given.approved else REJECT, case, right, _extent(given))
            self._check(case, right, given, before)
            card = self._cards.card(request, line, tx.now, facts.findings)
            if given.evidence_hash is not None and given.evidence_hash != card.digest():
                raise errors.evidence_changed()
            decision = decision_row(case, right, given, card)
            tx.session.add(decision)
            tx.session.flush()
            return self._completing.follow(tx, case, decision, card, grounds_of(right, line))

    def _check(self, case: Case, right: Right, given: Answer, before: Sequence[Decision]) -> None:
        """Go on when the task takes this answer of the person now.

        Raises:
            Denied, Conflict: somebody else holds the task; the right was used in this round, or is of a department that agreed already
                where two departments have to.
        """
        if case.task is None:
            return
        holder = claimant(case.task, case.now)
        if holder is not None and holder not in {right.decider.official_id, right.principal.official_id}:
            raise errors.claimed_by_another(self._facts.identity.official_names([holder])[holder])
        if not given.approved:
            return
        if right.spent:
            raise errors.counted_already(right.principal.name)
        if unit_agreed(case.task, before, right.unit):
            raise errors.same_unit()

    def _replay(self, tx: Transaction, line: RequestLine, version: int, decider: PersonFacts, given: Answer) -> Decided:
        """Return the result that stands, if this person gave this very answer before.

        Raises:
            Conflict: somebody else decided, or the same person otherwise, or the line was closed without a decision.
        """
        mine = (row for row in decisions_of_round(tx.session, line) if row.official_id == decider.official_id)
        found = next((row for row in mine if is_same(row, given)), None)
        if found is None or line.version != version + 1 or decision_on(tx.session, line) is None:
            raise why_closed(tx.session, line, self._facts.identity)
        grant = self._facts.authorization.grant_of_line(line.id)
        return decided(line, found, Opened(grant.id, grant.starts_at, grant.ends_at) if grant else None, replayed=True)


def checked_answer(facts: FactsLoader, answer: Answer) -> Answer:
    """Return the answer with its texts in their stored form.

    Raises:
        Invalid: the comment is too long or has control characters; the reason code is not one of the list; the alternative has
            no length of days, or names an item that cannot be requested.
    """
    fields = Fields()
    comment = fields.text("comment", answer.comment, most=COMMENT_MOST, least=0, multiline=True)
    if not answer.approved:
        fields.choice("reason_code", answer.reason_code or "", tuple(RejectReason))
    offer = answer.alternative
    if offer.days is not None:
        fields.number("alternative_days", offer.days, least=1, most=_MOST_DAYS)
    if offer.item_id is not None and facts.subsystems.item(offer.item_id) is None:
        fields.fail("alternative_item_id", Message("没有这个可申请项，或它已停止开放。"), offer.item_id)
    fields.done()
    return replace(answer, comment=comment)


def is_same(decision: Decision, given: Answer) -> bool:
    """Return whether a decision is this very answer."""
    return (
        decision.outcome == _outcome(given)
        and decision.approved_scope == (given.scope.to_json() if given.scope else None)
        and decision.approved_days == given.days
        and decision.reason_code == given.reason_code
        and decision.alternative == given.alternative.to_json()
        and decision.comment == given.comment
    )


def _completed(answer: Answer, line: RequestLine) -> Answer:
    """Return the answer with what an approval left out: it is then as requested."""
    if not answer.approved:
        return answer
    scope = Scope.from_json(line.requested_scope) if answer.scope is None else answer.scope
    return replace(answer, scope=scope, days=line.requested_days if answer.days is None else answer.days)


def _extent(given: Answer) -> Wanted | None:
    """Return what an approval gives; a refusal gives nothing."""
    return Wanted(given.scope, given.days) if given.scope is not None and given.days is not None else None


def _move(answer: Answer) -> str:
    """Return the life cycle's name of what the answer does."""
    return "approve" if answer.approved else "reject"


def _outcome(answer: Answer) -> str:
    """Return how a decision's row names what the answer does."""
    return "approved" if answer.approved else "rejected"


def decision_row(case: Case, right: Right, given: Answer, card: EvidenceCard) -> Decision:
    """Return the row of a person's decision, with the card that it rests on."""
    return Decision(
        id=new_id(),
        line_id=case.line.id,
        task_id=case.task.id if case.task else None,
        round=case.line.round,
        principal_id=right.principal.official_id,
        rule_id=None,
        department_id=right.unit,
        official_id=right.decider.official_id,
        appointment_id=right.decider.appointment_id,
        outcome=_outcome(given),
        approved_scope=given.scope.to_json() if given.scope else None,
        approved_days=given.days,
        reason_code=given.reason_code,
        alternative=given.alternative.to_json(),
        comment=given.comment,
        evidence=card.to_json(),
        evidence_hash=card.digest(),
        at=case.now,
    )
