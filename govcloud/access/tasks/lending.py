"""Which delegations hold at a moment: who may decide in whose right, and to whom what somebody would be told goes instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from govcloud.access.tasks.models import Delegation


def live(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a delegation holds at ``now``; whether its people are still in office is asked of authorization."""
    return and_(Delegation.ended_at.is_(None), Delegation.starts_at <= now, Delegation.ends_at > now)


def live_delegations(session: Session, delegate_id: UUID, appointment_id: UUID, now: datetime) -> Sequence[Delegation]:
    """Return what was lent to somebody in this appointment, the oldest first."""
    mine = (Delegation.delegate_id == delegate_id, Delegation.delegate_appointment_id == appointment_id)
    return session.scalars(select(Delegation).where(*mine, live(now)).order_by(Delegation.id)).all()


def lent_among(session: Session, officials: Collection[UUID], now: datetime) -> frozenset[UUID]:
    """Return those of ``officials`` to whom somebody lent the right to decide, now or by what is planned."""
    theirs = (Delegation.delegate_id.in_(officials), Delegation.ended_at.is_(None), Delegation.ends_at > now)
    return frozenset(session.scalars(select(Delegation.delegate_id).where(*theirs)))


def redirected(session: Session, officials: Collection[UUID], now: datetime) -> Mapping[UUID, UUID]:
    """Return, for those of ``officials`` who are out of office now, who stands in for them and is told what they would be told."""
    away = (Delegation.delegator_id.in_(officials), Delegation.out_of_office.is_(True))
    rows = session.scalars(select(Delegation).where(*away, live(now)).order_by(Delegation.id))
    return {row.delegator_id: row.delegate_id for row in rows}
