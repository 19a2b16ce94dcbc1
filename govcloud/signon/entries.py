"""When somebody last entered a subsystem, whichever of its clients they came through."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import DateTime, Text, bindparam, func, select
from sqlalchemy.orm import Session as Reading

from govcloud.kernel.prepared import Look, one_of
from govcloud.signon.launcher import LATELY
from govcloud.signon.models import Participant, Session

_SINCE, _BEFORE = bindparam("since", type_=DateTime(timezone=True)), bindparam("before", type_=DateTime(timezone=True))
_ENTERED = Look(
    select(func.max(Participant.created_at).label("at"))
    .join(Session, Session.id == Participant.session_id)
    .where(Session.official_id == bindparam("official"), Session.started_at >= _SINCE, Session.started_at < _BEFORE)
    .where(one_of(Participant.client_id, "clients", Text), Participant.created_at < _BEFORE)
)


def last_entered(session: Reading, official_id: UUID, clients: Collection[str], before: datetime) -> datetime | None:
    """Return the latest entry through one of ``clients`` in the thirty days before a moment; ``None``: none is known."""
    if not clients:
        return None
    asked = {"official": official_id, "clients": list(clients), "since": before - LATELY, "before": before}
    return cast("datetime | None", _ENTERED.within(session, asked)[0].at)
