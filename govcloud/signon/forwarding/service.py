"""Commands and answers for applications behind a proxy: letting an official in, and the check that every request makes.

A check reads one row: the session behind the stay that the cookie names. Whose secret the proxy shows, whether the door is open, and
what is said about the official is remembered for half a minute in each process; what ends a stay at once (sign-out, disabling, the
end of a grant that opened the door) ends the session or the client's part in it, which the one row tells. A function that a path
needs is asked of the engine each time.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.authorization.given_out import GivenOut
from govcloud.authorization.service import Authorization
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.recent import Remembered
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.settings import Settings
from govcloud.signon import events
from govcloud.signon.claims import told
from govcloud.signon.entering import Entering
from govcloud.signon.errors import TicketRefused
from govcloud.signon.forwarding import cookies, seen_from
from govcloud.signon.forwarding.cookies import Stay
from govcloud.signon.forwarding.paths import UnreadablePathError, needed_function
from govcloud.signon.handing import FORWARD_AUTH, LONGEST_LIFE, Claimed, NewTicket, digest, hand_out, take_back
from govcloud.signon.models import Ticket
from govcloud.signon.sessions import Sessions
from govcloud.signon.tickets import proves
from govcloud.signon.tokens import Issued, Tokens
from govcloud.signon.views import CurrentSession
from govcloud.subsystems.beginnings import origin_of
from govcloud.subsystems.inputs import ADDRESS_SOURCE
from govcloud.subsystems.protocols import FORWARD_AUTH as PROTOCOL
from govcloud.subsystems.queries import ClientView, SubsystemQueries

#: For how long what a check needs beside the session is not read again.
READ_AGAIN = timedelta(seconds=30)
#: A signed assertion is remembered for as long, so that one in use holds for half a minute more at least.
ASSERTION_LIVES = timedelta(seconds=60)
_MOST_CLIENTS, _MOST_STAYS = 1_000, 20_000


@dataclass(frozen=True)
class Admitted:
    """An official who may use the application: what its settings let it know, and the same signed for it alone."""

    identity: Mapping[str, str]
    assertion: str


@dataclass(frozen=True)
class Refused:
    """An official who may not; ``decision`` is the engine's, or ``None`` for a path that cannot be read for certain."""

    decision: Decision | None

    @property
    def wants_proof(self) -> bool:
        """Return whether the official may, in a session with a stronger or more recent proof of identity."""
        return self.decision is not None and self.decision.code is Reason.INSUFFICIENT_USER_AUTHENTICATION


@dataclass(frozen=True)
class Entered:
    """The end of a hand-over: the cookie's value for the origin, and the address that was asked for."""

    cookie: str
    address: str


class Forwarding:
    """Lets officials into applications behind a proxy."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        sessions: Sessions,
        entering: Entering,
        authorization: Authorization,
        given_out: GivenOut,
        identity: IdentityQueries,
        subsystems: SubsystemQueries,
        keys: KeyRing,
        clock: Clock,
        settings: Settings,
        strong: Callable[[CurrentSession], bool | None],
    ) -> None:
        """Take the parts, how long a ticket lives, and what says whether a session opens sensitive functions (``StepUp.strong``)."""
        self._uow = uow
        self._sessions = sessions
        self._entering = entering
        self._authorization = authorization
        self._given_out = given_out
        self._identity = identity
        self._subsystems = subsystems
        self._keys = keys
        self._clock = clock
        self._strong = strong
        self._tokens = Tokens(keys, clock, settings)
        self._life = min(timedelta(seconds=settings.code_seconds), LONGEST_LIFE)
        self._proxies: Remembered[bytes, ClientView] = Remembered(clock, READ_AGAIN, _MOST_CLIENTS)
        self._known: Remembered[tuple[Stay, str, str | None], Admitted] = Remembered(clock, READ_AGAIN, _MOST_STAYS)

    # For the proxy

    def proxy(self, client_id: str, secret: str) -> ClientView | None:
        """Return the application whose proxy shows this secret, if it is one behind a proxy; remembered for half a minute."""
        key = self._keys.digest("forward-auth-proxy", f"{client_id}\n{secret}".encode("utf-8", "surrogatepass"))
        known = self._proxies.get(key)
        if known is not None:
            return known
        client = self._subsystems.authenticate_client(client_id, secret)
        return self._proxies.put(key, client) if client is not None and client.protocol == PROTOCOL else None

    def check(
        self, client: ClientView, origin: str, uri: str, cookie: str | None, *, client_address: str | None = None
    ) -> Admitted | Refused | None:
        """Return whether the browser with ``cookie`` may have ``uri`` (path and query) of ``origin``; ``None``: it has to sign in.

        ``client_address`` is that of the person's device, from a proxy that is entrusted with telling it.

        One statement; with a rule on the path those of one decision more; about once in half a minute those of the door.
        """
        stay = cookies.read(self._keys, client.client_id, origin, cookie)
        session = self._sessions.by_sid(stay.participant_id, client.client_id) if stay else None
        if stay is None or session is None or session.appointment_id != stay.appointment_id:
            # Under another duty the door is another question; it is asked where it can be explained.
            return None
        against = self.against(client, session, uri, client_address=client_address, given_out=True)
        if against is not None:
            return against
        # A device that moves to another address comes to the door anew.
        known = self._known.get((stay, client.client_id, client_address))
        return known or self._admit(client, stay, session, client_address)

    def against(
        self, client: ClientView, session: CurrentSession, uri: str, *, client_address: str | None = None, given_out: bool = False
    ) -> Refused | None:
        """Return what stands against ``uri`` by the rules of the application, asked of the engine now; ``None``: nothing.

        What is ``given_out`` to the application goes to the decision log; a page that explains it once more does not.
        """
        try:
            function = needed_function(client.forward_auth.rules, uri)
        except UnreadablePathError:
            return Refused(None)
        if function is None:
            return None
        decision = self._decide(client, session, function, client_address, given_out=given_out, strong=self._strong(session))
        return None if decision.allowed else Refused(decision)

    def door(self, client: ClientView, session: CurrentSession, *, client_address: str | None = None, given_out: bool = False) -> Decision:
        """Return whether the application's door is open to the official now; see ``against`` for ``given_out``."""
        return self._decide(client, session, door_of(client.subsystem_code), client_address, given_out=given_out)

    def seen_from(self, client: ClientView, client_address: str | None) -> Mapping[str, str]:
        """Return what tells the page about a refusal from which address the request came; see ``seen_from``."""
        return {} if client_address is None else {"from": seen_from.write(self._keys, client.client_id, client_address)}

    def read_seen_from(self, client: ClientView, parameters: Mapping[str, str]) -> str | None:
        """Return the address that ``seen_from`` told, if it was told for this application."""
        return seen_from.read(self._keys, client.client_id, parameters.get("from", ""))

    def tells_addresses(self, client: ClientView) -> bool:
        """Return whether the application's proxy is entrusted with telling from which address people come.

        One statement for those that are: taken away, the trust is gone at the next request, however long the client is remembered.
        """
        if ADDRESS_SOURCE not in client.roles:
            return False
        current = self._subsystems.client_by_client_id(client.client_id)
        return current is not None and ADDRESS_SOURCE in current.roles

    # For the hand-over

    def hand_over(self, actor: Actor, session: CurrentSession, client: ClientView, address: str, challenge: str) -> str:
        """Return a ticket with which the browser goes from the platform to the application's origin, where it gets a cookie.

        Args:
            actor: the official.
            session: the platform's session in that browser.
            client: the application.
            address: where to go in the end; it is of one of the application's origins.
            challenge: the hash of what the browser holds at that origin (as RFC 7636 section 4.2): a ticket that somebody else
                got opens nothing in another browser.

        Raises:
            NotFound: the session ended meanwhile.
            NotAdmitted: the door is closed; that is on record.
        """
        with self._uow.begin(actor, "govcloud:ticket:issue", Target("client", client.client_id)) as tx:
            held = self._entering.hold(tx, session, client)
            if isinstance(held, CurrentSession):
                new = NewTicket(
                    kind=FORWARD_AUTH,
                    text=secrets.token_urlsafe(32),
                    session=held,
                    client_id=client.client_id,
                    address=address,
                    expires_at=tx.now + self._life,
                    challenge=challenge,
                )
                hand_out(tx, self._keys, new)
                return new.text
        raise held

    def accept(self, actor: Actor, client: ClientView, origin: str, ticket: str, held: str) -> Entered:
        """Redeem the ticket of a hand-over at ``origin`` for a cookie; ``held`` is what the browser holds there.

        Raises:
            TicketRefused: it is unknown, expired, used, another origin's or another browser's, or the session has ended.
        """
        known = select(Ticket.id).where(Ticket.digest == digest(self._keys, ticket), Ticket.client_id == client.client_id)
        if self._uow.read().scalar(known) is None:
            raise TicketRefused("unknown")
        with self._uow.begin(actor, "govcloud:ticket:redeem", Target("client", client.client_id)) as tx:
            claimed = take_back(tx, self._keys, ticket, (FORWARD_AUTH,), client.client_id)
            session = self._sessions.behind(claimed.participant_id, held=True) if claimed else None
            reason = "reused" if claimed is None else _fault(claimed, origin, held, expired=claimed.expires_at <= tx.now)
            if claimed is not None and session is not None and reason is None:
                official = f"official:{session.official_id}"
                tx.record(
                    events.ApplicationEntered(
                        subject=official, client_id=client.client_id, participant_id=claimed.participant_id, origin=origin
                    )
                )
                stay = Stay(claimed.participant_id, session.appointment_id)
                return Entered(cookies.write(self._keys, client.client_id, origin, stay), claimed.address)
            reason = reason or "session_ended"
            tx.record(events.RedemptionFailed(subject=f"client:{client.client_id}", client_id=client.client_id, reason=reason))
        # Raised after the commit: a ticket that failed stays used up.
        raise TicketRefused(reason)

    def stay(self, client: ClientView, origin: str, cookie: str | None) -> UUID | None:
        """Return the ``sid`` of the stay that a cookie belongs to, whether or not it is still alive."""
        found = cookies.read(self._keys, client.client_id, origin, cookie)
        return found.participant_id if found else None

    # How the above work

    def _admit(self, client: ClientView, stay: Stay, session: CurrentSession, client_address: str | None) -> Admitted | Refused:
        """Ask the door, and say and sign who it is; a refusal is not remembered, so what mends it is seen at once."""
        decision = self.door(client, session, client_address=client_address, given_out=True)
        if not decision.allowed:
            return Refused(decision)
        identity = told(self._identity, session, client.settings.claims)
        now = self._clock.now()
        issued = Issued(
            jti=new_id(),
            sid=stay.participant_id,
            client_id=client.client_id,
            scope="",
            session=session,
            issued_at=now,
            expires_at=now + ASSERTION_LIVES,
            audience=(client.client_id,),
        )
        return self._known.put((stay, client.client_id, client_address), Admitted(identity, self._tokens.assertion(issued, identity)))

    def _decide(
        self,
        client: ClientView,
        session: CurrentSession,
        function: str,
        client_address: str | None,
        *,
        given_out: bool,
        strong: bool | None = None,
    ) -> Decision:
        question = Question(
            function,
            session.appointment_id,
            session.official_id,
            client_address=client_address,
            strong=strong,
            session_id=session.session_id,
        )
        decision = self._authorization.decide(question)
        if given_out:
            decision = self._authorization.settle(question, decision)
            self._given_out.note(question, decision, client.client_id)
        return decision


def _fault(claimed: Claimed, origin: str, held: str, *, expired: bool) -> str | None:
    """Return what is wrong with a ticket that was redeemed just now."""
    if expired:
        return "expired"
    if origin_of(claimed.address) != origin:
        return "wrong_redirect_uri"
    if claimed.challenge is None or not proves(held, claimed.challenge):
        return "wrong_verifier"
    return None
