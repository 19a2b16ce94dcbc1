"""When somebody was last let use a function, as far as the decision log tells: it keeps a part of what is decided, and for a while."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, bindparam, select
from sqlalchemy.orm import Session

from govcloud.authorization.decision_log.models import DecisionLogEntry
from govcloud.kernel.prepared import Look

#: So many of a person's latest entries are looked through; whoever has more before the last use counts as not known.
_MOST = 2_000


_LATEST = (
    select(DecisionLogEntry.at, DecisionLogEntry.function, DecisionLogEntry.allowed)
    .where(DecisionLogEntry.official_id == bindparam("official"), DecisionLogEntry.at < bindparam("before", type_=DateTime(timezone=True)))
    .order_by(DecisionLogEntry.at.desc(), DecisionLogEntry.id.desc())
    .limit(_MOST)
    .subquery()
)
_LAST = Look(
    select(_LATEST.c.at).where(_LATEST.c.function == bindparam("function"), _LATEST.c.allowed).order_by(_LATEST.c.at.desc()).limit(1)
)


def last_allowed(session: Session, official_id: UUID, function: str, before: datetime) -> datetime | None:
    """Return the latest yes to ``function`` before a moment that the log still has; ``None``: not known."""
    found = _LAST.within(session, {"official": official_id, "function": function, "before": before})
    return found[0].at if found else None
