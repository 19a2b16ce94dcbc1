"""How long requests waited, read from their lines alone: one pass over the lines that were approved in a period, by one index.

Times to the second hold for reports; a period is bounded by whoever asks (``service.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Float, Row, Subquery, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from govcloud.access.lifecycle import LineState
from govcloud.access.models import RequestLine
from govcloud.access.reports.views import TimeToAccess, Waited
from govcloud.identity.extents import at_or_below

MANY_LINES = 5
"""So many lines of a request, and more, are shown together."""
_PARTS = literal([0.5, 0.95], ARRAY(Float))
_ZONE = "Asia/Shanghai"
EVERYWHERE = "/"
_NOTHING = Waited(0, 0, None, None)


def time_to_access(session: Session, paths: Sequence[str], since: datetime, until: datetime) -> TimeToAccess:
    """Return how long requests waited whose lines, owned at or below ``paths``, were approved in ``(since, until]``."""
    found = _requests(paths, since, until)
    parts = func.least(found.c.lines, MANY_LINES).label("part")
    week = cast(func.date_trunc("week", func.timezone(_ZONE, found.c.at)), Date).label("week")
    # By one pass: as a whole, by lines, by weeks. What a row is not grouped by is NULL, which neither ever is.
    query = select(parts, week, *_columns(found)).group_by(func.grouping_sets(parts, week, literal_column("()")))
    by_lines, by_week, total = {}, {}, _NOTHING
    for row in session.execute(query):
        if row.part is not None:
            by_lines[row.part] = _waited(row)
        elif row.week is not None:
            by_week[row.week] = _waited(row)
        else:
            total = _waited(row)
    return TimeToAccess(since, until, total, tuple(sorted(by_lines.items())), tuple(sorted(by_week.items())))


def _requests(paths: Sequence[str], since: datetime, until: datetime) -> Subquery:
    """Select each request with what its approved lines waited."""
    line = RequestLine
    own = func.extract("epoch", line.closed_at - line.submitted_at)
    whole = func.extract("epoch", func.max(line.closed_at) - func.min(line.submitted_at))
    columns = (
        func.count().label("lines"),
        cast(whole, Float).label("parallel"),
        cast(func.sum(own), Float).label("serial"),
        func.max(line.closed_at).label("at"),
    )
    approved: list[ColumnElement[bool]] = [line.state == literal(LineState.APPROVED.value), line.closed_at > since, line.closed_at <= until]
    if EVERYWHERE not in paths:
        approved.append(at_or_below(line.owner_path, paths))
    return select(*columns).where(*approved).group_by(line.request_id).subquery("request")


def _columns(found: Any) -> tuple[ColumnElement[Any], ...]:  # noqa: ANN401 - a selection of requests
    return (
        func.count().label("requests"),
        func.coalesce(func.sum(found.c.lines), 0).label("lines"),
        func.percentile_cont(_PARTS).within_group(found.c.parallel).label("parallel"),
        func.percentile_cont(_PARTS).within_group(found.c.serial).label("serial"),
    )


def _waited(row: Row[Any]) -> Waited:
    return Waited(int(row.requests), int(row.lines), _pair(row.parallel), _pair(row.serial))


def _pair(found: Sequence[float | None] | None) -> tuple[float, float] | None:
    if not found or found[0] is None or found[1] is None:
        return None
    return found[0], found[1]
