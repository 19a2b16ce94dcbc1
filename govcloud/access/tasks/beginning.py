"""Putting a line up for decision: its first task, and where the owner said yes in advance, the decision in the name of that rule."""

from __future__ import annotations

from collections.abc import Sequence

from govcloud.access.deciding.routing import Holder
from govcloud.access.lifecycle import WAITING
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.tasks.opening import TaskOpening
from govcloud.access.tasks.presigned import AUTO
from govcloud.access.tasks.rights import Case
from govcloud.access.tasks.speaking import Speaking
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems.queries import ItemView


class Beginning:
    """Begins a round of a line, in the transaction that put it up; the beneficiary's lock and the tree's must be held."""

    def __init__(self, tasks: TaskOpening, rules: Speaking) -> None:
        """Take what opens tasks, and what lets rules speak that were signed in advance."""
        self._tasks = tasks
        self._rules = rules

    def begin(self, tx: Transaction, request: AccessRequest, line: RequestLine, item: ItemView, fit: Sequence[Holder]) -> None:
        """Open the task of the first step, and grant what a rule grants that the owner signed."""
        task = self._tasks.open_tasks(tx, line, item, fit)
        if item.tier == AUTO and line.state in WAITING:
            self._rules.at_once(tx, Case(tx.session, request, line, task, tx.now), item)
