"""When departments are merged, split or abolished: what hung on a duty goes on with it, and who answers for grants changes.

A fact is closed and followed by another, as everywhere; the transaction is that of the reorganisation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select, update
from sqlalchemy.orm import Session

from govcloud.authorization.epochs import note_change
from govcloud.authorization.events import GrantClosed, GrantOpened, RoleEnded
from govcloud.authorization.models import AccessGrant, GrantSuspension, RoleAssignment
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction

_REORGANISED = "reorganised"


def carry_appointments(tx: Transaction, appointments: Mapping[UUID, UUID]) -> None:
    """Let the roles and grants under appointments go on under those that follow them (old id → new id)."""
    if appointments:
        _carry_roles(tx, appointments)
        _carry_grants(tx, appointments)


def change_owner(tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
    """Let the successor of a department answer for the grants that it answered for; who holds them may do what they could."""
    mine = update(AccessGrant).where(AccessGrant.owner_department_id == department_id)
    tx.session.execute(mine.values(owner_department_id=successor_id).execution_options(synchronize_session=False))


def change_owner_of(tx: Transaction, subsystem_code: str, department_id: UUID, successor_id: UUID) -> None:
    """Let another department answer for the grants of one subsystem for which its old owner answered."""
    mine = update(AccessGrant).where(AccessGrant.subsystem_code == subsystem_code, AccessGrant.owner_department_id == department_id)
    tx.session.execute(mine.values(owner_department_id=successor_id).execution_options(synchronize_session=False))


def end_delegations(tx: Transaction, path: str, reason: str) -> None:
    """Take away the roles that reach over a department which is no more."""
    query = select(RoleAssignment).where(*_within([path]), live_at(RoleAssignment, tx.now))
    for row in tx.session.scalars(query.with_for_update()).all():
        row.valid_to = max(tx.now, row.valid_from)
        note_change(tx, "role", reduces=True, official_id=row.official_id)
        subject = f"official:{row.official_id}"
        tx.record(RoleEnded(subject=subject, assignment_id=row.id, official_id=row.official_id, role=row.role_code, reason=reason))


def delegated(session: Session, paths: Sequence[str], at: datetime, limit: int) -> tuple[int, tuple[tuple[UUID, str], ...]]:
    """Return how many roles reach over departments at or below ``paths`` only, and the first (official, role)."""
    query = select(RoleAssignment.official_id, RoleAssignment.role_code).where(*_within(paths), live_at(RoleAssignment, at))
    first = session.execute(query.order_by(RoleAssignment.id).limit(limit)).all()
    count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return count, tuple((row.official_id, row.role_code) for row in first)


def _within(paths: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a role reaches over a department at or below one of ``paths``."""
    path = RoleAssignment.scope["department_path"].astext
    return (or_(false(), *(path.startswith(above, autoescape=True) for above in paths)),)


def _carry_roles(tx: Transaction, appointments: Mapping[UUID, UUID]) -> None:
    query = select(RoleAssignment).where(RoleAssignment.appointment_id.in_(appointments), live_at(RoleAssignment, tx.now))
    for row in tx.session.scalars(query.with_for_update()).all():
        ends_at, row.valid_to = row.valid_to, max(tx.now, row.valid_from)
        # The old window ends before the new one begins: officers' windows may not overlap.
        tx.session.flush()
        tx.session.add(
            RoleAssignment(
                id=new_id(),
                official_id=row.official_id,
                appointment_id=appointments[row.appointment_id] if row.appointment_id else None,
                role_code=row.role_code,
                scope=row.scope,
                reason=row.reason,
                assigned_by=row.assigned_by,
                valid_from=row.valid_to,
                valid_to=ends_at,
            )
        )
        note_change(tx, "role", reduces=True, official_id=row.official_id)
    tx.session.flush()


def _carry_grants(tx: Transaction, appointments: Mapping[UUID, UUID]) -> None:
    query = select(AccessGrant).where(
        AccessGrant.appointment_id.in_(appointments), AccessGrant.valid_to.is_(None), AccessGrant.ends_at > tx.now
    )
    for row in tx.session.scalars(query.order_by(AccessGrant.id).with_for_update()).all():
        new = _successor(tx, row, appointments)
        row.valid_to, row.close_reason = max(tx.now, row.valid_from), _REORGANISED
        row.closed_by = tx.actor.reference
        # The request's line points at the grant that works.
        row.line_id = None
        tx.session.flush()
        tx.session.add(new)
        tx.session.flush()
        _carry_rest(tx, row.id, new.id)
        note_change(tx, "grant", reduces=True, official_id=row.official_id, subsystem_code=row.subsystem_code)
        _record_move(tx, row, new)


def _record_move(tx: Transaction, old: AccessGrant, new: AccessGrant) -> None:
    """Tell the record and the subsystem that a grant goes on as another."""
    subject = f"official:{old.official_id}"
    tx.record(
        GrantClosed(
            subject=subject,
            chain=old.chain,
            grant_id=old.id,
            line_id=new.line_id,
            official_id=old.official_id,
            subsystem_code=old.subsystem_code,
            function=old.function,
            reason=_REORGANISED,
        )
    )
    tx.record(
        GrantOpened(
            subject=subject,
            chain=new.chain,
            grant_id=new.id,
            line_id=new.line_id,
            official_id=new.official_id,
            appointment_id=new.appointment_id,
            subsystem_code=new.subsystem_code,
            function=new.function,
            scope=new.scope or {},
            starts_at=new.starts_at,
            ends_at=new.ends_at,
        )
    )


def _successor(tx: Transaction, row: AccessGrant, appointments: Mapping[UUID, UUID]) -> AccessGrant:
    return AccessGrant(
        id=new_id(),
        line_id=row.line_id,
        official_id=row.official_id,
        appointment_id=appointments[row.appointment_id] if row.appointment_id else None,
        subsystem_code=row.subsystem_code,
        function=row.function,
        owner_department_id=row.owner_department_id,
        chain=row.chain,
        scope=row.scope,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        opened_by=row.opened_by,
        closed_by=None,
        close_reason=None,
        valid_from=max(tx.now, row.valid_from),
        valid_to=None,
    )


def _carry_rest(tx: Transaction, grant_id: UUID, successor_id: UUID) -> None:
    """Let a grant that rests go on resting."""
    query = select(GrantSuspension).where(GrantSuspension.grant_id == grant_id, GrantSuspension.valid_to.is_(None))
    for row in tx.session.scalars(query.with_for_update()).all():
        row.valid_to = max(tx.now, row.valid_from)
        tx.session.add(
            GrantSuspension(
                id=new_id(), grant_id=successor_id, reason=row.reason, suspended_by=row.suspended_by, valid_from=row.valid_to, valid_to=None
            )
        )
    tx.session.flush()
