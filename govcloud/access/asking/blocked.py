"""Lines that wait for an exception from separation of duty: why, and letting them on when one is given or the conflict is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from sqlalchemy import select

from govcloud.access.events import LineBlocked, LineUnblocked
from govcloud.access.lifecycle import BLOCKED, LineState
from govcloud.access.lines import lock_line, move_line
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.authorization.apart.queries import ApartQueries
from govcloud.authorization.apart.views import Conflict, FindingState
from govcloud.authorization.locking import APART, hold
from govcloud.identity.locking import hold_tree, lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

Begin = Callable[[Transaction, AccessRequest, RequestLine], None]
UNBLOCK = "govcloud:line:unblock"
_AT_ONCE = 200


class Blocked:
    """Looks at blocked lines again."""

    def __init__(self, uow: UnitOfWork, apart: ApartQueries, begin: Begin) -> None:
        """Take the unit of work, what asks the rules, and what puts a line up for decision."""
        self._uow = uow
        self._apart = apart
        self._begin = begin

    def look_again(self, actor: Actor, official_id: UUID) -> int:
        """Let on the lines of one person that nothing keeps apart any more; return how many."""
        with self._uow.begin(actor, UNBLOCK, Target("official", str(official_id))) as tx:
            hold_tree(tx.session)  # whoever decides first is looked for along the owner's path
            hold(tx.session, APART)
            lock_official(tx.session, official_id)
            mine = (RequestLine.beneficiary_official_id == official_id, RequestLine.state.in_(BLOCKED))
            let_on: list[tuple[AccessRequest, RequestLine, LineUnblocked]] = []
            for line_id in tx.session.scalars(select(RequestLine.id).where(*mine).order_by(RequestLine.id)).all():
                line = lock_line(tx.session, line_id)
                request = tx.session.get_one(AccessRequest, line.request_id)
                found = self._apart.conflicts(official_id, [line.function], request.case_number, line.duty, tx.now)
                # One whose time has run out lapses; it is not sent to its owner first.
                if LineState(line.state) in BLOCKED and line.due_at > tx.now and not _blocking(found):
                    move_line(tx.session, line, "unblock", tx.now)
                    let_on.append((request, line, _unblocked(line, found)))
            if let_on:
                tx.record_all([event for _request, _line, event in let_on])
            for request, line, _event in let_on:
                self._begin(tx, request, line)
            return len(let_on)

    def look_at_all(self, actor: Actor) -> int:
        """Look again at every blocked line, person by person, each in a transaction of its own; return how many were let on."""
        query = select(RequestLine.beneficiary_official_id).where(RequestLine.state.in_(BLOCKED)).distinct().limit(_AT_ONCE)
        people = sorted(self._uow.read().scalars(query))
        return sum(self.look_again(actor, official_id) for official_id in people)


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
