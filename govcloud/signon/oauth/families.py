"""Families: all that grew out of one ticket, device code or request for oneself, ended together when one of them was stolen."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, update

from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon.events import FamilyEnded
from govcloud.signon.models import IssuedToken
from govcloud.signon.oauth.models import RefreshToken


def hold_family(tx: Transaction, family_id: UUID) -> None:
    """Let no other transaction add to this family or end it before ``tx`` is over.

    Without it, a successor that is being issued at the moment when its family ends would not be seen yet, and would live on.
    """
    tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(family_id), 0))))


def end_family(tx: Transaction, family_id: UUID, client_id: str, reason: str) -> int:
    """Revoke every live token of a family and return how many they were; when there was none, nothing is on record."""
    hold_family(tx, family_id)
    ended = 0
    for table, key in ((IssuedToken, IssuedToken.jti), (RefreshToken, RefreshToken.id)):
        live = update(table).where(table.family_id == family_id, table.revoked_at.is_(None))
        ended += len(tx.session.scalars(live.values(revoked_at=tx.now).returning(key)).all())
    if ended:
        tx.record(FamilyEnded(subject=f"client:{client_id}", family_id=family_id, client_id=client_id, reason=reason, revoked=ended))
    return ended
