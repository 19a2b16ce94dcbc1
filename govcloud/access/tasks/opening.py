"""Opening tasks: the first of a line when it is put up for decision, and the next one when a step is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from govcloud.access.deciding.routing import Holder, candidates, ids_of, path_of_step
from govcloud.access.events import TaskOpened
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.tasks.models import OPEN_TASK, DecisionTask
from govcloud.access.tasks.standing import decisions_of_round, spent_in
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems.approval import Step, steps_of
from govcloud.subsystems.queries import ItemView


class TaskOpening:
    """Says what a line waits for, as the item's tier asks."""

    def __init__(self, facts: FactsLoader) -> None:
        """Take the loader of facts."""
        self._facts = facts

    def open_tasks(self, tx: Transaction, line: RequestLine, item: ItemView, fit: Sequence[Holder]) -> DecisionTask:
        """Open the first task of a line's present round; ``fit`` are those who may decide on what the owner has.

        The event that put the line up for decision says so already.
        """
        return self._add(tx, line, 1, steps_of(item.tier, item.approval)[0], fit)

    def open_next(self, tx: Transaction, request: AccessRequest, line: RequestLine, done: DecisionTask) -> DecisionTask | None:
        """Open the task of the step after ``done``, if there is one."""
        item = self._facts.catalogue_item(line.item_id)
        further = steps_of(item.tier, item.approval)[done.step :]
        if not further:
            return None
        spent = spent_in(decisions_of_round(tx.session, line))
        task = self._add(tx, line, done.step + 1, further[0], self._fit(tx, request, line, spent))
        tx.record(_opened(line, task))
        return task

    def ask_further(
        self, tx: Transaction, request: AccessRequest, line: RequestLine, task: DecisionTask, given: Sequence[Decision]
    ) -> None:
        """Let a task that has not all its approvals wait where somebody is left who could give the next one.

        That is no longer where the first one was asked, if nobody else is fit there, or only people of a department that agreed already.
        """
        units = {row.department_id for row in given if row.task_id == task.id} if task.distinct_units else set()
        able = candidates(task.path, self._fit(tx, request, line, spent_in(given)))
        left = [holder for holder in able if not units or ids_of([holder.unit])[0] not in units]
        if left and left[0].path != task.asked_path:
            task.asked_path = left[0].path
            tx.session.flush()

    def _fit(self, tx: Transaction, request: AccessRequest, line: RequestLine, spent: Collection[UUID] = ()) -> Sequence[Holder]:
        """Return who may decide on the line now, but for those who have had a part in its round."""
        barred = {request.requester_official_id, request.beneficiary_official_id, *spent}
        beneficiary = self._facts.person(request.beneficiary_official_id, request.beneficiary_appointment_id, tx.now)
        return self._facts.deciders(line.owner_path, barred, tx.now, beneficiary)

    def _add(self, tx: Transaction, line: RequestLine, number: int, step: Step, fit: Sequence[Holder]) -> DecisionTask:
        path = path_of_step(step.kind, line.owner_path)
        able = candidates(path, fit)
        task = DecisionTask(
            id=new_id(),
            line_id=line.id,
            round=line.round,
            step=number,
            kind=step.kind,
            needed=step.needed,
            distinct_units=step.distinct_units,
            path=path,
            asked_path=able[0].path if able else path,
            state=OPEN_TASK,
            claimed_by=None,
            claimed_at=None,
            opened_at=tx.now,
            closed_at=None,
        )
        tx.session.add(task)
        tx.session.flush()
        return task


def _opened(line: RequestLine, task: DecisionTask) -> TaskOpened:
    """Return the event of a step that comes after another."""
    return TaskOpened(
        subject=f"request_line:{line.id}",
        chain=str(line.request_id),
        task_id=task.id,
        line_id=line.id,
        round=task.round,
        step=task.step,
        kind=task.kind,
        needed=task.needed,
        path=task.path,
        asked_path=task.asked_path,
    )
