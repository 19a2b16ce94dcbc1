"""Writes each event into the record, within the transaction of the command that caused it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, LargeBinary, Text, text
from sqlalchemy.event import listens_for
from sqlalchemy.orm import Session

from govcloud.audit.canonical import ChainLink, canonical_event, fresh_salt, fresh_salts
from govcloud.audit.merkle import leaf_hash
from govcloud.kernel.copying import copy_rows
from govcloud.kernel.events import Event
from govcloud.kernel.ids import new_ids
from govcloud.kernel.prepared import Prepared
from govcloud.kernel.unit_of_work import Transaction

# The event, its personal values and its place in the sequencer's queue in one round trip: every command pays for this.
_INSERT = text(
    """
    WITH event AS (
        INSERT INTO audit_event (id, at, name, actor_kind, actor_id, subject, chain, chain_position, prev_leaf, canonical, leaf_hash)
        VALUES (:id, :at, :name, :actor_kind, :actor_id, :subject, :chain, :chain_position, :prev_leaf, :canonical, :leaf_hash)
    ), personal AS (
        INSERT INTO audit_personal (event_id, field, salt, value)
        SELECT :id, field, salt, value
        FROM unnest(CAST(:fields AS text[]), CAST(:salts AS bytea[]), CAST(:values AS text[])) AS kept (field, salt, value)
    )
    INSERT INTO audit_pending (event_id) VALUES (:id)
    """
)
_INSERT_ONE = Prepared(_INSERT)
_HOLD = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(chain, 0)) FROM unnest(CAST(:chains AS text[])) WITH ORDINALITY AS held (chain, place)"
    " ORDER BY place"
)
_ENDS = text(
    """
    SELECT held.chain, newest.chain_position, newest.leaf_hash
    FROM unnest(CAST(:chains AS text[])) AS held (chain)
    CROSS JOIN LATERAL (
        SELECT chain_position, leaf_hash FROM audit_event WHERE audit_event.chain = held.chain ORDER BY chain_position DESC LIMIT 1
    ) AS newest
    """
)
_HOLD_CHAINS = Prepared(_HOLD)
_ENDS_OF = Prepared(_ENDS.columns(chain=Text, chain_position=Integer, leaf_hash=LargeBinary))
#: The ends of the chains that a transaction has added to, which are its own until it ends.
_HELD = "chains held for the record"
#: From so many events on COPY is quicker than a statement for each.
_MANY = 50
_EVENT = {
    "id": "uuid",
    "at": "timestamptz",
    "name": "text",
    "actor_kind": "text",
    "actor_id": "text",
    "subject": "text",
    "chain": "text",
    "chain_position": "int4",
    "prev_leaf": "bytea",
    "canonical": "bytea",
    "leaf_hash": "bytea",
}
_PERSONAL = {"event_id": "uuid", "field": "text", "salt": "bytea", "value": "text"}


class AuditRecorder:
    """The kernel's recorder for the audit record; it also takes the events of a command on many rows as a set."""

    def record(self, tx: Transaction, event: Event) -> None:
        """Add ``event`` with its leaf hash, its personal values and its place in the queue of the sequencer."""
        self.record_all(tx, (event,))

    def record_all(self, tx: Transaction, events: Sequence[Event]) -> None:
        """Add ``events`` in their order: a few by statements, for which psycopg does not wait one by one; many by COPY."""
        ends = _hold_chains(tx.session, {event.chain for event in events if event.chain is not None})
        rows = []
        salt = fresh_salts() if len(events) >= _MANY else fresh_salt
        for event_id, event in zip(new_ids(len(events)), events, strict=True):
            link = None
            if event.chain is not None:
                end = ends[event.chain]
                link = ChainLink(event.chain, end.position + 1, end.leaf)
            row = _row(tx, event, event_id, link, salt)
            if link is not None:
                ends[link.chain] = ChainEnd(link.position, row["leaf_hash"])
            rows.append(row)
        tx.session.info.setdefault(_HELD, {}).update(ends)
        if len(rows) == 1:  # nearly always; a list, even of one, takes psycopg a pipeline
            tx.run(_INSERT_ONE, **rows[0])
        elif len(rows) < _MANY:
            tx.session.execute(_INSERT, rows)
        else:
            _copy(tx.session, rows)


@dataclass(frozen=True)
class ChainEnd:
    """The last event of a chain: its number and leaf hash; a chain without events ends at 0."""

    position: int
    leaf: bytes | None


def _row(tx: Transaction, event: Event, event_id: UUID, link: ChainLink | None, salt: Callable[[], bytes]) -> dict[str, Any]:
    """Return what the insertion of one event takes."""
    form = canonical_event(event, event_id=event_id, at=tx.now, actor=tx.actor, command=tx.command, link=link, salt=salt)
    return {
        "id": event_id,
        "at": tx.now,
        "name": event.name,
        "actor_kind": tx.actor.kind.value,
        "actor_id": tx.actor.id,
        "subject": event.subject,
        "chain": event.chain,
        "chain_position": link.position if link else None,
        "prev_leaf": link.prev_leaf if link else None,
        "canonical": form.canonical,
        "leaf_hash": leaf_hash(form.canonical),
        "fields": [kept.field for kept in form.personal],
        "salts": [kept.salt for kept in form.personal],
        "values": [kept.value for kept in form.personal],
    }


def _copy(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows of many events, their personal values, and their places in the queue in the order of the events."""
    columns = tuple(_EVENT)
    copy_rows(session, "audit_event", _EVENT, ([row[name] for name in columns] for row in rows))
    personal = (
        (row["id"], field, salt, value)
        for row in rows
        for field, salt, value in zip(row["fields"], row["salts"], row["values"], strict=True)
    )
    copy_rows(session, "audit_personal", _PERSONAL, personal)
    copy_rows(session, "audit_pending", {"event_id": "uuid"}, ((row["id"],) for row in rows))


def _hold_chains(session: Session, chains: AbstractSet[str]) -> dict[str, ChainEnd]:
    """Return the ends of ``chains``, which stay this transaction's to go on from until it ends.

    Commands on a request hold its row's lock anyway; the locks here also order writers that do not, and are never waited for
    when they do. They are taken in one order; the reading comes in a statement of its own, so that it sees what the one before
    committed.
    """
    known: dict[str, ChainEnd] = session.info.get(_HELD, {})
    held = {chain: known[chain] for chain in chains if chain in known}
    wanted = sorted(chains - held.keys())
    if not wanted:
        return held
    _HOLD_CHAINS.within(session, {"chains": [f"govcloud audit chain {chain}" for chain in wanted]})
    last = {row.chain: ChainEnd(row.chain_position, row.leaf_hash) for row in _ENDS_OF.within(session, {"chains": wanted})}
    return held | {chain: last.get(chain, ChainEnd(0, None)) for chain in wanted}


@listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _transaction: object) -> None:
    """Ask the record again after a savepoint was rolled back: events may have gone with it."""
    session.info.pop(_HELD, None)
