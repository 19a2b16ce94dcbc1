"""Ends stays in subsystems and promises, in the same transaction, that every client that has to know will be told.

This is the one loop of single logout: whatever ends a session or takes somebody out of a subsystem ends participants here, so a
notice cannot be forgotten, cannot be written twice (a participant ends once), and is not sent when the transaction is rolled back.
All of it is done as a set: a handful of statements, however many sessions end.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, insert, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.promising import Promise, promise
from govcloud.signon import events
from govcloud.signon.logout.channels import CAS_REQUEST, NONE, SENT, channel_of
from govcloud.signon.logout.models import LogoutNotice
from govcloud.signon.models import Participant, Session, Ticket
from govcloud.subsystems.views import ClientView

TOPIC = "signon:logout"


@dataclass(frozen=True)
class Left:
    """A participant that ended just now: a client's part in somebody's session."""

    participant_id: UUID
    session_id: UUID
    official_id: UUID
    client_id: str


class Clients(Protocol):
    """What is asked of the catalogue."""

    def clients_named(self, client_ids: Iterable[str]) -> Mapping[str, ClientView]:
        """Return clients by their ``client_id``, disabled ones too."""
        ...

    def clients_not_asking(self) -> Mapping[str, str]:
        """Return the enabled clients in whose subsystems nobody asks the platform at each use, with the subsystem's code."""
        ...


class Leaving:
    """Ends participants; holds no state."""

    def __init__(self, clients: Clients) -> None:
        """Take the catalogue, which knows each client's channel."""
        self._clients = clients

    def hold(self, tx: Transaction, *which: ColumnElement[bool]) -> None:
        """Hold the sessions of the participants that ``which`` names, for a command that ends them and holds no session yet.

        Sessions come before their participants, as everywhere: a notice names its session, and whoever ends or changes that holds it
        already and wants the participants next.
        """
        taken_part_in = select(Participant.session_id).join(Session).where(Participant.ended_at.is_(None), *which)
        held = select(Session.id).where(Session.id.in_(taken_part_in)).order_by(Session.id)
        tx.session.execute(held.with_for_update(read=True, key_share=True)).all()

    def leave(self, tx: Transaction, cause: str, *which: ColumnElement[bool], grants: Mapping[UUID, UUID] | None = None) -> list[Left]:
        """End the participants that ``which`` names, write their notices, and return them.

        Args:
            tx: the command that ends them.
            cause: why, as the notices keep it.
            which: conditions on ``Participant`` and its ``Session``.
            grants: for a participant (by id) the grant whose end is the cause.
        """
        # In one order, so that two commands which end some of the same wait for each other and not in a circle; the second one finds
        # them ended.
        query = select(Participant.id, Participant.session_id, Session.official_id, Participant.client_id)
        joined = query.join(Session, Session.id == Participant.session_id).where(Participant.ended_at.is_(None), *which)
        rows = tx.session.execute(joined.order_by(Participant.id).with_for_update(key_share=True, of=Participant)).all()
        if not rows:
            return []
        left = [Left(row.id, row.session_id, row.official_id, row.client_id) for row in rows]
        change = update(Participant).where(among(Participant.id, [item.participant_id for item in left]))
        tx.session.execute(change.values(ended_at=tx.now).execution_options(synchronize_session=False))
        self._write(tx, cause, left, grants or {})
        return left

    def leave_where_nobody_asks(self, tx: Transaction, cause: str, session_id: UUID) -> list[Left]:
        """End the stays of a session in subsystems that know only what they were told at sign-in, and return them.

        A subsystem that asks the platform at each use is answered by the session as it is by then, so its stays go on.
        """
        mine = (Participant.session_id == session_id, Participant.ended_at.is_(None))
        taking_part = tx.session.scalars(select(Participant.client_id).where(*mine)).all()
        told_once = self._clients.clients_not_asking().keys() & taking_part if taking_part else ()
        return self.leave(tx, cause, *mine, Participant.client_id.in_(told_once)) if told_once else []

    def _write(self, tx: Transaction, cause: str, left: Sequence[Left], grants: Mapping[UUID, UUID]) -> None:
        """Add the notices and the messages that carry them."""
        clients = self._clients.clients_named({item.client_id for item in left})
        channels = {client_id: channel_of(clients.get(client_id)) for client_id in {item.client_id for item in left}}
        tickets = _tickets(tx, [item.participant_id for item in left if channels[item.client_id] == CAS_REQUEST])
        told = [
            (item, channels[item.client_id], message) for item in left for message in _messages(item, channels[item.client_id], tickets)
        ]
        sent = [Promise(f"client:{item.client_id}", TOPIC, message) for item, _, message in told if message is not None]
        carried = iter(promise(tx, sent))
        tx.session.execute(
            insert(LogoutNotice),
            [
                {
                    "id": new_id(),
                    "session_id": item.session_id,
                    "participant_id": item.participant_id,
                    "official_id": item.official_id,
                    "client_id": item.client_id,
                    # A CAS client that had no ticket validated knows of no stay.
                    "channel": NONE if channel == CAS_REQUEST and message is None else channel,
                    "cause": cause,
                    "grant_id": grants.get(item.participant_id),
                    "message_id": None if message is None else next(carried),
                    "created_at": tx.now,
                }
                for item, channel, message in told
            ],
        )


def by_session(left: Sequence[Left]) -> Mapping[tuple[UUID, UUID], tuple[str, ...]]:
    """Return for each session (with its official) the clients that left it, in the order of their names."""
    found: dict[tuple[UUID, UUID], set[str]] = defaultdict(set)
    for item in left:
        found[item.session_id, item.official_id].add(item.client_id)
    return {session: tuple(sorted(clients)) for session, clients in found.items()}


def stays_ended(left: Sequence[Left], cause: str) -> list[events.StayEnded]:
    """Return what is recorded of stays that ended while their sessions go on, one for each session."""
    return [
        events.StayEnded(subject=f"official:{official}", session_id=session, cause=cause, client_ids=clients)
        for (session, official), clients in by_session(left).items()
    ]


def among(column: InstrumentedAttribute[UUID] | ColumnElement[UUID], ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Return the condition that a column is one of ``ids``, sent as one array: thousands of ids make no statement of thousands of words."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))


def _messages(item: Left, channel: str, tickets: Mapping[UUID, Sequence[dict[str, Any]]]) -> Sequence[dict[str, Any] | None]:
    """Return what each message about a participant holds; one without a channel that is sent has a notice all the same."""
    about = {"channel": channel, "sid": str(item.participant_id), "sub": str(item.official_id)}
    if channel == CAS_REQUEST:
        # A CAS client knows a stay by its ticket, and somebody who came in by two has two.
        return [about | ticket for ticket in tickets.get(item.participant_id, ())] or [None]
    return [about if channel in SENT else None]


def _tickets(tx: Transaction, participants: Sequence[UUID]) -> Mapping[UUID, Sequence[dict[str, Any]]]:
    """Return the redeemed CAS tickets of participants, still sealed: a message must not depend on rows that are purged."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    if participants:
        columns = (Ticket.id, Ticket.participant_id, Ticket.redirect_uri, Ticket.sealed)
        known = (among(Ticket.participant_id, participants), Ticket.redeemed_at.is_not(None), Ticket.sealed.is_not(None))
        for row in tx.session.execute(select(*columns).where(*known).order_by(Ticket.created_at, Ticket.id)):
            sealed = base64.b64encode(row.sealed).decode("ascii")
            found[row.participant_id].append({"ticket_id": str(row.id), "sealed": sealed, "service": row.redirect_uri})
    return found
