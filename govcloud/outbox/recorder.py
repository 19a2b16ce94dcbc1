"""Writes a message for every event that promises one, in the transaction of the command that caused it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from govcloud.kernel.events import Event
from govcloud.kernel.unit_of_work import Transaction
from govcloud.outbox.promising import Promise, promise

Destinations = Callable[[Sequence[Event]], Sequence[Sequence[str]]]
"""Names for each event who must be told of it (``"subsystem:<code>"``); the composition root knows, the outbox does not."""


class OutboxRecorder:
    """The kernel's recorder for promises: takes the events whose class says ``outbox``."""

    def __init__(self, destinations: Destinations) -> None:
        """Take what names the receivers of events; it may read within the transaction."""
        self._destinations = destinations

    def record(self, tx: Transaction, event: Event) -> None:
        """Add one message for each receiver, due at once. Personal fields stay at home."""
        self.record_all(tx, (event,))

    def record_all(self, tx: Transaction, events: Sequence[Event]) -> None:
        """Add the messages of many events, in their order and in one statement."""
        promised = [event for event in events if event.outbox]
        if not promised:
            return
        promise(
            tx,
            [
                Promise(destination, event.name, _payload(tx, event))
                for event, destinations in zip(promised, self._destinations(promised), strict=True)
                for destination in destinations
            ],
        )


def _payload(tx: Transaction, event: Event) -> dict[str, object]:
    data = {field: value for field, value in event.payload().items() if field not in event.personal}
    return {"type": event.name, "timestamp": tx.now.isoformat(), "subject": event.subject, "data": data}
