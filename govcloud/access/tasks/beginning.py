"""Putting a line up for decision: its first task, and where the owner said yes in advance, the decision in the name of that rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from govcloud.access.deciding.completing import Completing
from govcloud.access.deciding.routing import Holder, ids_of
from govcloud.access.evidence.card import EvidenceCard
from govcloud.access.evidence.gathering import CardMaker
from govcloud.access.evidence.grounds import Capacity, grounds_of_rule
from govcloud.access.facts import Wanted
from govcloud.access.lifecycle import RELINQUISHED, WAITING
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.rules import APPROVE
from govcloud.access.tasks.models import ApprovalRule
from govcloud.access.tasks.opening import TaskOpening
from govcloud.access.tasks.rights import Case, Right, Rights
from govcloud.authorization.scope import Scope
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems.queries import ItemView

AUTO = "auto"


class Beginning:
    """Begins a round of a line, in the transaction that put it up; the beneficiary's lock and the tree's must be held."""

    def __init__(self, facts: FactsLoader, tasks: TaskOpening, cards: CardMaker, completing: Completing) -> None:
        """Take the loader of facts, what opens tasks, the maker of evidence cards, and what follows from a decision."""
        self._facts = facts
        self._tasks = tasks
        self._cards = cards
        self._completing = completing
        self._rights = Rights(facts)

    def begin(self, tx: Transaction, request: AccessRequest, line: RequestLine, item: ItemView, fit: Sequence[Holder]) -> None:
        """Open the task of the first step, and grant what a rule grants that the owner signed.

        A rule is the signer's word given in advance, so whatever would keep the signer from saying yes now keeps the rule from it: the
        line then waits for a person.
        """
        task = self._tasks.open_tasks(tx, line, item, fit)
        if item.tier != AUTO or line.state not in WAITING or self._taken_back(line):
            return
        case = Case(tx.session, request, line, task, tx.now)
        wanted = Wanted(Scope.from_json(line.requested_scope), line.requested_days)
        for rule in self._rules(case, wanted):
            signer = self._facts.person(rule.official_id, rule.appointment_id, tx.now)
            right = self._rights.of(case, signer)
            if right.is_lent:  # a rule is the word of an office, which nobody else's right stands in for
                continue
            facts = self._rights.facts_for(case, right, wanted)
            if APPROVE.refusals(facts):
                continue
            card = self._cards.card(request, line, tx.now, facts.findings)
            decision = _decision(case, rule, right, wanted, card)
            tx.session.add(decision)
            tx.session.flush()
            self._completing.follow(tx, case, decision, card, grounds_of_rule(rule, right, line, Capacity.RULE))
            return

    def _taken_back(self, line: RequestLine) -> bool:
        """Return whether somebody once took the same from the person, or lets it rest: then no rule gives it back, a person does."""
        return any(
            grant.function == line.function and (grant.suspended or (grant.closed_at is not None and grant.close_reason != RELINQUISHED))
            for grant in self._facts.authorization.grants_of(line.beneficiary_official_id)
        )

    def _rules(self, case: Case, wanted: Wanted) -> Sequence[ApprovalRule]:
        """Return the rules that grant what a line asks for, the oldest first, kept from being ended meanwhile."""
        line, now = case.line, case.now
        query = (
            select(ApprovalRule)
            .where(ApprovalRule.item_id == line.item_id, ApprovalRule.owner_department_id == line.owner_department_id)
            .where(ApprovalRule.ended_at.is_(None), ApprovalRule.ends_at > now, ApprovalRule.max_days >= wanted.days)
            .order_by(ApprovalRule.id)
            .with_for_update(read=True)
        )
        request = case.request
        beneficiary = self._facts.person(request.beneficiary_official_id, request.beneficiary_appointment_id, now)
        return [
            rule
            for rule in case.session.scalars(query)
            if Scope.from_json(rule.scope).covers(wanted.scope) and self._within(rule, beneficiary.department_path, now)
        ]

    def _within(self, rule: ApprovalRule, path: str, now: datetime) -> bool:
        """Return whether somebody in the department at ``path`` is among those for whom the rule was signed."""
        departments = self._facts.identity.departments(rule.departments, now)
        return any(path.startswith(department.path) for department in departments.values())


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
