"""Which delegations hold at a moment: who may decide in whose right, and who is stood in for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, and_, bindparam, select
from sqlalchemy.orm import Session

from govcloud.access.tasks.models import Delegation
from govcloud.kernel.prepared import Look


def live(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a delegation holds at ``now``; whether its people are still in office is asked of authorization."""
    return and_(Delegation.ended_at.is_(None), Delegation.starts_at <= now, Delegation.ends_at > now)


@dataclass(frozen=True, slots=True)
class Lent:
    """Whose right to decide is lent, by which delegation, and whether that stands in for somebody who is out of office."""

    id: UUID
    delegator_id: UUID
    delegator_appointment_id: UUID
    out_of_office: bool


#: Every decision asks.
_TO = Look(
    select(Delegation.id, Delegation.delegator_id, Delegation.delegator_appointment_id, Delegation.out_of_office)
    .where(
        Delegation.delegate_id == bindparam("delegate"),
        Delegation.delegate_appointment_id == bindparam("appointment"),
        live(bindparam("now", type_=DateTime(timezone=True))),
    )
    .order_by(Delegation.id)
)


def live_delegations(session: Session, delegate_id: UUID, appointment_id: UUID, now: datetime) -> Sequence[Lent]:
    """Return what was lent to somebody in this appointment, the oldest first."""
    found = _TO.within(session, {"delegate": delegate_id, "appointment": appointment_id, "now": now})
    return [Lent(*row) for row in found]


def lent_among(session: Session, officials: Collection[UUID], now: datetime) -> frozenset[UUID]:
    """Return those of ``officials`` to whom somebody lent the right to decide, now or by what is planned."""
    theirs = (Delegation.delegate_id.in_(officials), Delegation.ended_at.is_(None), Delegation.ends_at > now)
    return frozenset(session.scalars(select(Delegation.delegate_id).where(*theirs)))


def lent_by(session: Session, officials: Collection[UUID], now: datetime) -> Sequence[Delegation]:
    """Return what ``officials`` lent that holds now."""
    theirs = (Delegation.delegator_id.in_(officials), live(now))
    return session.scalars(select(Delegation).where(*theirs).order_by(Delegation.id)).all() if officials else ()


def stood_in_for(session: Session, officials: Collection[UUID], now: datetime) -> frozenset[UUID]:
    """Return those of ``officials`` who are out of office now, somebody standing in for them."""
    return frozenset(row.delegator_id for row in lent_by(session, officials, now) if row.out_of_office)
