"""Lines that wait for an exception from separation of duty: why, and letting them on when one is given or the conflict is gone.

Their clocks stand meanwhile (``clocks/line_clock.py``): the department cannot answer yet, so its time goes on where it stood once it can.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from govcloud.access.clocks.line_clock import is_over
from govcloud.access.events import LineBlocked, LineUnblocked
from govcloud.access.lifecycle import BLOCKED, LineState
from govcloud.access.lines import lock_blocked, move_line
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.authorization.apart.queries import ApartQueries
from govcloud.authorization.apart.views import Conflict, FindingState
from govcloud.authorization.locking import APART, hold
from govcloud.identity.locking import hold_tree, lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

Begin = Callable[[Transaction, AccessRequest, RequestLine], None]
UNBLOCK = "govcloud:line:unblock"
_PAGE = 200

logger = logging.getLogger(__name__)


class Blocked:
    """Looks at blocked lines again."""

    def __init__(self, uow: UnitOfWork, clock: Clock, apart: ApartQueries, begin: Begin) -> None:
        """Take the unit of work, the clock, what asks the rules, and what puts a line up for decision."""
        self._uow = uow
        self._clock = clock
        self._apart = apart
        self._begin = begin

    def look_again(self, actor: Actor, official_id: UUID) -> int:
        """Let on the lines of one person that nothing keeps apart any more; return how many."""
        return self._look(actor, Target("official", str(official_id)), official_id)

    def look_at_all(self, actor: Actor, until: Callable[[], bool] = lambda: False) -> int:
        """Look again at every line that is blocked now, the oldest first, each in a transaction of its own; return how many were let on.

        One that fails is logged by its id and left for the next time, and the others are looked at all the same. ``until`` is asked
        between two lines whether to leave the rest.
        """
        let_on = 0
        for line_id, official_id in self._blocked():
            if until():
                break
            try:
                if self._stands_clear(line_id):
                    let_on += self._look(actor, Target("request_line", str(line_id)), official_id, line_id)
            except (GovcloudError, SQLAlchemyError):
                logger.exception("line %s is blocked, and looking at it again failed", line_id)
        return let_on

    def _blocked(self) -> Iterator[tuple[UUID, UUID]]:
        """Give the lines that are blocked, with their beneficiaries, page by page in the order of their ids, which only rise."""
        last = self._uow.read().scalar(
            select(RequestLine.id).where(RequestLine.state.in_(BLOCKED)).order_by(RequestLine.id.desc()).limit(1)
        )
        after: UUID | None = None
        while last is not None and after != last:
            query = select(RequestLine.id, RequestLine.beneficiary_official_id).where(
                RequestLine.state.in_(BLOCKED), RequestLine.id <= last
            )
            if after is not None:
                query = query.where(RequestLine.id > after)
            page = self._uow.read().execute(query.order_by(RequestLine.id).limit(_PAGE)).all()
            yield from ((row.id, row.beneficiary_official_id) for row in page)
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def _stands_clear(self, line_id: UUID) -> bool:
        """Return whether nothing seems to keep a line apart: what stands still costs no lock."""
        session = self._uow.read()
        line = session.get(RequestLine, line_id, populate_existing=True)
        request = session.get(AccessRequest, line.request_id) if line is not None else None
        return line is not None and request is not None and not _blocking(self._conflicts(request, line, self._clock.now()))

    def _look(self, actor: Actor, target: Target, official_id: UUID, line_id: UUID | None = None) -> int:
        """Let on what nothing keeps apart of the lines of one person, or of one line alone."""
        with self._uow.begin(actor, UNBLOCK, target) as tx:
            hold_tree(tx.session)  # whoever decides first is looked for along the owner's path
            hold(tx.session, APART)
            lock_official(tx.session, official_id)
            free = list(self._free(tx, lock_blocked(tx.session, official_id, line_id)))
            if free:
                tx.record_all([_unblocked(line, found) for _request, line, found in free])
            for request, line, _found in free:
                self._begin(tx, request, line)
            return len(free)

    def _free(self, tx: Transaction, lines: Sequence[RequestLine]) -> Iterator[tuple[AccessRequest, RequestLine, Sequence[Conflict]]]:
        """Move those of locked lines that nothing keeps apart, and give them with what an exception lifts."""
        for line in lines:
            request = tx.session.get_one(AccessRequest, line.request_id)
            found = self._conflicts(request, line, tx.now)
            # One whose time has run out lapses; it is not sent to its owner first.
            if LineState(line.state) in BLOCKED and not is_over(line, tx.now) and not _blocking(found):
                move_line(tx.session, line, "unblock", tx.now)
                yield request, line, found

    def _conflicts(self, request: AccessRequest, line: RequestLine, now: datetime) -> Sequence[Conflict]:
        return self._apart.conflicts(line.beneficiary_official_id, [line.function], request.case_number, line.duty, now)


def line_blocked(line: RequestLine, blocking: Iterable[Conflict]) -> LineBlocked:
    """Return the event of a line that waits for an exception: the rules by code, each with its version, and what stands beside."""
    found = list(blocking)
    return LineBlocked(
        subject=f"request_line:{line.id}",
        chain=str(line.request_id),
        line_id=line.id,
        beneficiary_official_id=line.beneficiary_official_id,
        function=line.function,
        rules={conflict.rule.code: conflict.rule.version for conflict in found},
        held=tuple(sorted({function for conflict in found for function in conflict.held})),
    )


def _blocking(found: Iterable[Conflict]) -> bool:
    return any(conflict.state is FindingState.CONFLICT for conflict in found)


def _unblocked(line: RequestLine, found: Iterable[Conflict]) -> LineUnblocked:
    return LineUnblocked(
        subject=f"request_line:{line.id}",
        chain=str(line.request_id),
        line_id=line.id,
        beneficiary_official_id=line.beneficiary_official_id,
        exceptions=tuple(conflict.exception_id for conflict in found if conflict.exception_id is not None),
    )
