"""Proxies: a service that holds a proxy-granting ticket gets tickets for other services on behalf of the official (CAS 2.5.4, 2.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, select, update
from sqlalchemy.orm import Session as DatabaseSession

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import NotFound
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.settings import Environment, Settings
from govcloud.signon import events
from govcloud.signon.cas import errors
from govcloud.signon.cas.callback import CallbackFailedError, call_back
from govcloud.signon.cas.errors import CasRefused
from govcloud.signon.cas.texts import PGT, PGT_IOU, PROXY, fresh_text, life
from govcloud.signon.cas.views import Caller, Validated
from govcloud.signon.entering import Entering
from govcloud.signon.errors import NotAdmitted
from govcloud.signon.handing import CAS_PROXY, NewTicket, hand_out
from govcloud.signon.models import Participant, ProxyGrant, Session
from govcloud.signon.sessions import Sessions
from govcloud.signon.views import CurrentSession
from govcloud.subsystems.beginnings import canonical
from govcloud.subsystems.protocols import CAS
from govcloud.subsystems.queries import ClientView, SubsystemQueries

COMMAND = "govcloud:ticket:proxy"
#: Services that stand one behind another; a longer chain is a loop.
LONGEST_CHAIN = 8
_PURPOSE = "proxy-grant"
_UNKNOWN = "the proxy-granting ticket is unknown or has expired"
_NOT_OPEN = "the official may not enter the target service"


@dataclass(frozen=True)
class Prepared:
    """A grant that stands and has not been handed over yet: its ticket, the IOU, and where both go."""

    grant_id: UUID
    pgt: str = field(repr=False)
    iou: str
    callback_url: str


class Proxies:
    """Grants to proxies, and the tickets that they get for others."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        sessions: Sessions,
        entering: Entering,
        subsystems: SubsystemQueries,
        keys: KeyRing,
        clock: Clock,
        settings: Settings,
    ) -> None:
        """Take the parts."""
        self._uow = uow
        self._clock = clock
        self._sessions = sessions
        self._entering = entering
        self._subsystems = subsystems
        self._keys = keys
        self._life = life(settings)
        self._loopback_allowed = settings.environment is not Environment.PRODUCTION

    def prepare(self, tx: Transaction, caller: Caller, seen: Validated, pgt_url: str) -> Prepared:
        """Make a grant within the transaction in which the ticket behind it is redeemed.

        It stands before its ticket leaves for ``pgt_url``: so whoever brings the service's ticket once more, while that address is
        being called, ends the grant as well.

        Raises:
            CasRefused: the client is no proxy, the chain is too long, or the address is not the client's own.
        """
        if not seen.client.cas.proxy or len(seen.proxies) >= LONGEST_CHAIN:
            raise CasRefused(errors.UNAUTHORIZED_SERVICE_PROXY, "the service may not get proxy-granting tickets")
        owner = self._subsystems.client_by_service(pgt_url)
        if owner is None or owner.id != seen.client.id:
            raise CasRefused(errors.INVALID_PROXY_CALLBACK, "pgtUrl is not below a registered address of the service")
        made = Prepared(new_id(), fresh_text(PGT), fresh_text(PGT_IOU), pgt_url)
        with self._uow.begin(_acting(seen.client, caller), COMMAND, Target("client", seen.client.client_id)):
            tx.session.add(
                ProxyGrant(
                    id=made.grant_id,
                    digest=self._digest(made.pgt),
                    family_id=seen.family_id,
                    participant_id=seen.participant_id,
                    client_id=seen.client.client_id,
                    callback_url=pgt_url,
                    parent_id=seen.proxy_grant_id,
                    created_at=tx.now,
                    # It ends with the session at the latest (3.3.1); an earlier end is seen at each use.
                    expires_at=seen.session.expires_at,
                    ended_at=None,
                )
            )
            tx.session.flush()
        return made

    def deliver(self, caller: Caller, seen: Validated, made: Prepared) -> str:
        """Hand a prepared grant to its address and return its IOU; no database connection is held while the address is called.

        Raises:
            CasRefused: the address does not answer as it should; the grant is ended, for it may have got there all the same.
        """
        self._uow.rest()
        fault: CallbackFailedError | None = None
        try:
            call_back(made.callback_url, made.pgt, made.iou, loopback_allowed=self._loopback_allowed)
        except CallbackFailedError as error:
            fault = error
        with self._uow.begin(_acting(seen.client, caller), COMMAND, Target("client", seen.client.client_id)) as tx:
            if fault is not None:
                own = (ProxyGrant.id == made.grant_id, ProxyGrant.ended_at.is_(None))
                tx.session.execute(update(ProxyGrant).where(*own).values(ended_at=tx.now))
            else:
                tx.record(
                    events.ProxyGranted(
                        subject=f"official:{seen.session.official_id}",
                        grant_id=made.grant_id,
                        family_id=seen.family_id,
                        client_id=seen.client.client_id,
                        callback_url=made.callback_url,
                    )
                )
        if fault is not None:
            raise CasRefused(errors.INVALID_PROXY_CALLBACK, str(fault)) from fault
        return made.iou

    def ticket(self, caller: Caller, pgt: str, target: str) -> str:
        """Return a ticket for the service ``target``, which thereby takes part in the official's session.

        Raises:
            CasRefused: the grant is not live, its client is no proxy any more, or the target is not registered or not open to the
                official.
        """
        grant_id, client, session = self._holder(pgt)
        receiver = self._subsystems.client_by_service(target)
        address = canonical(target)
        if receiver is None or address is None:
            raise CasRefused(errors.UNAUTHORIZED_SERVICE, "targetService is not registered")
        self._admit(caller, session, receiver)
        with self._uow.begin(_acting(client, caller), COMMAND, Target("client", receiver.client_id)) as tx:
            found = self._held(tx, session, receiver)
            if isinstance(found, CurrentSession):
                return self._keep(tx, found, receiver, grant_id, address)
        raise CasRefused(errors.UNAUTHORIZED_SERVICE, _NOT_OPEN) from found

    def _keep(self, tx: Transaction, session: CurrentSession, receiver: ClientView, grant_id: UUID, address: str) -> str:
        """Store a fresh ticket of the held session under the grant, if that is still live, and return it."""
        held = _live_grants(tx.now).where(ProxyGrant.id == grant_id).with_for_update(read=True, of=(ProxyGrant, Session))
        row = tx.session.execute(held).one_or_none()
        if row is None or self.chain(tx.session, grant_id) is None:
            raise CasRefused(errors.INVALID_TICKET, _UNKNOWN)
        new = NewTicket(
            kind=CAS_PROXY,
            text=fresh_text(PROXY),
            session=session,
            client_id=receiver.client_id,
            address=address,
            expires_at=min(tx.now + self._life, row.expires_at),
            kept=receiver.cas.single_logout,
            proxy_grant_id=row.id,
        )
        hand_out(tx, self._keys, new)
        return new.text

    def chain(self, session: DatabaseSession, grant_id: UUID | None) -> tuple[str, ...] | None:
        """Return the callback addresses behind a proxy's ticket, the one visited last first; ``None`` when a grant of it was ended."""
        if grant_id is None:
            return ()
        columns = (ProxyGrant.id, ProxyGrant.parent_id, ProxyGrant.callback_url, ProxyGrant.ended_at)
        first = select(*columns, literal(0).label("depth")).where(ProxyGrant.id == grant_id).cte(recursive=True)
        further = select(*columns, first.c.depth + 1).join(first, ProxyGrant.id == first.c.parent_id)
        found = first.union_all(further)
        rows = session.execute(select(found.c.callback_url, found.c.ended_at).order_by(found.c.depth)).all()
        return None if any(row.ended_at is not None for row in rows) else tuple(row.callback_url for row in rows)

    def _holder(self, pgt: str) -> tuple[UUID, ClientView, CurrentSession]:
        """Return the live grant, the client that holds it, and the session that it is about."""
        live = _live_grants(self._clock.now())
        row = self._uow.read().execute(live.where(ProxyGrant.digest == self._digest(pgt))).one_or_none()
        session = self._sessions.behind(row.participant_id) if row else None
        if row is None or session is None:
            raise CasRefused(errors.INVALID_TICKET, _UNKNOWN)
        client = self._subsystems.client_by_client_id(row.client_id)
        if client is None or client.protocol != CAS or not client.cas.proxy:
            raise CasRefused(errors.UNAUTHORIZED_SERVICE, "the service may not act as a proxy")
        return row.id, client, session

    def _admit(self, caller: Caller, session: CurrentSession, receiver: ClientView) -> None:
        """Ask the receiver's door, as if the official stood before it."""
        official = Actor.official(
            session.official_id,
            session.name,
            appointment_id=session.appointment_id,
            session_id=session.session_id,
            source_address=caller.address,
            trace_id=caller.trace_id,
        )
        if not self._entering.admit(official, session, receiver).allowed:
            raise CasRefused(errors.UNAUTHORIZED_SERVICE, _NOT_OPEN)

    def _held(self, tx: Transaction, session: CurrentSession, receiver: ClientView) -> CurrentSession | NotAdmitted:
        """Return the session as it is now, or that the receiver's door was closed meanwhile; see ``Entering.hold``."""
        try:
            return self._entering.hold(tx, session, receiver)
        except NotFound as ended:
            raise CasRefused(errors.INVALID_TICKET, _UNKNOWN) from ended

    def _digest(self, pgt: str) -> bytes:
        return self._keys.digest(_PURPOSE, pgt.encode("utf-8", "surrogatepass"))


def _live_grants(now: datetime) -> Select[*tuple[Any, ...]]:
    """Select grants that are live with the part and the session that they stand on."""
    columns = (ProxyGrant.id, ProxyGrant.participant_id, ProxyGrant.client_id, ProxyGrant.expires_at)
    joined = (
        select(*columns).join(Participant, Participant.id == ProxyGrant.participant_id).join(Session, Session.id == Participant.session_id)
    )
    ended = (ProxyGrant.ended_at.is_(None), Participant.ended_at.is_(None), Session.ended_at.is_(None))
    return joined.where(*ended, ProxyGrant.expires_at > now)


def _acting(client: ClientView, caller: Caller) -> Actor:
    """Return the service as an actor: it holds a ticket that only it could have got."""
    return Actor.subsystem(client.client_id, client.name, source_address=caller.address, trace_id=caller.trace_id)
