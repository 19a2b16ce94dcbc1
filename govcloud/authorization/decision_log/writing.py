"""Writing decisions down beside the checks: a bounded queue in the process, and a thread that copies it into the database.

What a check does is to append to the queue; it waits for nothing. Every ``EVERY`` seconds, or when a batch is full, the thread writes
what waits. When the database is away the queue fills up, and what does not fit is counted; the count is written with the first batch that
gets through. A process that is stopped writes what waits; one that is killed loses at most what came in the last ``EVERY`` seconds, or
``MOST_WAITING`` rows if the database was away.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing.util import Finalize
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from govcloud.authorization.decision_log.models import DecisionLogEntry, DecisionLogGap
from govcloud.authorization.decision_log.rows import COLUMNS, Row
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id, new_ids

EVERY = 1.0
BATCH = 1_000
MOST_WAITING = 20_000
#: The thread ends when nothing has come for so long; the next decision begins another.
_IDLE = 30.0
_REFRESH = 30.0
_COPY = f"COPY {DecisionLogEntry.__tablename__} (id, {', '.join(COLUMNS)}) FROM STDIN"
_logger = logging.getLogger("govcloud.decision_log")

SensitiveOf = Callable[[Session, datetime], frozenset[str]]
Follow = Callable[[Connection, Sequence[Row]], None]
"""Does something more with rows that were just written down."""


class Writer:
    """Takes rows in and writes them down; one for each process."""

    def __init__(self, engine: Engine, clock: Clock, sensitive_of: SensitiveOf, follow: Follow | None = None) -> None:
        """Take the engine, the clock, what reads the sensitive functions, and what is done with rows once they are written.

        ``sensitive`` is refreshed by the thread every half minute, so that no check has to ask for it; ``None`` until then.
        """
        self._engine = engine
        self._clock = clock
        self._sensitive_of = sensitive_of
        self._follow = follow
        self.sensitive: frozenset[str] | None = None
        self._refreshed = -_REFRESH
        self._waiting: deque[Row] = deque()
        self._writing = threading.Lock()
        self._starting = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._dropped = 0
        self._dropped_since: datetime | None = None
        self._finalizer: Any = None

    @property
    def dropped(self) -> int:
        """Return how many decisions of this process could not be taken in and are not reported yet."""
        return self._dropped

    @property
    def waiting(self) -> int:
        """Return how many rows wait to be written."""
        return len(self._waiting)

    def take(self, row: Row) -> None:
        """Take a row in, or count it as lost when the queue is full; never waits for the database."""
        if len(self._waiting) >= MOST_WAITING:
            self._lose(row.at)
        else:
            self._waiting.append(row)
        if self._thread is None:
            self._start()
        elif len(self._waiting) >= BATCH and not self._wake.is_set():
            self._wake.set()

    def flush(self) -> bool:
        """Write everything that waits, now; return whether that worked."""
        with self._writing:
            return self._write()

    def close(self) -> None:
        """Write what waits and stop the thread; the process ends, or the test."""
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=EVERY * 5)
        if self._finalizer is not None:
            self._finalizer.cancel()
        if self._waiting or self._dropped:
            self.flush()

    # The thread

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closed:
                if self._finalizer is None:
                    # Workers are started by multiprocessing, which may end them without running atexit; its own hooks run in both cases.
                    self._finalizer = Finalize(None, _close, args=(self,), exitpriority=10)
                self._thread = threading.Thread(target=self._work, name="decision-log", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        last = monotonic()
        pause = EVERY
        while not self._closed:
            self._wake.wait(pause)
            self._wake.clear()
            if self._waiting or self._dropped:
                last = monotonic()
                # While the database is away, it is asked less and less often.
                pause = EVERY if self.flush() else min(pause * 2, _IDLE)
            elif monotonic() - last > _IDLE:
                break
        with self._starting:
            self._thread = None
        if self._waiting and not self._closed:
            self._start()

    def _write(self) -> bool:
        try:
            self._refresh()
            while self._waiting:
                self._copy()
            if self._dropped:
                self._report()
        except (SQLAlchemyError, psycopg.Error) as error:
            _logger.warning("decisions wait to be written down (%d, %d lost): %s", len(self._waiting), self._dropped, type(error).__name__)
            return False
        return True

    def _copy(self) -> None:
        """Write one batch; what could not be written waits on, in its place."""
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        try:
            self._copy_rows(batch)
        except (SQLAlchemyError, psycopg.Error):
            self._waiting.extendleft(reversed(batch))
            raise
        if self._follow is not None:
            with self._connection() as connection:
                self._follow(connection, batch)

    def _copy_rows(self, batch: Sequence[Row]) -> None:
        with self._connection() as connection:
            cursor = connection.connection.cursor()
            with cursor.copy(_COPY) as copy:
                for own_id, row in zip(new_ids(len(batch)), batch, strict=True):
                    copy.write_row((own_id, *row))

    def _report(self) -> None:
        """Write down how many were lost since the last report."""
        dropped, since, now = self._dropped, self._dropped_since, self._clock.now()
        process = f"{socket.gethostname()}:{os.getpid()}"
        gap = insert(DecisionLogGap).values(id=new_id(), since=since or now, until=max(now, since or now), dropped=dropped, process=process)
        with self._connection() as connection:
            connection.execute(gap)
        with self._starting:
            self._dropped -= dropped
            self._dropped_since = now if self._dropped else None

    def _refresh(self) -> None:
        if monotonic() - self._refreshed >= _REFRESH:
            with self._connection() as connection, Session(bind=connection) as session:
                self.sensitive = self._sensitive_of(session, self._clock.now())
            self._refreshed = monotonic()

    def _connection(self) -> Any:  # noqa: ANN401 - a connection as a context
        """Return a connection on which each statement is a transaction of its own: nothing here belongs together."""
        return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def _lose(self, at: datetime) -> None:
        with self._starting:
            self._dropped += 1
            self._dropped_since = self._dropped_since or at


def _close(writer: Writer) -> None:
    writer.close()
