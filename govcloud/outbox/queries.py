"""Reads of the outbox: how much waits, since when, and what fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from govcloud.outbox.models import OutboxMessage


@dataclass(frozen=True)
class Waiting:
    """What is not delivered yet: how many, the oldest one's moment, how many failed at least once."""

    messages: int
    oldest: datetime | None
    failing: int


@dataclass(frozen=True)
class Failing:
    """A message that was tried in vain."""

    id: UUID
    topic: str
    destination: str
    created_at: datetime
    available_at: datetime
    attempts: int
    last_error: str


class OutboxQueries:
    """Reads without writing."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def waiting(self) -> Waiting:
        """Return how much waits."""
        row = self._read().execute(
            select(func.count(), func.min(OutboxMessage.created_at), func.count(OutboxMessage.last_error)).where(
                OutboxMessage.delivered_at.is_(None)
            )
        )
        messages, oldest, failing = row.one()
        return Waiting(messages, oldest, failing)

    def failing(self, limit: int = 50) -> list[Failing]:
        """Return the oldest messages that were tried in vain."""
        rows = self._read().scalars(
            select(OutboxMessage)
            .where(OutboxMessage.delivered_at.is_(None), OutboxMessage.last_error.is_not(None))
            .order_by(OutboxMessage.created_at, OutboxMessage.id)
            .limit(limit)
        )
        return [
            Failing(row.id, row.topic, row.destination, row.created_at, row.available_at, row.attempts, row.last_error or "")
            for row in rows
        ]
