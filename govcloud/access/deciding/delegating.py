"""Letting somebody else decide in one's right for a while: with dates, one step deep, to somebody who could hold the office.

The delegator keeps the right. Whether either is still in office is looked at whenever the right is used, so it ends at once; the row
is closed when a person or an appointment ends, so that it does not come back with them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select

from govcloud.access import errors
from govcloud.access.deciding.events import AuthorityDelegated, DelegationEnded
from govcloud.access.deciding.routing import DECIDING_ROLE
from govcloud.access.loading import FactsLoader
from govcloud.access.tasks.lending import live
from govcloud.access.tasks.models import Delegation
from govcloud.authorization.commands import OFFICE
from govcloud.identity.locking import lock_officials
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

MOST_REASON = 500
MOST_DAYS = 180
"""The longest that one may let somebody decide in one's right; whoever is away for longer is replaced in the office."""


@dataclass(frozen=True)
class NewDelegation:
    """To whom (an appointment), from when until when, why, and whether what one would be told goes to them instead."""

    delegate_appointment_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str
    out_of_office: bool = False


@dataclass(frozen=True)
class DelegationView:
    """A delegation as its two people see it; ``live`` says that it counts now, ``ended_at`` that it was ended before its time."""

    id: UUID
    delegator_id: UUID
    delegator: str
    delegate_id: UUID
    delegate: str
    delegate_department: str
    starts_at: datetime
    ends_at: datetime
    out_of_office: bool
    reason: str
    ended_at: datetime | None
    live: bool


class Delegating:
    """The commands on delegations, and the list of one's own."""

    def __init__(self, uow: UnitOfWork, clock: Clock, facts: FactsLoader) -> None:
        """Take the unit of work, the clock and the loader of facts."""
        self._uow = uow
        self._clock = clock
        self._facts = facts

    def delegate(self, actor: Actor, new: NewDelegation) -> UUID:
        """Let somebody decide in one's right; return the id.

        Raises:
            Invalid: the dates are wrong or there is no reason; the person is oneself, not in office, or holds an office that
                excludes this one; oneself holds no right of one's own.
            Denied: the actor may not.
        """
        target = Target("delegation", "new", attributes={"official_id": str(actor.official_id or "")})
        with self._uow.begin(actor, "govcloud:authority:delegate", target) as tx:
            delegator = self._facts.acting(actor, tx.now)
            subject = self._facts.identity.subject(new.delegate_appointment_id, tx.now)
            lock_officials(tx.session, {delegator.official_id, *([subject.official_id] if subject else [])})
            fields = Fields()
            reason = fields.text("reason", new.reason, most=MOST_REASON, multiline=True)
            _note_wrong_dates(new, tx.now, fields)
            held = self._facts.authorization.department_paths(delegator.official_id, delegator.appointment_id, DECIDING_ROLE, tx.now)
            if not held:
                fields.fail("delegate", Message("您目前的任职没有审批权；受托的审批权不能再转委托。"))
            if subject is None or not subject.active:
                fields.fail("delegate", Message("没有这项任职，或该人员不在岗。"), new.delegate_appointment_id)
            elif wrong := self._unfit(delegator.official_id, subject.official_id):
                fields.fail("delegate", wrong, subject.name)
            fields.done()
            if subject is None:
                raise Invalid.of(FieldError("delegate", Message("没有这项任职，或该人员不在岗。")))
            row = Delegation(
                id=new_id(),
                delegator_id=delegator.official_id,
                delegator_appointment_id=delegator.appointment_id,
                delegate_id=subject.official_id,
                delegate_appointment_id=subject.appointment_id,
                starts_at=max(new.starts_at, tx.now),
                ends_at=new.ends_at,
                out_of_office=new.out_of_office,
                reason=reason,
                created_at=tx.now,
                ended_at=None,
            )
            tx.session.add(row)
            tx.session.flush()
            tx.record(_delegated(row))
            return row.id

    def end(self, actor: Actor, delegation_id: UUID) -> bool:
        """Take back what one lent, or give back what was lent to one; return whether it still held.

        Raises:
            NotFound: there is none, or it concerns other people.
        """
        target = Target("delegation", str(delegation_id), attributes={"official_id": str(actor.official_id or "")})
        with self._uow.begin(actor, "govcloud:authority:return", target) as tx:
            row = tx.session.get(Delegation, delegation_id, with_for_update=True)
            if row is None or actor.official_id not in {row.delegator_id, row.delegate_id}:
                raise errors.no_such_delegation(delegation_id)
            if row.ended_at is not None or row.ends_at <= tx.now:
                return False
            _end(tx, [row])
            return True

    def end_of(self, tx: Transaction, officials: Collection[UUID], appointments: Collection[UUID] | None = None) -> None:
        """End what people lent or were lent, who left office: all of theirs, or what hangs on these appointments of theirs."""
        theirs = (
            or_(Delegation.delegator_id.in_(officials), Delegation.delegate_id.in_(officials))
            if appointments is None
            else or_(Delegation.delegator_appointment_id.in_(appointments), Delegation.delegate_appointment_id.in_(appointments))
        )
        query = select(Delegation).where(theirs, Delegation.ended_at.is_(None), Delegation.ends_at > tx.now)
        _end(tx, tx.session.scalars(query.order_by(Delegation.id).with_for_update()).all())

    def of(self, official_id: UUID, limit: int = 50) -> tuple[DelegationView, ...]:
        """Return what one lent and what was lent to one, the latest first."""
        session, now = self._uow.read(), self._clock.now()
        mine = or_(Delegation.delegator_id == official_id, Delegation.delegate_id == official_id)
        rows = session.scalars(select(Delegation).where(mine).order_by(Delegation.id.desc()).limit(limit)).all()
        holding = set(session.scalars(select(Delegation.id).where(mine, live(now))))
        names = self._facts.identity.official_names({person for row in rows for person in (row.delegator_id, row.delegate_id)})
        subjects = self._facts.identity.subjects_asked((row.delegate_appointment_id, row.created_at) for row in rows)
        return tuple(
            DelegationView(
                id=row.id,
                delegator_id=row.delegator_id,
                delegator=names.get(row.delegator_id, ""),
                delegate_id=row.delegate_id,
                delegate=names.get(row.delegate_id, ""),
                delegate_department=subject.department_name
                if (subject := subjects.get((row.delegate_appointment_id, row.created_at)))
                else "",
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                out_of_office=row.out_of_office,
                reason=row.reason,
                ended_at=row.ended_at,
                live=row.id in holding,
            )
            for row in rows
        )

    def _unfit(self, delegator_id: UUID, delegate_id: UUID) -> Message | None:
        """Return why somebody could not hold the office, if so: it is oneself, or one of the three officers."""
        if delegate_id == delegator_id:
            return Message("不能委托给自己。")
        if self._facts.authorization.entrusted(delegate_id) == OFFICE:
            return Message("系统、安全、审计管理员不能代行审批权。")
        return None


def _note_wrong_dates(new: NewDelegation, now: datetime, fields: Fields) -> None:
    """Note dates that do not follow one another, lie in the past, or are too far apart."""
    if new.ends_at <= max(new.starts_at, now):
        fields.fail("ends_at", Message("结束时间应晚于开始时间和现在。"), new.ends_at.isoformat())
    elif new.ends_at - max(new.starts_at, now) > timedelta(days=MOST_DAYS):
        fields.fail("ends_at", Message("委托最长 %(most)s 天。", most=MOST_DAYS), new.ends_at.isoformat())


def _end(tx: Transaction, rows: Sequence[Delegation]) -> None:
    """Close delegations and record it, all at once."""
    for row in rows:
        row.ended_at = tx.now
    tx.session.flush()
    if rows:
        tx.record_all(
            [
                DelegationEnded(
                    subject=f"official:{row.delegator_id}",
                    delegation_id=row.id,
                    delegator_id=row.delegator_id,
                    delegate_id=row.delegate_id,
                )
                for row in rows
            ]
        )


def _delegated(row: Delegation) -> AuthorityDelegated:
    """Return the event of a new delegation."""
    return AuthorityDelegated(
        subject=f"official:{row.delegator_id}",
        delegation_id=row.id,
        delegator_id=row.delegator_id,
        delegate_id=row.delegate_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        out_of_office=row.out_of_office,
        reason=row.reason,
    )
