"""Writes messages and hastens them, in the transaction of whoever promises: nothing is sent of what was rolled back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.models import OutboxMessage


@dataclass(frozen=True)
class Promise:
    """A message to write: for whom, about what, what its correspondence needs to compose it, and how long it waits for more of the kind."""

    destination: str
    topic: str
    payload: dict[str, Any]
    gathers: timedelta = timedelta(0)


def promise(tx: Transaction, promises: Sequence[Promise]) -> list[UUID]:
    """Add messages in one statement, due at once unless they gather; return their ids in the same order."""
    ids = [new_id() for _ in promises]
    rows = [
        {
            "id": message_id,
            "topic": item.topic,
            "payload": item.payload,
            "destination": item.destination,
            "created_at": tx.now,
            "available_at": tx.now + item.gathers,
            "attempts": 0,
        }
        for message_id, item in zip(ids, promises, strict=True)
    ]
    if rows:
        tx.session.execute(insert(OutboxMessage), rows)
    return ids


def gathering(tx: Transaction, destination: str, topic: str, name: str, values: Collection[str]) -> Mapping[str, UUID]:
    """Return the messages that still wait for more, by what their payload has under ``name``; none is sent before this has committed.

    One that another transaction adds to at this moment, or that is just being sent, is left out: nobody waits for it.
    """
    key = OutboxMessage.payload[name].astext
    fresh = (OutboxMessage.attempts == 0, OutboxMessage.available_at > tx.now, *_WAITING)
    query = select(key, OutboxMessage.id).where(OutboxMessage.destination == destination, OutboxMessage.topic == topic, *fresh)
    rows = tx.session.execute(query.where(key.in_(values)).with_for_update(skip_locked=True))
    return {row[0]: row[1] for row in rows}


_WAITING = (OutboxMessage.delivered_at.is_(None), OutboxMessage.abandoned_at.is_(None))


def hasten(tx: Transaction, messages: Iterable[UUID]) -> None:
    """Have messages that are not delivered sent at once, those that were given up too."""
    waiting = (OutboxMessage.id.in_(list(messages)), OutboxMessage.delivered_at.is_(None))
    tx.session.execute(update(OutboxMessage).where(*waiting).values(abandoned_at=None, available_at=tx.now))
