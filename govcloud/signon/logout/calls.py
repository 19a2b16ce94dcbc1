"""Ends the tokens by which subsystems call others on somebody's behalf, where that person's way into the other has ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon.logout.leaving import among
from govcloud.signon.models import IssuedToken, Participant, Session
from govcloud.signon.oauth.delegation_events import CallEnded


def revoke_calls(tx: Transaction, ended: Mapping[tuple[UUID, str], Collection[datetime | None]]) -> None:
    """End the tokens for calls to subsystems on behalf of their officials (RFC 8693).

    Args:
        tx: the command that ends the way in.
        ended: for an official and the code of a subsystem the moments before which tokens were issued that end; ``None``: all of them.
    """
    officials, codes = sorted({official_id for official_id, _ in ended}), sorted({code for _, code in ended})
    query = (
        select(IssuedToken.jti, IssuedToken.client_id, IssuedToken.audience, IssuedToken.issued_at, Session.official_id)
        .join(Participant, Participant.id == IssuedToken.participant_id)
        .join(Session, Session.id == Participant.session_id)
        .where(among(Session.official_id, officials), Session.ended_at.is_(None), IssuedToken.audience.overlap(codes))
        .where(IssuedToken.actors.is_not(None), IssuedToken.revoked_at.is_(None), IssuedToken.expires_at > tx.now)
        .order_by(IssuedToken.jti)
        .with_for_update(of=IssuedToken)
    )
    over = [
        row
        for row in tx.session.execute(query)
        if any(at is None or row.issued_at < at for code in row.audience for at in ended.get((row.official_id, code), ()))
    ]
    if not over:
        return
    change = update(IssuedToken).where(among(IssuedToken.jti, [row.jti for row in over])).values(revoked_at=tx.now)
    tx.session.execute(change.execution_options(synchronize_session=False))
    tx.record_all(
        [
            CallEnded(subject=f"official:{row.official_id}", client_id=row.client_id, subsystem_code=row.audience[0], jti=row.jti)
            for row in over
        ]
    )
