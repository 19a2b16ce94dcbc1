"""Reading the decision log: by person, function, subsystem, outcome and time, the newest first, page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from govcloud.authorization.decision_log.models import DecisionLogEntry, DecisionLogGap
from govcloud.kernel.paging import Cursor
from govcloud.kernel.validation import searchable

MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class LogAsked:
    """What is asked of the log; everything that is given must hold. Times are aware, ``[since, until)``.

    ``entry`` is one entry alone. ``department_path`` is where the subsystem stands; it says whether the reader may ask, and narrows
    nothing.
    """

    official_id: UUID | None = None
    function: str = ""
    subsystem: str = ""
    kind: str = ""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50
    after: Cursor | None = None
    entry: Cursor | None = None
    department_path: str | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One decision that was kept; ``kind`` says why: ``denied``, ``sensitive`` or ``sampled``."""

    at: datetime
    id: UUID
    kind: str
    official_id: UUID | None
    appointment_id: UUID | None
    client_id: str
    subsystem_code: str
    function: str
    allowed: bool
    reason: str
    role: str | None
    rule: str | None
    grant_id: UUID | None
    resource_type: str | None
    division: str | None
    epoch: int
    trace_id: str | None

    @property
    def cursor(self) -> Cursor:
        """Return the place after which the next page begins."""
        return Cursor(self.at, self.id)


@dataclass(frozen=True, slots=True)
class LogPage:
    """One page, the newest first; ``after`` asks for the next one and is ``None`` at the end.

    ``lost`` is how many decisions in the time asked about could not be written down, whoever and whatever they were about.
    """

    rows: tuple[LogEntry, ...]
    after: Cursor | None
    lost: int


_NAMES = tuple(LogEntry.__slots__)


class LogQueries:
    """Reads the log; who may read it is for ``DecisionLog`` to ask."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def page(self, asked: LogAsked) -> LogPage:
        """Return one page."""
        most = max(1, min(asked.limit, MOST_ROWS))
        columns = [getattr(DecisionLogEntry, name) for name in _NAMES]
        query = select(*columns).where(*_conditions(asked))
        order = (DecisionLogEntry.at.desc(), DecisionLogEntry.id.desc())
        found = [LogEntry(*row) for row in self._read().execute(query.order_by(*order).limit(most + 1))]
        rows = tuple(found[:most])
        return LogPage(rows, rows[-1].cursor if len(found) > most else None, self.lost(asked.since, asked.until))

    def lost(self, since: datetime | None, until: datetime | None) -> int:
        """Return how many decisions could not be written down in ``[since, until)``, as far as that is reported."""
        conditions: list[ColumnElement[bool]] = []
        if since is not None:
            conditions.append(DecisionLogGap.until >= since)
        if until is not None:
            conditions.append(DecisionLogGap.since < until)
        return self._read().scalar(select(func.coalesce(func.sum(DecisionLogGap.dropped), 0)).where(*conditions)) or 0


def _conditions(asked: LogAsked) -> list[ColumnElement[bool]]:
    entry = DecisionLogEntry
    given: list[tuple[object, ColumnElement[bool]]] = [
        (asked.official_id, entry.official_id == asked.official_id),
        (asked.function, entry.function == searchable(asked.function)),
        (asked.subsystem, entry.subsystem_code == searchable(asked.subsystem)),
        (asked.kind, entry.kind == asked.kind),
        (asked.reason, entry.reason == searchable(asked.reason)),
    ]
    found = [condition for value, condition in given if value]
    if asked.since is not None:
        found.append(entry.at >= asked.since)
    if asked.until is not None:
        found.append(entry.at < asked.until)
    if asked.entry is not None:
        found.extend((entry.at == asked.entry.at, entry.id == asked.entry.id))
    if asked.after is not None:
        found.append(tuple_(entry.at, entry.id) < tuple_(asked.after.at, asked.after.id))
    return found
