"""Handing a ticket to a client and taking it back, for every protocol whose tickets are not OIDC codes: one row, one redemption.

Whoever redeems wins by one conditional UPDATE, whatever comes of it afterwards: a ticket is good for one try.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon import events
from govcloud.signon.models import IssuedToken, ProxyGrant, Ticket
from govcloud.signon.tickets import take_part
from govcloud.signon.views import CurrentSession

CAS_SERVICE, CAS_PROXY, FORWARD_AUTH = "cas_service", "cas_proxy", "forward_auth"
LONGEST_LIFE = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class NewTicket:
    """A ticket to hand out; ``text`` goes through the browser and is stored as a digest, sealed as well when ``kept``."""

    kind: str
    text: str
    session: CurrentSession
    client_id: str
    address: str
    expires_at: datetime
    kept: bool = False
    fresh: bool = False
    challenge: str | None = None
    proxy_grant_id: UUID | None = None


@dataclass(frozen=True)
class Claimed:
    """A ticket that was redeemed just now, as it was made; whether it still holds is for whoever redeemed it to say."""

    kind: str
    family_id: UUID
    participant_id: UUID
    address: str
    challenge: str | None
    fresh: bool
    proxy_grant_id: UUID | None
    expires_at: datetime


def hand_out(tx: Transaction, keys: KeyRing, new: NewTicket) -> None:
    """Store the ticket and let its client take part in the session; the caller holds the session's row."""
    participant_id = take_part(tx, new.session.session_id, new.client_id)
    ticket_id = new_id()
    row = Ticket(
        id=ticket_id,
        kind=new.kind,
        digest=digest(keys, new.text),
        family_id=new_id(),
        session_id=new.session.session_id,
        participant_id=participant_id,
        client_id=new.client_id,
        redirect_uri=new.address,
        code_challenge=new.challenge,
        nonce=None,
        scope="",
        sealed=keys.seal(new.text.encode("ascii"), sealing_context(ticket_id)) if new.kept else None,
        fresh=new.fresh,
        proxy_grant_id=new.proxy_grant_id,
        created_at=tx.now,
        expires_at=new.expires_at,
        redeemed_at=None,
    )
    tx.session.add(row)
    tx.record(
        events.TicketIssued(
            subject=f"official:{new.session.official_id}",
            session_id=new.session.session_id,
            participant_id=participant_id,
            family_id=row.family_id,
            client_id=new.client_id,
            appointment_id=new.session.appointment_id,
            kind=new.kind,
        )
    )


def take_back(tx: Transaction, keys: KeyRing, text: str, kinds: Collection[str], client_id: str) -> Claimed | None:
    """Redeem a ticket of ``client_id`` and return what it was; ``None`` when it was redeemed before, and then its family ends.

    ``tx`` must be committed whatever the caller makes of it.
    """
    mine = (Ticket.digest == digest(keys, text), Ticket.kind.in_(kinds), Ticket.client_id == client_id)
    claim = update(Ticket).where(*mine, Ticket.redeemed_at.is_(None)).values(redeemed_at=tx.now)
    row = tx.session.execute(
        claim.returning(
            Ticket.kind,
            Ticket.family_id,
            Ticket.participant_id,
            Ticket.redirect_uri,
            Ticket.code_challenge,
            Ticket.fresh,
            Ticket.proxy_grant_id,
            Ticket.expires_at,
        )
    ).one_or_none()
    if row is None and (family_id := tx.session.scalar(select(Ticket.family_id).where(*mine))) is not None:
        end_family(tx, family_id, client_id)
    if row is None:
        return None
    return Claimed(
        kind=row.kind,
        family_id=row.family_id,
        participant_id=row.participant_id,
        address=row.redirect_uri,
        challenge=row.code_challenge,
        fresh=row.fresh,
        proxy_grant_id=row.proxy_grant_id,
        expires_at=row.expires_at,
    )


def end_family(tx: Transaction, family_id: UUID, client_id: str) -> None:
    """End all that grew out of one ticket: tokens, proxy grants, and tickets that nobody has redeemed yet."""
    ending = (
        update(IssuedToken).where(IssuedToken.family_id == family_id, IssuedToken.revoked_at.is_(None)).values(revoked_at=tx.now),
        update(ProxyGrant).where(ProxyGrant.family_id == family_id, ProxyGrant.ended_at.is_(None)).values(ended_at=tx.now),
        update(Ticket).where(Ticket.family_id == family_id, Ticket.redeemed_at.is_(None)).values(redeemed_at=tx.now),
    )
    ended = sum(len(tx.session.execute(change.returning(change.table.c.family_id)).all()) for change in ending)
    tx.record(events.FamilyEnded(subject=f"client:{client_id}", family_id=family_id, client_id=client_id, revoked=ended))


def digest(keys: KeyRing, text: str) -> bytes:
    """Return the form in which a ticket is stored and looked up."""
    return keys.digest("ticket", text.encode("utf-8", "surrogatepass"))


def sealing_context(ticket_id: UUID) -> bytes:
    """Return what a ticket's text is sealed to, for whoever has to name it again at sign-out."""
    return f"ticket:{ticket_id}".encode()
