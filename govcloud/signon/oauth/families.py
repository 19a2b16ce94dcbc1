"""Families: all that grew out of one ticket, device code or request for oneself, ended together when one of them was stolen."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Text, bindparam, func, select, update

from govcloud.kernel.prepared import Prepared
from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon.events import FamilyEnded
from govcloud.signon.models import IssuedToken, ProxyGrant, Ticket
from govcloud.signon.oauth.models import RefreshToken

#: What grows out of a ticket, and the column that says that it has ended; a ticket that nobody may redeem any more is used up.
_GROWN = (
    (IssuedToken, "revoked_at"),
    (RefreshToken, "revoked_at"),
    (ProxyGrant, "ended_at"),
    (Ticket, "redeemed_at"),
)
#: A function whose answer says nothing, so it is run as a change is: within a transaction.
_HOLD = Prepared(select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("family", type_=Text()), 0))))


def hold_family(tx: Transaction, family_id: UUID) -> None:
    """Let no other transaction add to this family or end it before ``tx`` is over.

    Without it, a successor that is being issued at the moment when its family ends would not be seen yet, and would live on.
    """
    tx.run(_HOLD, family=str(family_id))


def end_family(tx: Transaction, family_id: UUID, client_id: str, reason: str) -> int:
    """End everything alive of a family and return how much it was; when there was nothing, nothing is on record."""
    hold_family(tx, family_id)
    ended = 0
    for table, ends in _GROWN:
        live = update(table).where(table.family_id == family_id, getattr(table, ends).is_(None))
        ended += len(tx.session.scalars(live.values({ends: tx.now}).returning(table.family_id)).all())
    if ended:
        tx.record(FamilyEnded(subject=f"client:{client_id}", family_id=family_id, client_id=client_id, reason=reason, revoked=ended))
    return ended
