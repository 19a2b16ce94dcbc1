"""Tickets: what is handed to a client through the browser, redeemed once, by the client it was made for, within a minute.

An OIDC code is a ticket; the artifacts of other protocols will be. Whoever redeems wins by one conditional UPDATE; whoever brings
the same ticket again ends its family: every token that grew out of it (RFC 6749 section 4.1.2, RFC 9700 section 2.1.1).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Table, bindparam, exists, select, union_all, update
from sqlalchemy.dialects.postgresql import insert

from govcloud.kernel import crypto
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.prepared import Prepared
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.settings import Settings
from govcloud.signon import events
from govcloud.signon.entering import Entering, asked_from
from govcloud.signon.errors import NotAdmitted
from govcloud.signon.models import Participant, Ticket
from govcloud.signon.oauth.families import end_family
from govcloud.signon.sessions import Sessions
from govcloud.signon.views import CurrentSession, TicketRequest
from govcloud.subsystems.queries import ClientView

OIDC_CODE = "oidc_code"
_SECRET_BYTES = 32

_PARTICIPANT = Prepared(
    select(Participant.id).where(
        Participant.session_id == bindparam("session"), Participant.client_id == bindparam("client"), Participant.ended_at.is_(None)
    )
)
_PART = cast("Table", Participant.__table__)
_TAKING = (
    select(_PART.c.id)
    .where(_PART.c.session_id == bindparam("session"), _PART.c.client_id == bindparam("client"), _PART.c.ended_at.is_(None))
    .cte("taking")
)
_NEW = select(
    bindparam("id", type_=_PART.c.id.type),
    bindparam("session", type_=_PART.c.session_id.type),
    bindparam("client", type_=_PART.c.client_id.type),
    bindparam("address", type_=_PART.c.source_address.type),
    bindparam("now", type_=_PART.c.created_at.type),
).where(~exists(select(_TAKING.c.id)))
_JOINING = (
    insert(_PART)
    .from_select(["id", "session_id", "client_id", "source_address", "created_at"], _NEW)
    .on_conflict_do_nothing(index_elements=["session_id", "client_id"], index_where=_PART.c.ended_at.is_(None))
    .returning(_PART.c.id)
    .cte("joining")
)
_ADDRESS = bindparam("address", type_=_PART.c.source_address.type)
_COMING_FROM = (
    update(_PART)
    .where(_PART.c.id.in_(select(_TAKING.c.id)), _ADDRESS.is_not(None), _PART.c.source_address.is_distinct_from(_ADDRESS))
    .values(source_address=_ADDRESS)
    .returning(_PART.c.id)
    .cte("coming_from")
)
#: The part that the client takes or begins to take, now from this address; none, when another tab begins it in this very moment.
_TAKE_PART = Prepared(select(union_all(select(_TAKING.c.id), select(_JOINING.c.id)).subquery()).add_cte(_COMING_FROM))
_TICKET = cast("Table", Ticket.__table__)
_KEEP = Prepared(insert(_TICKET), [column.name for column in _TICKET.c if column.name not in {"sealed", "fresh", "proxy_grant_id"}])
#: Tickets of other protocols are bound to other things: none of them ever passes for a code.
_MINE = (Ticket.digest == bindparam("ticket"), Ticket.client_id == bindparam("client"), Ticket.kind == OIDC_CODE)
_FAMILY = Prepared(select(Ticket.family_id).where(*_MINE))
_CLAIM = Prepared(
    update(Ticket)
    .where(*_MINE, Ticket.redeemed_at.is_(None))
    .values(redeemed_at=bindparam("now"))
    .returning(
        Ticket.family_id,
        Ticket.participant_id,
        Ticket.redirect_uri,
        Ticket.code_challenge,
        Ticket.nonce,
        Ticket.scope,
        Ticket.dpop_jkt,
        Ticket.expires_at,
    )
)


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

    def __init__(self, uow: UnitOfWork, sessions: Sessions, entering: Entering, keys: KeyRing, settings: Settings) -> None:
        """Take the sessions that tickets belong to, who asks at doors, and how long a ticket lives."""
        self._uow = uow
        self._sessions = sessions
        self._entering = entering
        self._keys = keys
        self._life = timedelta(seconds=settings.code_seconds)

    def issue(self, actor: Actor, session: CurrentSession, client: ClientView, request: TicketRequest) -> str:
        """Return a fresh ticket for ``client``, which thereby takes part in the session.

        Raises:
            NotFound: the session ended meanwhile.
            NotAdmitted: the door is closed; that is on record.
        """
        with self._uow.begin(actor, "govcloud:ticket:issue", Target("client", client.client_id)) as tx:
            held = self._entering.hold(tx, session, client)
            if not isinstance(held, NotAdmitted):
                return self._keep(tx, held, client, request)
        raise held

    def redeem(
        self,
        tx: Transaction,
        ticket: str,
        client_id: str,
        *,
        redirect_uri: str,
        code_verifier: str | None,
        confirmation: Mapping[str, Any] | None = None,
    ) -> Redeemed | Unredeemable:
        """Redeem a ticket within ``tx``, which must be committed whatever the outcome: what failed has used the ticket up.

        A ticket of another client is as good as unknown, and that client cannot use it up.
        """
        mine = {"ticket": self._digest(ticket), "client": client_id}
        claimed = tx.run(_CLAIM, **mine, now=tx.now)
        if not claimed:
            known = tx.run(_FAMILY, **mine)
            return self._reused(tx, known[0].family_id, client_id) if known else Unredeemable("unknown")
        row = claimed[0]
        broken = _broken_bond(row, tx.now, redirect_uri, code_verifier, confirmation)
        if broken is not None:
            return Unredeemable(broken)
        session = self._sessions.behind(row.participant_id, held=True)
        if session is None:
            return Unredeemable("session_ended")
        return Redeemed(row.family_id, row.participant_id, client_id, row.scope, row.nonce, session)

    def _keep(self, tx: Transaction, session: CurrentSession, client: ClientView, request: TicketRequest) -> str:
        """Store a fresh ticket of the held session and return it."""
        participant_id = take_part(tx, session.session_id, client.client_id)
        ticket, family_id = secrets.token_urlsafe(_SECRET_BYTES), new_id()
        row = {
            "id": new_id(),
            "kind": OIDC_CODE,
            "digest": self._digest(ticket),
            "family_id": family_id,
            "session_id": session.session_id,
            "participant_id": participant_id,
            "client_id": client.client_id,
            "redirect_uri": request.redirect_uri,
            "code_challenge": request.code_challenge,
            "nonce": request.nonce,
            "scope": request.scope,
            "dpop_jkt": request.dpop_jkt,
            "created_at": tx.now,
            "expires_at": tx.now + self._life,
            "redeemed_at": None,
        }
        tx.run(_KEEP, **row)
        tx.record(
            events.TicketIssued(
                subject=f"official:{session.official_id}",
                session_id=session.session_id,
                participant_id=participant_id,
                family_id=family_id,
                client_id=client.client_id,
                appointment_id=session.appointment_id,
                kind=OIDC_CODE,
            )
        )
        return ticket

    def _reused(self, tx: Transaction, family_id: UUID, client_id: str) -> Unredeemable:
        """End the family of a ticket that is brought again."""
        end_family(tx, family_id, client_id, "code_reused")
        return Unredeemable("reused")

    def _digest(self, ticket: str) -> bytes:
        return self._keys.digest("ticket", ticket.encode("utf-8", "surrogatepass"))


def take_part(tx: Transaction, session_id: UUID, client_id: str) -> UUID:
    """Return the ``sid`` by which the client takes part in the session; it stays the same as long as the session lives.

    The stay keeps the address with which its door was asked last; an entry without the person (a proxy's ticket) leaves it as it is.
    """
    pair = {"session": session_id, "client": client_id}
    # Two tabs may begin at once: the one that came second waited for the first and reads its row in the second statement.
    taken = tx.run(_TAKE_PART, **pair, id=new_id(), address=asked_from(tx.actor), now=tx.now) or tx.run(_PARTICIPANT, **pair)
    sid: UUID = taken[0].id
    return sid


def _broken_bond(
    row: Row[*tuple[Any, ...]], now: datetime, redirect_uri: str, code_verifier: str | None, confirmation: Mapping[str, Any] | None
) -> str | None:
    """Return which of the bonds of a ticket does not hold, the first in this order."""
    bonds = (
        ("expired", row.expires_at > now),
        ("wrong_redirect_uri", row.redirect_uri == redirect_uri),
        ("wrong_verifier", proves(code_verifier, row.code_challenge)),
        ("wrong_proof", row.dpop_jkt is None or row.dpop_jkt == (confirmation or {}).get("jkt")),
    )
    return next((reason for reason, holds in bonds if not holds), None)


def proves(code_verifier: str | None, code_challenge: str | None) -> bool:
    """Return whether the verifier hashes to the challenge (RFC 7636 section 4.6, S256).

    A challenge that was given must be proven; a verifier without a challenge means that somebody took the challenge out on the way
    (RFC 9700 section 4.8.2).
    """
    if code_verifier is None or code_challenge is None:
        return code_verifier is code_challenge
    digest = sha256(code_verifier.encode("utf-8", "surrogatepass")).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return crypto.same(challenge, code_challenge.encode("utf-8", "surrogatepass"))
