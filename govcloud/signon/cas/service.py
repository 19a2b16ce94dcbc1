"""The commands of CAS: a ticket for a service, its validation, and tickets for proxies; each ends in the one table of tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Select, exists, select

from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.settings import Settings
from govcloud.signon import events
from govcloud.signon.cas import errors
from govcloud.signon.cas.errors import CasRefused
from govcloud.signon.cas.proxies import Prepared, Proxies
from govcloud.signon.cas.texts import SERVICE, fresh_text, life
from govcloud.signon.cas.views import Caller, Validated, Validation
from govcloud.signon.claims import told
from govcloud.signon.entering import Entering
from govcloud.signon.handing import CAS_PROXY, CAS_SERVICE, Claimed, NewTicket, digest, hand_out, take_back
from govcloud.signon.models import Ticket
from govcloud.signon.sessions import Sessions
from govcloud.signon.views import CurrentSession
from govcloud.subsystems.beginnings import canonical
from govcloud.subsystems.queries import ClientView, SubsystemQueries

_KINDS = (CAS_SERVICE, CAS_PROXY)
_NOT_RECOGNIZED = "the ticket is not recognized: it is unknown, was used before, or has expired"


class Cas:
    """Lets officials into services that speak CAS; every command is one transaction."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        entering: Entering,
        sessions: Sessions,
        identity: IdentityQueries,
        subsystems: SubsystemQueries,
        keys: KeyRing,
        clock: Clock,
        settings: Settings,
    ) -> None:
        """Take the parts, and how long a ticket lives."""
        self._uow = uow
        self._sessions = sessions
        self._entering = entering
        self._identity = identity
        self._subsystems = subsystems
        self._keys = keys
        self._life = life(settings)
        self._proxies = Proxies(
            uow=uow, sessions=sessions, entering=entering, subsystems=subsystems, keys=keys, clock=clock, settings=settings
        )

    # For the browser

    def proven_for(self, session: CurrentSession, demanded: datetime | None) -> bool:
        """Return whether somebody signed in since ``demanded``, and no ticket has been given for that yet."""
        return demanded is not None and demanded < session.auth_time and not self._uow.read().scalar(_spent(session, session.auth_time))

    def issue(self, actor: Actor, session: CurrentSession, client: ClientView, service: str, *, demanded: datetime | None = None) -> str:
        """Return a ticket that ``service`` may validate once, within a minute; its client now takes part in the session.

        Args:
            actor: the official.
            session: the browser's session.
            client: the client to which ``service`` belongs.
            service: the address as the service names it.
            demanded: when the service asked for sign-in, if it did; the ticket is fresh when that was answered for this ticket.

        Raises:
            NotFound: the session ended meanwhile.
            NotAdmitted: the door is closed; that is on record.
        """
        address = canonical(service) or service
        with self._uow.begin(actor, "govcloud:ticket:issue", Target("client", client.client_id)) as tx:
            # One proof makes one ticket fresh: two tabs that come back from the same sign-in wait for each other here.
            held = self._entering.hold(tx, session, client, alone=demanded is not None)
            if isinstance(held, CurrentSession):
                fresh = demanded is not None and demanded < held.auth_time and not tx.session.scalar(_spent(held, held.auth_time))
                new = NewTicket(
                    kind=CAS_SERVICE,
                    text=fresh_text(SERVICE),
                    session=held,
                    client_id=client.client_id,
                    address=address,
                    expires_at=tx.now + self._life,
                    kept=client.cas.single_logout,
                    fresh=fresh,
                )
                hand_out(tx, self._keys, new)
                return new.text
        raise held

    # For services

    def validate(self, caller: Caller, asked: Validation) -> Validated:
        """Redeem a ticket and return whom it stood for, with a proxy-granting ticket handed over where one was asked for.

        Whatever comes of it, the ticket is used up (3.1.1); one that was used before ends all that had grown out of it.

        Raises:
            CasRefused: with the protocol's code.
        """
        known = select(Ticket.client_id).where(Ticket.digest == digest(self._keys, asked.ticket), Ticket.kind.in_(_KINDS))
        client_id = self._uow.read().scalar(known)
        client = self._subsystems.client_by_client_id(client_id) if client_id else None
        if client is None:
            raise CasRefused(errors.INVALID_TICKET, _NOT_RECOGNIZED)
        actor = Actor.subsystem(client.client_id, client.name, source_address=caller.address, trace_id=caller.trace_id)
        with self._uow.begin(actor, "govcloud:ticket:redeem", Target("client", client.client_id)) as tx:
            outcome = self._redeem(tx, client, asked)
            made: Prepared | None = None
            if isinstance(outcome, Validated) and asked.pgt_url is not None:
                try:
                    made = self._proxies.prepare(tx, caller, outcome, asked.pgt_url)
                except CasRefused as refused:
                    outcome = refused
            if isinstance(outcome, CasRefused):
                subject = f"client:{client.client_id}"
                tx.record(events.RedemptionFailed(subject=subject, client_id=client.client_id, reason=outcome.reason))
        # Raised after the commit: a ticket that failed stays used up, and a family that was ended stays ended.
        if isinstance(outcome, CasRefused):
            raise outcome
        return outcome if made is None else replace(outcome, pgt_iou=self._proxies.deliver(caller, outcome, made))

    def proxy(self, caller: Caller, pgt: str, target: str) -> str:
        """Return a ticket for the service ``target`` to whoever holds a proxy-granting ticket (section 2.7).

        Raises:
            CasRefused: with the protocol's code.
        """
        return self._proxies.ticket(caller, pgt, target)

    def _redeem(self, tx: Transaction, client: ClientView, asked: Validation) -> Validated | CasRefused:
        row = take_back(tx, self._keys, asked.ticket, _KINDS, client.client_id)
        if row is None or row.expires_at <= tx.now:
            return CasRefused(errors.INVALID_TICKET, _NOT_RECOGNIZED, "reused" if row is None else "expired")
        refusal = _against(row, asked)
        if refusal is not None:
            return refusal
        session = self._sessions.behind(row.participant_id, held=True)
        proxies = self._proxies.chain(tx.session, row.proxy_grant_id)
        if session is None or proxies is None:
            return CasRefused(errors.INVALID_TICKET, "the session that the ticket came from has ended")
        official = f"official:{session.official_id}"
        tx.record(
            events.CasTicketValidated(subject=official, family_id=row.family_id, client_id=client.client_id, kind=row.kind, proxies=proxies)
        )
        return Validated(
            client=client,
            session=session,
            participant_id=row.participant_id,
            family_id=row.family_id,
            proxy_grant_id=row.proxy_grant_id,
            fresh=row.fresh,
            proxies=proxies,
            attributes=told(self._identity, session, client.settings.claims),
        )


def _against(ticket: Claimed, asked: Validation) -> CasRefused | None:
    """Return what stands against a ticket, apart from the session behind it."""
    if ticket.kind == CAS_PROXY and not asked.proxied:
        return CasRefused(errors.INVALID_TICKET_SPEC, "a proxy ticket was passed where only service tickets are validated")
    if ticket.address != canonical(asked.service):
        return CasRefused(errors.INVALID_SERVICE, "the ticket was made for another service")
    if asked.renew and not ticket.fresh:
        return CasRefused(errors.INVALID_TICKET, "the ticket came from single sign-on, and renew was demanded")
    return None


def _spent(session: CurrentSession, auth_time: datetime) -> Select[tuple[bool]]:
    """Select whether the last proof of identity in the session has made a ticket fresh already."""
    return select(exists().where(Ticket.session_id == session.session_id, Ticket.fresh, Ticket.created_at >= auth_time))
