"""When somebody was last let use a function, as far as the decision log tells: it keeps a part of what is decided, and for a while."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.decision_log.models import DecisionLogEntry

#: So many of a person's latest entries are looked through; whoever has more before the last use counts as not known.
_MOST = 2_000


def last_allowed(session: Session, official_id: UUID, function: str, before: datetime) -> datetime | None:
    """Return the latest yes to ``function`` before a moment that the log still has; ``None``: not known."""
    columns = (DecisionLogEntry.at, DecisionLogEntry.function, DecisionLogEntry.allowed)
    mine = select(*columns).where(DecisionLogEntry.official_id == official_id, DecisionLogEntry.at < before)
    latest = mine.order_by(DecisionLogEntry.at.desc(), DecisionLogEntry.id.desc()).limit(_MOST).subquery()
    found = select(latest.c.at).where(latest.c.function == function, latest.c.allowed).order_by(latest.c.at.desc()).limit(1)
    return session.scalar(found)
