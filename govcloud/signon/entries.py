"""When somebody last entered a subsystem, whichever of its clients they came through."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Reading

from govcloud.signon.launcher import LATELY
from govcloud.signon.models import Participant, Session


def last_entered(session: Reading, official_id: UUID, clients: Collection[str], before: datetime) -> datetime | None:
    """Return the latest entry through one of ``clients`` in the thirty days before a moment; ``None``: none is known."""
    if not clients:
        return None
    lately = (Session.official_id == official_id, Session.started_at >= before - LATELY, Session.started_at < before)
    entered = select(func.max(Participant.created_at)).join(Session, Session.id == Participant.session_id)
    return session.scalar(entered.where(*lately, Participant.client_id.in_(clients), Participant.created_at < before))
