"""Where work waits: for how long departments let requests wait, in working time, how much waits now, and what lapsed.

The report names departments and nobody: who works there is for their own superiors to know. A reader sees the departments at and
below those over which a role of theirs opens the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from govcloud.access.clocks.line_clock import Clocks
from govcloud.access.events import LineApproved, LineLapsed, LineRejected
from govcloud.access.lifecycle import WAITING, LineState
from govcloud.access.models import LineWait, RequestLine
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.identity.extents import at_or_below, department_ids_within
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import Denied
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields

READS = "govcloud:waiting:read"
LONGEST = timedelta(days=92)
"""The longest period of one report; a quarter of a province's lines is counted within the time that a page may take."""
USUAL = timedelta(days=30)
EVERYWHERE = ("/",)
Answered = LineApproved | LineRejected | LineLapsed
_COUNTED = {LineState.APPROVED, LineState.REJECTED, LineState.LAPSED}


@dataclass(frozen=True)
class DepartmentWaiting:
    """How a department answered in a period, and what waits there now; times are working time, ``None`` when nothing was answered."""

    department_id: UUID
    name: str
    path: str
    closed: int
    lapsed: int
    p50: timedelta | None
    p95: timedelta | None
    waiting: int
    overdue: int
    oldest: datetime | None


@dataclass(frozen=True)
class WaitingReport:
    """The report on a period ``[since, until)``: all departments of the reader together, then each, the slowest first."""

    since: datetime
    until: datetime
    at: datetime
    working_day: timedelta
    total: DepartmentWaiting
    departments: tuple[DepartmentWaiting, ...]


class Waiting:
    """Notes how long lines waited, and reports it."""

    def __init__(
        self,
        read: Callable[[], Session],
        identity: IdentityQueries,
        authorization: AuthorizationQueries,
        clocks: Clocks,
        clock: Clock,
    ) -> None:
        """Take the source of reading sessions, the queries of the domains below, the clocks of lines, and the clock."""
        self._read = read
        self._identity = identity
        self._authorization = authorization
        self._clocks = clocks
        self._clock = clock

    # What is noted

    def note(self, tx: Transaction, events: Sequence[Answered]) -> None:
        """Write down for how long the lines of ``events`` waited, in the transaction that closed them."""
        # What nobody corrected is no department's waiting, nor is what waited for an exception.
        counted = [event for event in events if not (isinstance(event, LineLapsed) and (event.returned or event.blocked))]
        ids = [UUID(event.subject.partition(":")[2]) for event in counted]
        lines = [line for line in (tx.session.get(RequestLine, key) for key in ids) if line and line.state in _COUNTED]
        rows = [
            {
                "line_id": line.id,
                "department_id": line.owner_department_id,
                "outcome": line.state,
                "seconds": int(self._clocks.waited(line, line.closed_at or tx.now).total_seconds()),
                "closed_at": line.closed_at or tx.now,
            }
            for line in lines
        ]
        if rows:
            tx.session.execute(insert(LineWait), rows)

    def change_owner(self, tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
        """Let what a department let wait stand against its successor, in the transaction of the merger."""
        mine = update(LineWait).where(LineWait.department_id == department_id).values(department_id=successor_id)
        tx.session.execute(mine.execution_options(synchronize_session=False))

    # What is reported

    def reach(self, actor: Actor) -> tuple[str, ...]:
        """Return the paths of the departments at and below which the actor may see how long work waits."""
        if actor.official_id is None:
            return ()
        return self._authorization.reach_of(actor.official_id, actor.appointment_id, READS)

    def report(self, actor: Actor, since: datetime | None = None, until: datetime | None = None) -> WaitingReport:
        """Return the report on ``[since, until)``, by default the last thirty days.

        Raises:
            Denied: no role of the actor opens it.
            Invalid: the period is empty or longer than a quarter.
        """
        paths, now = self.reach(actor), self._clock.now()
        if not paths:
            raise Denied("no_waiting_report", Message("等待时长报表只供高级管理员和安全管理员查看。"))
        until = until or now + timedelta(microseconds=1)  # with what is answered at this very moment
        since = since or until - USUAL
        _check(since, until)
        answered, together = self._answered(since, until, paths, now)
        waiting = self._waiting(paths, now)
        ids = answered.keys() | waiting.keys()
        known = {key: (view.name, view.path) for key, view in self._identity.departments(ids, now).items()} if ids else {}
        rows = [_row(key, *known.get(key, ("", "")), answered.get(key), waiting.get(key)) for key in ids]
        total = _row(UUID(int=0), "", "", together, _sum(waiting.values()))
        slowest = sorted(rows, key=lambda row: (-(row.p95 or timedelta()).total_seconds(), -row.waiting, row.path))
        return WaitingReport(since, until, now, self._clocks.working.day, total, tuple(row for row in slowest if row.name))

    def _answered(self, since: datetime, until: datetime, paths: Sequence[str], now: datetime) -> tuple[dict[UUID, _Answered], _Answered]:
        """Return for each department, and for all together, how many lines were closed and lapsed, and the quantiles of their waiting."""
        query = select(LineWait.department_id, *_MEASURES).where(LineWait.closed_at >= since, LineWait.closed_at < until)
        if tuple(paths) != EVERYWHERE:
            query = query.where(LineWait.department_id.in_(department_ids_within(paths, now)))
        # One pass over the period; the row without a department is that of all.
        rows = self._read().execute(query.group_by(func.rollup(LineWait.department_id))).all()
        found = {row.department_id: _Answered(row.closed, row.lapsed, row.p50, row.p95) for row in rows}
        together = found.pop(None, _Answered(0, 0, None, None))
        return found, together

    def _waiting(self, paths: Sequence[str], now: datetime) -> dict[UUID, _Now]:
        """Return for each department how many lines wait, how many of them beyond the time to answer, and since when the oldest does."""
        late = func.count().filter(RequestLine.deputy_at <= now)
        query = select(RequestLine.owner_department_id, func.count().label("waiting"), late.label("overdue"), _OLDEST)
        query = query.where(RequestLine.state.in_(WAITING))
        if tuple(paths) != EVERYWHERE:
            query = query.where(at_or_below(RequestLine.owner_path, paths))
        rows = self._read().execute(query.group_by(RequestLine.owner_department_id))
        return {row.owner_department_id: _Now(row.waiting, row.overdue, row.oldest) for row in rows}


@dataclass(frozen=True)
class _Answered:
    closed: int
    lapsed: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True)
class _Now:
    waiting: int
    overdue: int
    oldest: datetime | None


_OLDEST = func.min(RequestLine.submitted_at).label("oldest")
_MEASURES = (
    func.count().label("closed"),
    func.count().filter(LineWait.outcome == LineState.LAPSED).label("lapsed"),
    func.percentile_disc(0.5).within_group(LineWait.seconds).label("p50"),
    func.percentile_disc(0.95).within_group(LineWait.seconds).label("p95"),
)


def _sum(counts: Iterable[_Now]) -> _Now:
    found = list(counts)
    oldest = min((item.oldest for item in found if item.oldest), default=None)
    return _Now(sum(item.waiting for item in found), sum(item.overdue for item in found), oldest)


def _row(department_id: UUID, name: str, path: str, answered: _Answered | None, now: _Now | None) -> DepartmentWaiting:
    answered, now = answered or _Answered(0, 0, None, None), now or _Now(0, 0, None)
    return DepartmentWaiting(
        department_id=department_id,
        name=name,
        path=path,
        closed=answered.closed,
        lapsed=answered.lapsed,
        p50=None if answered.p50 is None else timedelta(seconds=answered.p50),
        p95=None if answered.p95 is None else timedelta(seconds=answered.p95),
        waiting=now.waiting,
        overdue=now.overdue,
        oldest=now.oldest,
    )


def _check(since: datetime, until: datetime) -> None:
    """Refuse a period that is none.

    Raises:
        Invalid: it is empty, or longer than a quarter.
    """
    fields = Fields()
    if until <= since:
        fields.fail("until", Message("结束应晚于开始。"), until.isoformat())
    elif until - since > LONGEST:
        fields.fail("since", Message("一次最多查看 %(days)s 天。", days=LONGEST.days), since.isoformat())
    fields.done()
