"""The commands on a task itself: taking it on, letting it go, and handing it to somebody else who may decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from govcloud.access import errors
from govcloud.access.deciding.routing import candidates
from govcloud.access.events import TaskClaimed, TaskReleased
from govcloud.access.lifecycle import WAITING
from govcloud.access.lines import approved_among, lock_line, read_line, why_closed
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.rules import HOLD
from govcloud.access.rules.reciprocal import WINDOW
from govcloud.access.tasks.models import DecisionTask
from govcloud.access.tasks.rights import Case, Right, Rights, approver_target
from govcloud.access.tasks.standing import claimant, decisions_of_round, open_task, spent_in
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

MOST_REASON = 500


@dataclass(frozen=True)
class Candidate:
    """Somebody who may decide on a line, as a list to choose from shows them."""

    official_id: UUID
    name: str
    department_name: str


class Handling:
    """Commands on the task that a line waits for; each is one transaction, under the lock of the line."""

    def __init__(self, uow: UnitOfWork, clock: Clock, facts: FactsLoader) -> None:
        """Take the unit of work, the clock and the loader of facts."""
        self._uow = uow
        self._clock = clock
        self._facts = facts
        self._rights = Rights(facts)

    def claim(self, actor: Actor, line_id: UUID) -> None:
        """Take a line on, so that nobody else decides on it for some hours; again by the same person it changes nothing.

        Raises:
            NotFound: there is no such line.
            Conflict: somebody else has taken it on, several people have to answer, or it no longer waits; the actor's right was used in
                this round.
            Denied: the actor could not say yes to it.
        """
        line = read_line(self._uow.read(), line_id)
        with self._uow.begin(actor, "govcloud:task:claim", approver_target(self._facts, actor, line, self._clock.now())) as tx:
            case, task = self._waiting(tx, line)
            right = self._entitled(case, task, actor)
            holder = claimant(task, tx.now)
            if holder == right.decider.official_id:
                return
            if holder is not None:
                raise errors.claimed_by_another(self._name(holder))
            self._give(tx, case, task, right.decider.official_id)

    def release(self, actor: Actor, line_id: UUID) -> None:
        """Let a line go that one has taken on.

        Raises:
            NotFound: there is no such line.
            Conflict: one has not taken it on, or it no longer waits.
        """
        line = read_line(self._uow.read(), line_id)
        with self._uow.begin(actor, "govcloud:task:release", approver_target(self._facts, actor, line, self._clock.now())) as tx:
            case, task = self._waiting(tx, line)
            if claimant(task, tx.now) != actor.official_id:
                raise errors.not_claimed()
            task.claimed_by = task.claimed_at = None
            tx.record(TaskReleased(subject=f"request_line:{line_id}", chain=_chain(case), task_id=task.id, line_id=line_id))

    def reassign(self, actor: Actor, line_id: UUID, official_id: UUID, reason: str) -> None:
        """Give a line to somebody else who may decide on it, whoever has taken it on; they then hold it as if they had claimed it.

        Raises:
            NotFound: there is no such line.
            Invalid: there is no reason.
            Conflict: the person could not say yes to it, several people have to answer, or it no longer waits; the actor's right was
                used in this round.
            Denied: the actor could not say yes to it either.
        """
        fields = Fields()
        why = fields.text("reason", reason, most=MOST_REASON, multiline=True)
        fields.done()
        line = read_line(self._uow.read(), line_id)
        with self._uow.begin(actor, "govcloud:task:reassign", approver_target(self._facts, actor, line, self._clock.now())) as tx:
            case, task = self._waiting(tx, line)
            self._entitled(case, task, actor)
            if official_id not in self._able(case, task):
                raise errors.no_candidate()
            self._give(tx, case, task, official_id, why, reassigned=True)

    def candidates(self, line_id: UUID) -> Sequence[Candidate]:
        """Return to whom a line that waits could be given, the nearest first."""
        session, now = self._uow.read(), self._clock.now()
        line = read_line(session, line_id)
        task = open_task(session, line_id)
        if task is None:
            return ()
        case = Case(session, session.get_one(AccessRequest, line.request_id), line, task, now)
        able = self._able(case, task)
        subjects = {subject.official_id: subject for subject in reversed(self._facts.identity.subjects_among(able, now))}
        return [Candidate(who, subjects[who].name, subjects[who].department_name) for who in able if who in subjects]

    def _waiting(self, tx: Transaction, seen: RequestLine) -> tuple[Case, DecisionTask]:
        """Return a line that waits with its task, locked.

        Raises:
            Conflict: it no longer waits.
        """
        lock_official(tx.session, seen.beneficiary_official_id)
        line = lock_line(tx.session, seen.id)
        task = open_task(tx.session, line.id)
        if line.state not in WAITING or task is None:
            raise why_closed(tx.session, line, self._facts.identity)
        return Case(tx.session, tx.session.get_one(AccessRequest, line.request_id), line, task, tx.now), task

    def _entitled(self, case: Case, task: DecisionTask, actor: Actor) -> Right:
        """Return the right by which the actor may hold the task alone, or say who does.

        Raises:
            Conflict, Denied: as the commands say.
        """
        right = self._rights.of(case, self._facts.acting(actor, case.now), spent_in(decisions_of_round(case.session, case.line)))
        self._rights.ask(HOLD, case, right, None)
        if task.needed > 1:
            raise errors.claims_one_only()
        if right.spent:
            raise errors.counted_already(right.principal.name)
        return right

    def _able(self, case: Case, task: DecisionTask) -> tuple[UUID, ...]:
        """Return who could say yes to the task and has not had a part in this round, the nearest first."""
        request = case.request
        barred = {request.requester_official_id, request.beneficiary_official_id, *spent_in(decisions_of_round(case.session, case.line))}
        beneficiary = self._facts.person(request.beneficiary_official_id, request.beneficiary_appointment_id, case.now)
        fit = candidates(task.path, self._facts.deciders(task.path, barred, case.now, beneficiary))
        able = tuple(dict.fromkeys(holder.official_id for holder in fit))
        owing = approved_among(case.session, beneficiary.official_id, able, case.now - WINDOW)
        return tuple(person for person in able if person not in owing)

    def _give(
        self, tx: Transaction, case: Case, task: DecisionTask, official_id: UUID, reason: str = "", *, reassigned: bool = False
    ) -> None:
        """Let somebody hold the task from now on."""
        former_id = claimant(task, tx.now)
        task.claimed_by, task.claimed_at = official_id, tx.now
        tx.record(
            TaskClaimed(
                subject=f"request_line:{case.line.id}",
                chain=_chain(case),
                task_id=task.id,
                line_id=case.line.id,
                official_id=official_id,
                former_id=former_id,
                reassigned=reassigned,
                reason=reason,
            )
        )

    def _name(self, official_id: UUID) -> str:
        return self._facts.identity.official_names([official_id])[official_id]


def _chain(case: Case) -> str:
    return str(case.line.request_id)
