"""Writes a message for every event that promises one, in the transaction of the command that caused it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import insert

from govcloud.kernel.events import Event
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.models import OutboxMessage

Destinations = Callable[[Event], Sequence[str]]
"""Names who must be told of an event (``"subsystem:<code>"``); the composition root knows, the outbox does not."""


class OutboxRecorder:
    """The kernel's recorder for promises: takes the events whose class says ``outbox``."""

    def __init__(self, destinations: Destinations) -> None:
        """Take what names the receivers of an event; it may read within the transaction."""
        self._destinations = destinations

    def record(self, tx: Transaction, event: Event) -> None:
        """Add one message for each receiver, due at once. Personal fields stay at home."""
        if not event.outbox:
            return
        data = {field: value for field, value in event.payload().items() if field not in event.personal}
        payload = {"type": event.name, "timestamp": tx.now.isoformat(), "subject": event.subject, "data": data}
        rows = [
            {
                "id": new_id(),
                "topic": event.name,
                "payload": payload,
                "destination": destination,
                "created_at": tx.now,
                "available_at": tx.now,
                "attempts": 0,
            }
            for destination in self._destinations(event)
        ]
        if rows:
            tx.session.execute(insert(OutboxMessage), rows)
