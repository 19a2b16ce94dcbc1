"""Tickets: what is handed to a client through the browser, redeemed once, by the client it was made for, within a minute.

An OIDC code is a ticket; the artifacts of other protocols will be. Whoever redeems wins by one conditional UPDATE; whoever brings
the same ticket again ends its family: every token that grew out of it (RFC 6749 section 4.1.2, RFC 9700 section 2.1.1).
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from govcloud.kernel import crypto
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.settings import Settings
from govcloud.signon import errors, events
from govcloud.signon.models import IssuedToken, Participant, Session, Ticket
from govcloud.signon.sessions import Sessions
from govcloud.signon.views import CurrentSession, TicketRequest
from govcloud.subsystems.queries import ClientView

OIDC_CODE = "oidc_code"
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Redeemed:
    """A ticket that was redeemed just now, with the session behind it."""

    family_id: UUID
    sid: UUID
    client_id: str
    scope: str
    nonce: str | None
    session: CurrentSession


@dataclass(frozen=True)
class Unredeemable:
    """Why a ticket was not redeemed."""

    reason: str


class Tickets:
    """Issues and redeems tickets."""

    def __init__(self, uow: UnitOfWork, sessions: Sessions, keys: KeyRing, settings: Settings) -> None:
        """Take the sessions that tickets belong to, and how long one lives."""
        self._uow = uow
        self._sessions = sessions
        self._keys = keys
        self._life = timedelta(seconds=settings.code_seconds)

    def issue(self, actor: Actor, session: CurrentSession, client: ClientView, request: TicketRequest) -> str:
        """Return a fresh ticket for ``client``, which thereby takes part in the session.

        Raises:
            NotFound: the session ended meanwhile.
        """
        with self._uow.begin(actor, "govcloud:ticket:issue", Target("client", client.client_id)) as tx:
            live = select(Session.id).where(Session.id == session.session_id, *self._sessions.live(tx.now))
            if tx.session.scalar(live.with_for_update(read=True)) is None:
                raise errors.no_such_session()
            participant_id = take_part(tx, session.session_id, client.client_id)
            ticket = secrets.token_urlsafe(_SECRET_BYTES)
            row = Ticket(
                id=new_id(),
                kind=OIDC_CODE,
                digest=self._digest(ticket),
                family_id=new_id(),
                session_id=session.session_id,
                participant_id=participant_id,
                client_id=client.client_id,
                redirect_uri=request.redirect_uri,
                code_challenge=request.code_challenge,
                nonce=request.nonce,
                scope=request.scope,
                created_at=tx.now,
                expires_at=tx.now + self._life,
                redeemed_at=None,
            )
            tx.session.add(row)
            tx.record(
                events.TicketIssued(
                    subject=f"official:{session.official_id}",
                    session_id=session.session_id,
                    participant_id=participant_id,
                    family_id=row.family_id,
                    client_id=client.client_id,
                    appointment_id=session.appointment_id,
                    kind=row.kind,
                )
            )
            return ticket

    def redeem(self, tx: Transaction, ticket: str, client_id: str, *, redirect_uri: str, code_verifier: str) -> Redeemed | Unredeemable:
        """Redeem a ticket within ``tx``, which must be committed whatever the outcome: what failed has used the ticket up.

        A ticket of another client is as good as unknown, and that client cannot use it up.
        """
        # Tickets of other protocols are bound to other things: none of them ever passes for a code.
        mine = (Ticket.digest == self._digest(ticket), Ticket.client_id == client_id, Ticket.kind == OIDC_CODE)
        claim = update(Ticket).where(*mine, Ticket.redeemed_at.is_(None)).values(redeemed_at=tx.now)
        row = tx.session.execute(
            claim.returning(
                Ticket.family_id,
                Ticket.participant_id,
                Ticket.redirect_uri,
                Ticket.code_challenge,
                Ticket.nonce,
                Ticket.scope,
                Ticket.expires_at,
            )
        ).one_or_none()
        if row is None:
            family_id = tx.session.scalar(select(Ticket.family_id).where(*mine))
            return self._reused(tx, family_id, client_id) if family_id else Unredeemable("unknown")
        if row.expires_at <= tx.now:
            return Unredeemable("expired")
        if row.redirect_uri != redirect_uri:
            return Unredeemable("wrong_redirect_uri")
        if row.code_challenge is None or not proves(code_verifier, row.code_challenge):
            return Unredeemable("wrong_verifier")
        session = self._sessions.behind(row.participant_id)
        if session is None:
            return Unredeemable("session_ended")
        return Redeemed(row.family_id, row.participant_id, client_id, row.scope, row.nonce, session)

    def _reused(self, tx: Transaction, family_id: UUID, client_id: str) -> Unredeemable:
        """End the family of a ticket that is brought again."""
        family = update(IssuedToken).where(IssuedToken.family_id == family_id, IssuedToken.revoked_at.is_(None))
        revoked = tx.session.scalars(family.values(revoked_at=tx.now).returning(IssuedToken.jti)).all()
        tx.record(events.FamilyEnded(subject=f"client:{client_id}", family_id=family_id, client_id=client_id, revoked=len(revoked)))
        return Unredeemable("reused")

    def _digest(self, ticket: str) -> bytes:
        return self._keys.digest("ticket", ticket.encode("utf-8", "surrogatepass"))


def take_part(tx: Transaction, session_id: UUID, client_id: str) -> UUID:
    """Return the ``sid`` by which the client takes part in the session; it stays the same as long as the session lives."""
    live = (Participant.session_id == session_id, Participant.client_id == client_id, Participant.ended_at.is_(None))
    query = select(Participant.id).where(*live)
    known = tx.session.scalar(query)
    if known is not None:
        return known
    values = {"id": new_id(), "session_id": session_id, "client_id": client_id, "created_at": tx.now}
    joining = (
        insert(Participant)
        .values(values)
        .on_conflict_do_nothing(index_elements=["session_id", "client_id"], index_where=Participant.ended_at.is_(None))
    )
    tx.session.execute(joining)
    # Two tabs may join at once: the one that came second waited for the first and reads its row here.
    return tx.session.scalars(query).one()


def proves(code_verifier: str, code_challenge: str) -> bool:
    """Return whether the verifier hashes to the challenge (RFC 7636 section 4.6, S256)."""
    digest = sha256(code_verifier.encode("utf-8", "surrogatepass")).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return crypto.same(challenge, code_challenge.encode("utf-8", "surrogatepass"))
