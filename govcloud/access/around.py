"""What lies around a line: the decisions on it, the task that it waits for, who is asked, and what it was sent back with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.commands import Alternative
from govcloud.access.deciding.routing import asked, depth_asked
from govcloud.access.lifecycle import RETURNED, LineState
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, DecisionReceipt, RequestLine
from govcloud.access.naming import Names
from govcloud.access.tasks.models import ApprovalRule, DecisionTask, LineReturn
from govcloud.access.tasks.presigned import SignedFor
from govcloud.access.tasks.standing import CLAIM_LASTS, approved_extent, claimant, open_tasks_of
from govcloud.access.views import AlternativeView, DecisionView, TaskView
from govcloud.authorization.apart.errors import conflict_words
from govcloud.authorization.apart.views import FindingState
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.errors import Refusal
from govcloud.subsystems.approval import steps_of
from govcloud.subsystems.views import ItemView


@dataclass(frozen=True)
class Around:
    """What lies around a line: every decision on it, the task that it waits for, and how often it was sent back."""

    decisions: tuple[Decision, ...]
    task: DecisionTask | None
    returns: tuple[LineReturn, ...]


class Surroundings:
    """Looks up and words what lies around the lines of one page; it is thrown away with the page."""

    def __init__(self, session: Session, facts: FactsLoader, names: Names, now: datetime) -> None:
        """Take the reading session, the loader of facts, the names of the page, and its moment."""
        self._session = session
        self._facts = facts
        self._names = names
        self._now = now
        self._waiting: dict[tuple[str, int], tuple[str, ...]] = {}
        self._signed: set[UUID] = set()
        self._silent: set[UUID] = set()

    def of(self, rows: Sequence[RequestLine]) -> Mapping[UUID, Around]:
        """Return what lies around lines, looked up at once: decisions, the task that each waits for, and what it was sent back with."""
        ids = [row.id for row in rows]
        signed = select(Decision, DecisionReceipt.decision_id).outerjoin(DecisionReceipt, DecisionReceipt.decision_id == Decision.id)
        found = self._session.execute(signed.where(Decision.line_id.in_(ids)).order_by(Decision.at, Decision.id)).all()
        decisions, tasks = [row[0] for row in found], open_tasks_of(self._session, ids)
        self._signed |= {row[1] for row in found if row[1] is not None}
        if by_rule := {row.rule_id for row in decisions if row.rule_id is not None}:
            rules = self._session.scalars(select(ApprovalRule).where(ApprovalRule.id.in_(by_rule)))
            self._silent |= {rule.id for rule in rules if (said := SignedFor.of(rule)) is not None and said.on_silence}
        query_returns = select(LineReturn).where(LineReturn.line_id.in_(ids)).order_by(LineReturn.round)
        returns = self._session.scalars(query_returns).all() if any(row.round > 1 or row.state in RETURNED for row in rows) else ()
        lent = {row.principal_id for row in decisions if row.principal_id != row.official_id}
        self._names.learn_officials(lent | {task.claimed_by for task in tasks.values() if task.claimed_by})
        return {
            key: Around(
                tuple(row for row in decisions if row.line_id == key), tasks.get(key), tuple(row for row in returns if row.line_id == key)
            )
            for key in ids
        }

    def waits_for(self, row: RequestLine, task: DecisionTask | None) -> tuple[str, ...]:
        """Return the names of the departments whose senior administrators are asked now."""
        path = task.asked_path if task else row.owner_path
        depth = depth_asked(row.escalation, distinct_units=task is not None and task.distinct_units)
        if (path, depth) not in self._waiting:
            paths = dict.fromkeys(holder.path for holder in asked(path, self._facts.deciders(path, (), self._now), depth=depth))
            self._waiting[path, depth] = self._facts.department_names(tuple(paths), self._now)
        return self._waiting[path, depth]

    def task(self, around: Around, item: ItemView) -> TaskView | None:
        """Return what a line waits for now."""
        task = around.task
        if task is None:
            return None
        holder = claimant(task, self._now)
        return TaskView(
            step=task.step,
            steps=max(task.step, len(steps_of(item.tier, item.approval))),
            kind=task.kind,
            given=sum(row.task_id == task.id for row in around.decisions),
            needed=task.needed,
            distinct_units=task.distinct_units,
            holder_id=holder,
            holder=self._names.person(holder, None, self._now).name if holder else "",
            held_until=task.claimed_at + CLAIM_LASTS if holder and task.claimed_at else None,
        )

    def conflicts(self, row: RequestLine) -> tuple[Refusal, ...]:
        """Return the rules of separation of duty that keep a blocked line apart now; few lines are ever blocked."""
        case_number = self._session.scalar(select(AccessRequest.case_number).where(AccessRequest.id == row.request_id))
        apart = self._facts.authorization.apart
        found = apart.conflicts(row.beneficiary_official_id, [row.function], case_number, row.duty, self._now)
        return tuple(Refusal(conflict.rule.code, conflict_words(conflict)) for conflict in found if conflict.state is FindingState.CONFLICT)

    def closing(self, row: RequestLine, decisions: Sequence[Decision]) -> DecisionView | None:
        """Return the decision that closed a line; after several approvals, with what they allow together."""
        if row.state not in {LineState.APPROVED, LineState.REJECTED}:
            return None
        of_round = [decision for decision in decisions if decision.round == row.round]
        if not of_round:
            return None
        shown = self.decision(of_round[-1], row)
        if row.state == LineState.REJECTED or len(of_round) == 1:
            return shown
        together = approved_extent(of_round)
        return replace(shown, scope=together.scope, scope_names=self._names.divisions(together.scope), days=together.days)

    def decision(self, row: Decision, line: RequestLine) -> DecisionView:
        """Return one decision, with the people in it by name."""
        scope = Scope.from_json(row.approved_scope) if row.approved_scope is not None else None
        return DecisionView(
            id=row.id,
            outcome=row.outcome,
            decided_by=self._names.person(row.official_id, row.appointment_id, row.at),
            at=row.at,
            scope=scope,
            scope_names=self._names.divisions(scope) if scope else (),
            days=row.approved_days,
            reason_code=row.reason_code,
            comment=row.comment,
            evidence_hash=row.evidence_hash,
            principal=self._names.person(row.principal_id, None, row.at) if row.principal_id != row.official_id else None,
            by_rule=row.rule_id is not None,
            by_silence=row.rule_id in self._silent,
            alternative=self._alternative(row.alternative, line) if row.alternative else None,
            has_receipt=row.id in self._signed,
            round=row.round,
        )

    def _alternative(self, stored: Mapping[str, Any], line: RequestLine) -> AlternativeView:
        """Return what a refusal offers instead, filled up with what was asked for."""
        offered = Alternative.from_json(stored)
        item_id, scope = offered.item_id or line.item_id, offered.scope or Scope.from_json(line.requested_scope)
        item = self._facts.subsystems.items([item_id]).get(item_id)
        names = self._names.divisions(scope)
        return AlternativeView(item_id, item.name if item else "", scope, names, offered.days or line.requested_days)
