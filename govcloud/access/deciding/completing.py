"""What follows from a decision: the next approval, the next step, the grant, or the end of the line; for persons and rules alike."""

from __future__ import annotations

from dataclasses import replace

from govcloud.access.clocks.line_clock import Clocks
from govcloud.access.commands import Decided
from govcloud.access.deciding.events import LineEndorsed
from govcloud.access.events import LineApproved, LineRejected
from govcloud.access.evidence.card import EvidenceCard
from govcloud.access.evidence.grounds import Capacity, Grounds, Place
from govcloud.access.evidence.receipts import Receipts
from govcloud.access.facts import Wanted
from govcloud.access.life.opening import Opened, Opening
from govcloud.access.lifecycle import LineState
from govcloud.access.lines import move_line
from govcloud.access.loading import FactsLoader
from govcloud.access.models import Decision, RequestLine
from govcloud.access.tasks.models import DecisionTask
from govcloud.access.tasks.opening import TaskOpening
from govcloud.access.tasks.rights import REACTION, Case
from govcloud.access.tasks.standing import approved_extent, close_task, decisions_of_round
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.subsystems.approval import steps_of

OPEN_LENT = "govcloud:line:open"
"""The platform's own command that opens what was decided in somebody else's right, or in advance."""


class Completing:
    """Carries a line on after a decision on it, in its transaction."""

    def __init__(  # noqa: PLR0917 - what follows from a decision
        self, uow: UnitOfWork, facts: FactsLoader, tasks: TaskOpening, opening: Opening, receipts: Receipts, clocks: Clocks
    ) -> None:
        """Take the unit of work, the loader of facts, what opens tasks and grants and signs receipts, and the departments' clocks."""
        self._uow = uow
        self._facts = facts
        self._clocks = clocks
        self._tasks = tasks
        self._opening = opening
        self._receipts = receipts

    def follow(self, tx: Transaction, case: Case, decision: Decision, card: EvidenceCard, grounds: Grounds) -> Decided:
        """Carry the line on, and sign the decision's receipt, which says in whose right (``grounds``) and at which step it was made.

        Raises:
            Conflict: together the approvals would open nothing.
        """
        if case.task is None:
            raise ValueError("a decision belongs to a task")
        item = self._facts.catalogue_item(case.line.item_id)
        agreed = [row for row in decisions_of_round(tx.session, case.line) if row.task_id == case.task.id and row.outcome == "approved"]
        before = [row for row in agreed if row.id != decision.id]
        place = Place(case.task, max(case.task.step, len(steps_of(item.tier, item.approval))), before)
        came_of_it = self._follow(tx, case, case.task, decision, grounds)
        self._receipts.sign(tx, case, decision, card, came_of_it, grounds, place)
        return came_of_it

    def _follow(self, tx: Transaction, case: Case, task: DecisionTask, decision: Decision, grounds: Grounds) -> Decided:
        """Carry the line on."""
        if decision.outcome == "rejected":
            refused = _rejected(tx, case, task, decision)
            self._opening.settle(tx, case.request)
            return refused
        approvals = decisions_of_round(tx.session, case.line)
        extent = approved_extent(approvals)
        given = sum(row.task_id == task.id for row in approvals)
        complete = given >= task.needed
        if not complete:
            self._tasks.ask_further(tx, case.request, case.line, task, approvals)
        if not complete or not self._last_step(tx, case, task):
            tx.record(_endorsed(case, task, decision, given))
            return replace(decided(case.line, decision), given=given, needed=task.needed)
        return self._approved(tx, case, decision, extent, grounds)

    def _last_step(self, tx: Transaction, case: Case, task: DecisionTask) -> bool:
        """Close the task and open the next one, whose people have the whole time to answer; return whether there is none."""
        close_task(tx.session, task, "done", tx.now)
        if self._tasks.open_next(tx, case.request, case.line, task) is None:
            return True
        self._clocks.start_anew(case.line, self._facts.catalogue_item(case.line.item_id).tier, tx.now)
        tx.session.flush()
        return False

    def _approved(self, tx: Transaction, case: Case, decision: Decision, extent: Wanted, grounds: Grounds) -> Decided:
        """Move the line, and open the grant unless it is held back."""
        line = case.line
        move_line(tx.session, line, "approve", tx.now)
        tx.record(
            LineApproved(
                subject=f"request_line:{line.id}",
                chain=str(line.request_id),
                decision_id=decision.id,
                subsystem_code=line.subsystem_code,
                function=line.function,
                scope=extent.scope.to_json(),
                days=extent.days,
                evidence_hash=decision.evidence_hash,
                comment=decision.comment,
                rule_id=decision.rule_id,
                on_silence=grounds.capacity is Capacity.SILENCE,
            )
        )
        opened = self._open(tx, case, extent, lent=grounds.is_lent)
        needed = case.task.needed if case.task else 1
        return replace(decided(line, decision, opened), given=needed, needed=needed)

    def _open(self, tx: Transaction, case: Case, extent: Wanted, *, lent: bool) -> Opened | None:
        """Open the grant: in the decider's own right, or where that was lent, as what follows from the decision."""
        if not lent:
            return self._opening.open_for(tx, case.request, case.line, extent)
        with self._uow.begin(REACTION, OPEN_LENT, Target("request_line", str(case.line.id))) as following:
            return self._opening.open_for(following, case.request, case.line, extent)


def _rejected(tx: Transaction, case: Case, task: DecisionTask, decision: Decision) -> Decided:
    """Close the line: one refusal is enough."""
    line = case.line
    close_task(tx.session, task, "done", tx.now)
    move_line(tx.session, line, "reject", tx.now)
    tx.record(
        LineRejected(
            subject=f"request_line:{line.id}",
            chain=str(line.request_id),
            decision_id=decision.id,
            subsystem_code=line.subsystem_code,
            function=line.function,
            reason_code=decision.reason_code or "",
            evidence_hash=decision.evidence_hash,
            comment=decision.comment,
            alternative=decision.alternative,
        )
    )
    return decided(line, decision)


def _endorsed(case: Case, task: DecisionTask, decision: Decision, given: int) -> LineEndorsed:
    """Return the event of an approval that is not the last."""
    return LineEndorsed(
        subject=f"request_line:{case.line.id}",
        chain=str(case.line.request_id),
        decision_id=decision.id,
        principal_id=decision.principal_id,
        step=task.step,
        given=given,
        needed=task.needed,
        scope=decision.approved_scope or {},
        days=decision.approved_days or 0,
        evidence_hash=decision.evidence_hash,
        comment=decision.comment,
    )


def decided(line: RequestLine, decision: Decision, opened: Opened | None = None, *, replayed: bool = False) -> Decided:
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
