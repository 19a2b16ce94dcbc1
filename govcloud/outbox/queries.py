"""Reads of the outbox: how much waits, since when, and what fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from govcloud.outbox.models import OutboxMessage

_WAITING = (OutboxMessage.delivered_at.is_(None), OutboxMessage.abandoned_at.is_(None))


@dataclass(frozen=True)
class Waiting:
    """What is not delivered yet: how many, the oldest one's moment, how many failed at least once."""

    messages: int
    oldest: datetime | None
    failing: int


@dataclass(frozen=True)
class Undelivered:
    """What one receiver has still to be told: how much, since when, how often it was tried, when it is next, what went wrong last."""

    messages: int
    oldest: datetime | None
    attempts: int
    next_at: datetime | None
    last_error: str | None


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


@dataclass(frozen=True)
class Standing:
    """How far the delivery of a message is: how often it was tried, when it is tried next, what went wrong last."""

    attempts: int
    available_at: datetime
    last_error: str | None


class OutboxQueries:
    """Reads without writing."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def waiting(self) -> Waiting:
        """Return how much waits."""
        row = self._read().execute(
            select(func.count(), func.min(OutboxMessage.created_at), func.count(OutboxMessage.last_error)).where(*_WAITING)
        )
        messages, oldest, failing = row.one()
        return Waiting(messages, oldest, failing)

    def undelivered(self, destination: str) -> Undelivered:
        """Return what one receiver has still to be told; from the index of what waits, however much was delivered."""
        theirs = (*_WAITING, OutboxMessage.destination == destination)
        messages = self._read().scalar(select(func.count()).select_from(OutboxMessage).where(*theirs)) or 0
        first = select(OutboxMessage).where(*theirs).order_by(OutboxMessage.attempts.desc(), OutboxMessage.id).limit(1)
        row = self._read().scalars(first).one_or_none() if messages else None
        if row is None:
            return Undelivered(0, None, 0, None, None)
        return Undelivered(messages, row.created_at, row.attempts, row.available_at, row.last_error)

    def standing(self, messages: Iterable[UUID]) -> Mapping[UUID, Standing]:
        """Return how far the delivery of each of ``messages`` is."""
        columns = (OutboxMessage.id, OutboxMessage.attempts, OutboxMessage.available_at, OutboxMessage.last_error)
        rows = self._read().execute(select(*columns).where(OutboxMessage.id.in_(set(messages))))
        return {row.id: Standing(row.attempts, row.available_at, row.last_error) for row in rows}

    def failing(self, limit: int = 50) -> list[Failing]:
        """Return the oldest messages that were tried in vain."""
        rows = self._read().scalars(
            select(OutboxMessage)
            .where(*_WAITING, OutboxMessage.last_error.is_not(None))
            .order_by(OutboxMessage.created_at, OutboxMessage.id)
            .limit(limit)
        )
        return [
            Failing(row.id, row.topic, row.destination, row.created_at, row.available_at, row.attempts, row.last_error or "")
            for row in rows
        ]
