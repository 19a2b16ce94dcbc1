"""What the clock does with lines that nobody answers: reminds, lets the deputies in, then the department above, and lets the line lapse.

Where the owner signed a rule for that case, silence at the end of the time to answer is a yes instead (默许).

Each step of each line is a transaction of its own, so that a stop in between loses nothing and does nothing twice: what is due is
found again by its moment. The approvers who were asked first may act until the line lapses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from govcloud.access.clocks.line_clock import is_over, next_act
from govcloud.access.deciding.routing import DEPUTIES_FROM
from govcloud.access.events import LineDeputised, LineEscalated, LineLapsed, LineReminded
from govcloud.access.life.opening import Opening
from govcloud.access.lifecycle import BLOCKED, OPEN, RETURNED, WAITING
from govcloud.access.lines import lock_line_if_free, lock_line_of_whole, lock_line_to_open, move_line, read_line
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.tasks.rights import Case
from govcloud.access.tasks.speaking import Speaking
from govcloud.access.tasks.standing import open_task
from govcloud.authorization.locking import APART, hold
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import Denied, GovcloudError
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

#: The event of each step, by the escalation that it leads to.
STEPS: dict[int, type[LineReminded | LineDeputised | LineEscalated]] = {1: LineReminded, 2: LineDeputised, 3: LineEscalated}
LAST_STEP = max(STEPS)
#: The escalation of a line whose next mark is the end of its time to answer.
_BEFORE_DEPUTIES = DEPUTIES_FROM - 1
logger = logging.getLogger(__name__)


class Escalating:
    """The work of the clock; several processes may do it at once."""

    def __init__(self, uow: UnitOfWork, clock: Clock, opening: Opening, rules: Speaking) -> None:
        """Take the unit of work, the clock, what opens grants, and what lets rules speak that were signed in advance."""
        self._uow = uow
        self._clock = clock
        self._opening = opening
        self._rules = rules

    def run(self, actor: Actor, limit: int = 200, until: Callable[[], bool] = lambda: False) -> int:
        """Take the steps that are due now, the one that is due longest first; return how many were taken.

        They are read ``limit`` at a time, each page from where the one before ended. A line whose step fails is logged and left to the
        next run, and holds up no other. ``until`` is asked between two lines whether to leave the rest to the next run.

        Raises:
            Denied: the actor is not the clock.
        """
        moment, after, taken = self._clock.now(), None, 0
        while page := self._due(moment, after, limit):
            for row in page:
                if until():
                    return taken
                taken += self._tried(actor, row, moment)
            after = (page[-1].acts_at, page[-1].id)
        return taken

    def _due(self, moment: datetime, after: tuple[datetime | None, UUID] | None, limit: int) -> Sequence[RequestLine]:
        """Return the next lines at which the clock acts by ``moment``, in the order of their index."""
        key = tuple_(RequestLine.acts_at, RequestLine.id)
        due = select(RequestLine).where(RequestLine.state.in_(OPEN), RequestLine.acts_at <= moment)
        if after is not None:
            due = due.where(key > tuple_(*after))
        return self._uow.read().scalars(due.order_by(RequestLine.acts_at, RequestLine.id).limit(limit)).all()

    def _tried(self, actor: Actor, seen: RequestLine, moment: datetime) -> bool:
        """Take the step of one line; return whether it was taken."""
        try:
            if is_over(seen, moment):
                return self._lapse(actor, seen.id, seen.beneficiary_official_id)
            return self._take_silence(actor, seen) or self._step(actor, seen.id)
        except Denied:
            raise  # it is about the actor, not about the line
        except (GovcloudError, SQLAlchemyError):
            logger.exception("the clock of line %s could not act; it is tried again at the next run", seen.id)
            return False

    def _take_silence(self, actor: Actor, seen: RequestLine) -> bool:
        """Grant a line by a rule that its owner signed for the case that nobody answers in time; under the locks of a decision.

        Once only, when the time to answer is over: what no rule granted then goes on to the deputies, and up.
        """
        if seen.escalation != _BEFORE_DEPUTIES or not self._rules.may_take_silence(seen, self._clock.now()):
            return False
        with self._uow.begin(actor, "govcloud:line:escalate", Target("request_line", str(seen.id))) as tx:
            hold(tx.session, APART)
            lock_official(tx.session, seen.beneficiary_official_id)
            line = lock_line_to_open(tx.session, seen)
            task = open_task(tx.session, line.id)
            if line.state not in WAITING or line.escalation != _BEFORE_DEPUTIES or line.acts_at is None or line.acts_at > tx.now:
                return False
            if line.due_at <= tx.now:
                return False
            return self._rules.on_silence(tx, Case(tx.session, tx.session.get_one(AccessRequest, line.request_id), line, task, tx.now))

    def _step(self, actor: Actor, line_id: UUID) -> bool:
        """Take a line one step further, unless another process is at it or it has been answered meanwhile."""
        with self._uow.begin(actor, "govcloud:line:escalate", Target("request_line", str(line_id))) as tx:
            line = lock_line_if_free(tx.session, line_id)
            if line is None or line.state not in OPEN or line.acts_at is None or line.acts_at > tx.now:
                return False
            return _taken_further(tx, line)

    def _lapse(self, actor: Actor, line_id: UUID, beneficiary_id: UUID) -> bool:
        """Close a line whose chain is exhausted; under the person's lock, as whoever decides, withdraws or asks anew holds it."""
        with self._uow.begin(actor, "govcloud:line:lapse", Target("request_line", str(line_id))) as tx:
            lock_official(tx.session, beneficiary_id)
            line = lock_line_of_whole(tx.session, read_line(tx.session, line_id))
            if line.state not in OPEN or not is_over(line, tx.now):
                return False
            returned, blocked = line.state in RETURNED, line.state in BLOCKED
            move_line(tx.session, line, "lapse", tx.now)
            tx.record(
                LineLapsed(
                    subject=f"request_line:{line.id}",
                    chain=str(line.request_id),
                    owner_department_id=line.owner_department_id,
                    due_at=line.due_at,
                    returned=returned,
                    blocked=blocked,
                )
            )
            self._opening.settle(tx, tx.session.get_one(AccessRequest, line.request_id))
            return True


def _taken_further(tx: Transaction, line: RequestLine) -> bool:
    """Note that a line has come to its next mark, and set the clock on the one after it; return whether anybody is told."""
    line.escalation += 1
    line.acts_at = next_act(line)
    tx.session.flush()
    if line.state not in WAITING:
        return False  # its clock ran on from before it stood for such a line; it is in nobody's inbox
    tx.record(
        STEPS[line.escalation](
            subject=f"request_line:{line.id}",
            chain=str(line.request_id),
            owner_department_id=line.owner_department_id,
            submitted_at=line.submitted_at,
            due_at=line.due_at,
        )
    )
    return True
