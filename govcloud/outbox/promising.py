"""Writes messages and hastens them, in the transaction of whoever promises: nothing is sent of what was rolled back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.models import OutboxMessage


@dataclass(frozen=True)
class Promise:
    """A message to write: for whom, about what, and what its correspondence needs to compose it."""

    destination: str
    topic: str
    payload: dict[str, Any]


def promise(tx: Transaction, promises: Sequence[Promise]) -> list[UUID]:
    """Add messages, due at once, in one statement; return their ids in the same order."""
    ids = [new_id() for _ in promises]
    rows = [
        {
            "id": message_id,
            "topic": item.topic,
            "payload": item.payload,
            "destination": item.destination,
            "created_at": tx.now,
            "available_at": tx.now,
            "attempts": 0,
        }
        for message_id, item in zip(ids, promises, strict=True)
    ]
    if rows:
        tx.session.execute(insert(OutboxMessage), rows)
    return ids


def hasten(tx: Transaction, messages: Iterable[UUID]) -> None:
    """Have messages that are not delivered sent at once, those that were given up too."""
    waiting = (OutboxMessage.id.in_(list(messages)), OutboxMessage.delivered_at.is_(None))
    tx.session.execute(update(OutboxMessage).where(*waiting).values(abandoned_at=None, available_at=tx.now))
