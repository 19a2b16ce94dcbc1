"""Forgets what no check asks for any more: whatever is long expired, and old sign-in attempts. The audit record keeps the story."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.orm import Session as DatabaseSession

from govcloud.kernel.actor import Actor
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.signon.events import SignOnPurged
from govcloud.signon.models import IssuedToken, Participant, ProxyGrant, SignInAttempt, Ticket
from govcloud.signon.oauth.models import DeviceAuthorization, PushedRequest, RefreshToken, ShownProof

COMMAND = "govcloud:ticket:purge"
KEEP_EXPIRED = timedelta(days=1)
"""A code lives a minute and a token five; a day covers every skew of clocks and every look into yesterday's trouble."""
KEEP_ATTEMPTS = timedelta(days=2)
"""Failures count for an hour and lock for a day at most, so older ones count for nothing."""
KEEP_SUCCESSES = timedelta(days=90)
"""So long an address stays known to an account that was signed in to from there; of a pair there is one row."""
BATCH = 5_000
EXPIRING = (
    ("tickets", Ticket.id, Ticket.expires_at),
    ("tokens", IssuedToken.jti, IssuedToken.expires_at),
    ("refresh_tokens", RefreshToken.id, RefreshToken.expires_at),
    ("devices", DeviceAuthorization.id, DeviceAuthorization.expires_at),
    ("pushed_requests", PushedRequest.id, PushedRequest.expires_at),
    ("proofs", ShownProof.digest, ShownProof.expires_at),
)
"""What goes a day after it expired: what the record calls it, its key, and when it expires."""
_STAYING = select(Participant.id).where(Participant.id == Ticket.participant_id, Participant.ended_at.is_(None)).exists()
KEPT: Mapping[str, ColumnElement[bool]] = {"tickets": Ticket.sealed.is_(None) | ~_STAYING}
"""What has to hold beside: a CAS client is told of a sign-out by its ticket, so that stays as long as the stay."""


class Purging:
    """Deletes in small transactions; several processes may do it at once."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Take the unit of work."""
        self._uow = uow

    def purge(self, actor: Actor) -> int:
        """Delete one batch of each kind; return how many rows went.

        Raises:
            Denied: the actor may not purge.
        """
        with self._uow.begin(actor, COMMAND) as tx:
            gone = {
                name: _delete(tx.session, key, (expires_at < tx.now - KEEP_EXPIRED) & KEPT.get(name, true()))
                for name, key, expires_at in EXPIRING
            }
            gone["proxy_grants"] = _delete(tx.session, ProxyGrant.id, _unused(tx.now))
            gone["attempts"] = _delete(tx.session, SignInAttempt.id, _forgotten(tx.now))
            if any(gone.values()):
                tx.record(SignOnPurged(subject="signon:expired", rows={name: count for name, count in gone.items() if count}))
            return sum(gone.values())


def _unused(now: datetime) -> ColumnElement[bool]:
    """Say which proxy grants nothing refers to any more: tickets that came by them go first, then those at the end of a chain."""
    child = aliased(ProxyGrant)
    referred = exists().where(Ticket.proxy_grant_id == ProxyGrant.id) | exists().where(child.parent_id == ProxyGrant.id)
    return (ProxyGrant.expires_at < now - KEEP_EXPIRED) & ~referred


def _forgotten(now: datetime) -> ColumnElement[bool]:
    """Say which attempts count for nothing: old, and no longer locking anything."""
    failed = (SignInAttempt.outcome == "failed") & (SignInAttempt.at < now - KEEP_ATTEMPTS)
    over = failed | (SignInAttempt.at < now - KEEP_SUCCESSES)
    return over & (SignInAttempt.locked_until.is_(None) | (SignInAttempt.locked_until < now))


def _delete(session: DatabaseSession, key: InstrumentedAttribute[UUID] | InstrumentedAttribute[bytes], over: ColumnElement[bool]) -> int:
    """Delete up to a batch of the rows that are ``over``, leaving those that another process has in hand."""
    keys = session.scalars(select(key).where(over).limit(BATCH).with_for_update(skip_locked=True)).all()
    if keys:
        session.execute(delete(key.class_).where(key.in_(keys)))
    return len(keys)
