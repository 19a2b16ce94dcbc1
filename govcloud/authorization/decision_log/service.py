"""The decision log as the ways in meet it: noting a decision, reading the log (which is itself recorded), forgetting what is old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Engine, delete, select, tuple_
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.decision_log.models import DecisionLogEntry, DecisionLogGap
from govcloud.authorization.decision_log.reading import LogAsked, LogPage, LogQueries
from govcloud.authorization.decision_log.rows import Keeping, row_of
from govcloud.authorization.decision_log.writing import Follow, SensitiveOf, Writer
from govcloud.authorization.events import DecisionLogPurged, DecisionLogRead
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import UnitOfWork

READ = "govcloud:decision_log:read"
PURGE = "govcloud:decision_log:purge"
BATCH = 10_000
_LOG = "decision_log:all"


class DecisionLog:
    """Every denial, every yes to something sensitive, and a sample of the others."""

    def __init__(
        self,
        uow: UnitOfWork,
        read: Callable[[], Session],
        engine: Engine,
        clock: Clock,
        sensitive_of: SensitiveOf,
        *,
        sample: float,
        keep: timedelta,
        follow: Follow | None = None,
    ) -> None:
        """Take the unit of work, the readers, the writer's engine, how much is kept for how long, and what follows once it is written."""
        self._uow = uow
        self._clock = clock
        self._sample = sample
        self._keep = keep
        self._queries = LogQueries(read)
        self.writer = Writer(engine, clock, sensitive_of, follow)

    def note(self, question: Question, decision: Decision, client_id: str, *, trace_id: str | None = None) -> None:
        """Remember a decision that was given out, if it is one to keep.

        A way in calls it with the answer in hand; it never fails, waits for nothing, and what it cannot take in is counted.
        """
        kind = Keeping(self.writer.sensitive, self._sample).kind_of(question.function, decision)
        if kind is not None:
            self.writer.take(row_of(kind, self._clock.now(), question, decision, client_id, trace_id=trace_id))

    def flush(self) -> bool:
        """Write down what waits, now; return whether that worked."""
        return self.writer.flush()

    def close(self) -> None:
        """Write down what waits, and stop."""
        self.writer.close()

    def read(self, actor: Actor, asked: LogAsked) -> LogPage:
        """Return a page of the log; whoever looks stands in the audit record.

        Whose role is bounded by a department may ask about one subsystem of theirs at a time: ``asked.subsystem``, and where it stands.

        Raises:
            Denied: the actor may not read this.
        """
        kind, name = ("subsystem", asked.subsystem) if asked.subsystem else ("decision_log", "all")
        with self._uow.begin(actor, READ, Target(kind, name, department_path=asked.department_path)) as tx:
            page = self._queries.page(asked)
            tx.record(
                DecisionLogRead(
                    subject=_LOG,
                    official_id=asked.official_id,
                    function=asked.function,
                    subsystem_code=asked.subsystem,
                    entries=len(page.rows),
                )
            )
        return page

    def purge(self, actor: Actor) -> int:
        """Delete one batch of what is older than it is to be kept; return how many rows went.

        Raises:
            Denied: the actor may not purge.
        """
        with self._uow.begin(actor, PURGE) as tx:
            before = tx.now - self._keep
            oldest = select(DecisionLogEntry.at, DecisionLogEntry.id).where(DecisionLogEntry.at < before)
            keys = tx.session.execute(oldest.order_by(DecisionLogEntry.at, DecisionLogEntry.id).limit(BATCH)).all()
            if keys:
                key = tuple_(DecisionLogEntry.at, DecisionLogEntry.id)
                # All of them lie at the start of the key, so a stretch of it is deleted and not row after row looked up.
                tx.session.execute(delete(DecisionLogEntry).where(key <= tuple_(*keys[-1])))
            else:
                tx.session.execute(delete(DecisionLogGap).where(DecisionLogGap.until < before))
            if keys:
                tx.record(DecisionLogPurged(subject=_LOG, before=before, rows=len(keys)))
            return len(keys)
