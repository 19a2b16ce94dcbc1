"""Taking an approval back while it is held back: until the whole request opens, whoever may refuse the line may think better of it.

What is opened is revoked; what is only approved has no grant that could be. The line is refused by a decision of its own, with its
reason, its evidence and its receipt, and the approval stays on record beside it. As with any line that is refused, the request no longer
opens as a whole, so what is held back of it is given up.
"""

from __future__ import annotations

from uuid import UUID

from govcloud.access import errors
from govcloud.access.commands import Answer, Decided
from govcloud.access.deciding.completing import decided
from govcloud.access.deciding.decide import checked_answer, decision_row, is_same
from govcloud.access.events import LineRetracted
from govcloud.access.evidence.gathering import CardMaker
from govcloud.access.evidence.grounds import grounds_of
from govcloud.access.evidence.receipts import Receipts
from govcloud.access.life.opening import Opening
from govcloud.access.lifecycle import HELD, LineState
from govcloud.access.lines import decision_on, lock_line_of_whole, move_line, read_line
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.rules import REJECT
from govcloud.access.tasks.rights import Case, Rights, approver_target
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork


class Retracting:
    """The command that takes an approval back."""

    def __init__(  # noqa: PLR0917 - the parts of a decision
        self, uow: UnitOfWork, clock: Clock, facts: FactsLoader, cards: CardMaker, opening: Opening, receipts: Receipts
    ) -> None:
        """Take the unit of work, the clock, the facts, the maker of cards, what settles requests, and what signs receipts."""
        self._uow = uow
        self._clock = clock
        self._facts = facts
        self._cards = cards
        self._opening = opening
        self._receipts = receipts
        self._rights = Rights(facts)

    def retract(self, actor: Actor, line_id: UUID, version: int, reason_code: str, comment: str = "") -> Decided:
        """Refuse a line that was approved and has not opened yet, with a reason of ``RejectReason``.

        Whoever may refuse the line now may do it, whether they approved it themselves or somebody below them did. The same again by the
        same person returns the same result.

        Raises:
            NotFound: there is no such line.
            Invalid: the reason is none of the list, or the comment is wrong.
            Conflict: the line is not held back (any more), or changed since.
            Denied: the actor has no authority over it, or may not decide on this request.
        """
        answer = checked_answer(self._facts, Answer.no(reason_code, comment))
        seen = read_line(self._uow.read(), line_id)
        with self._uow.begin(actor, "govcloud:line:retract", approver_target(self._facts, actor, seen, self._clock.now())) as tx:
            decider = self._facts.acting(actor, tx.now)
            lock_official(tx.session, seen.beneficiary_official_id)
            line = lock_line_of_whole(tx.session, seen)
            if found := _replayed(tx, line, version, decider.official_id, answer):
                return decided(line, found, replayed=True)
            if line.state not in HELD or line.held_days is None:
                raise errors.not_held_back()
            if line.version != version:
                raise errors.line_changed(version, line.version)
            case = Case(tx.session, tx.session.get_one(AccessRequest, line.request_id), line, None, tx.now)
            right = self._rights.of(case, decider)
            facts = self._rights.ask(REJECT, case, right, None)
            card = self._cards.card(case.request, line, tx.now, facts.findings)
            line.held_scope = line.held_days = None
            line.round += 1  # a round of its own: the approvals of the one before stay what they were
            decision = decision_row(case, right, answer, card)
            tx.session.add(decision)
            tx.session.flush()
            move_line(tx.session, line, "retract", tx.now)
            tx.record(_retracted(line, decision))
            done = decided(line, decision)
            self._receipts.sign(tx, case, decision, card, done, grounds_of(right, line), None)
            self._opening.settle(tx, case.request)
            return done


def _replayed(tx: Transaction, line: RequestLine, version: int, official_id: UUID, answer: Answer) -> Decision | None:
    """Return the decision that stands, if this person took the approval back in these words before."""
    if line.state != LineState.REJECTED or line.version != version + 1:
        return None
    last = decision_on(tx.session, line)
    return last if last is not None and last.task_id is None and last.official_id == official_id and is_same(last, answer) else None


def _retracted(line: RequestLine, decision: Decision) -> LineRetracted:
    return LineRetracted(
        subject=f"request_line:{line.id}",
        chain=str(line.request_id),
        decision_id=decision.id,
        reason_code=decision.reason_code or "",
        evidence_hash=decision.evidence_hash,
        comment=decision.comment,
    )
