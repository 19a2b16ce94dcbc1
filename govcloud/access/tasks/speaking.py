"""Rules that owners signed in advance, at work: they say yes in their signer's name, at once or when the department stayed silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from govcloud.access.deciding.completing import Completing
from govcloud.access.deciding.routing import ids_of
from govcloud.access.evidence.card import EvidenceCard
from govcloud.access.evidence.gathering import CardMaker
from govcloud.access.evidence.grounds import Capacity, Grounds, grounds_of_rule
from govcloud.access.facts import Wanted
from govcloud.access.lifecycle import RELINQUISHED
from govcloud.access.loading import FactsLoader
from govcloud.access.models import Decision, RequestLine
from govcloud.access.rules import APPROVE
from govcloud.access.tasks.models import ApprovalRule
from govcloud.access.tasks.presigned import rules_over, takes_silence
from govcloud.access.tasks.rights import Case, Right, Rights
from govcloud.access.tasks.standing import claimant, decisions_of_round
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.subsystems.queries import ItemView


class Speaking:
    """Lets rules speak, in the transaction of what put a line up or carries it on; the locks of a decision must be held."""

    def __init__(self, uow: UnitOfWork, facts: FactsLoader, cards: CardMaker, completing: Completing) -> None:
        """Take the unit of work, the loader of facts, the maker of evidence cards, and what follows from a decision."""
        self._uow = uow
        self._facts = facts
        self._cards = cards
        self._completing = completing
        self._rights = Rights(facts)

    def at_once(self, tx: Transaction, case: Case, item: ItemView) -> bool:
        """Grant a line of an item that opens at once, if a rule grants it; return whether one did."""
        return self._speak(tx, case, item, Capacity.RULE)

    def may_take_silence(self, line: RequestLine, now: datetime) -> bool:
        """Return whether any rule might speak for a line if its department stayed silent, without any lock."""
        item = self._facts.subsystems.item(line.item_id, now)
        return item is not None and takes_silence(item) and bool(rules_over(self._facts.read(), line, item, now))

    def on_silence(self, tx: Transaction, case: Case) -> bool:
        """Grant a line whose department has not answered in its time, if a rule says that this means yes; return whether one did.

        Silence is when nobody did anything: whoever sent the line back, said yes as the first of several, or holds it, has spoken.
        """
        item = self._facts.subsystems.item(case.line.item_id, case.now)
        if item is None or case.task is None or not takes_silence(item) or case.line.round > 1:
            return False
        if decisions_of_round(case.session, case.line) or claimant(case.task, case.now) is not None:
            return False
        return self._speak(tx, case, item, Capacity.SILENCE)

    def _speak(self, tx: Transaction, case: Case, item: ItemView, capacity: Capacity) -> bool:
        """Let the first rule speak that may.

        A rule is the signer's word given in advance, so whatever would keep the signer from saying yes now keeps the rule from it, were it
        another line of the request that cannot be opened: the line then waits for a person.
        """
        line = case.line
        wanted = Wanted(Scope.from_json(line.requested_scope), line.requested_days)
        if self._taken_back(line):
            return False
        for rule in self._rules(case, item):
            signer = self._facts.person(rule.official_id, rule.appointment_id, tx.now)
            right = self._rights.of(case, signer)
            if right.is_lent:  # a rule is the word of an office, which nobody else's right stands in for
                continue
            facts = self._rights.facts_for(case, right, wanted)
            if APPROVE.refusals(facts):
                continue
            card = self._cards.card(case.request, line, tx.now, facts.findings)
            decision, grounds = _decision(case, rule, right, wanted, card), grounds_of_rule(rule, right, line, capacity)
            if self._uow.attempt(tx, partial(self._decide, tx, case, decision, card, grounds)) is None:
                return True
        return False

    def _decide(self, tx: Transaction, case: Case, decision: Decision, card: EvidenceCard, grounds: Grounds) -> None:
        """Write a rule's decision down, with what follows from it."""
        tx.session.add(decision)
        tx.session.flush()
        self._completing.follow(tx, case, decision, card, grounds)

    def _taken_back(self, line: RequestLine) -> bool:
        """Return whether somebody once took the same from the person, or lets it rest: then no rule gives it back, a person does."""
        return any(
            grant.function == line.function and (grant.suspended or (grant.closed_at is not None and grant.close_reason != RELINQUISHED))
            for grant in self._facts.authorization.grants_of(line.beneficiary_official_id)
        )

    def _rules(self, case: Case, item: ItemView) -> Sequence[ApprovalRule]:
        """Return the rules that grant what a line asks for, the oldest first, kept from being ended meanwhile."""
        request, now = case.request, case.now
        found = rules_over(case.session, case.line, item, now, hold=True)
        if not found:
            return ()
        beneficiary = self._facts.person(request.beneficiary_official_id, request.beneficiary_appointment_id, now)
        return [rule for rule in found if self._facts.lies_within(beneficiary.department_path, rule.departments, now)]


def _decision(case: Case, rule: ApprovalRule, right: Right, wanted: Wanted, card: EvidenceCard) -> Decision:
    """Return the row of a decision by rule, in the name of whoever signed it."""
    return Decision(
        id=new_id(),
        line_id=case.line.id,
        task_id=case.task.id if case.task else None,
        round=case.line.round,
        principal_id=rule.official_id,
        rule_id=rule.id,
        department_id=ids_of([right.decider.department_path])[0],
        official_id=rule.official_id,
        appointment_id=rule.appointment_id,
        outcome="approved",
        approved_scope=wanted.scope.to_json(),
        approved_days=wanted.days,
        reason_code=None,
        alternative=None,
        comment="",
        evidence=card.to_json(),
        evidence_hash=card.digest(),
        at=case.now,
    )
