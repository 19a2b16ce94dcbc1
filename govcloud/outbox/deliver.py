"""Delivers what is due: at least once, each message settled in a transaction of its own, nothing given up.

No transaction stays open while a receiver is slow. A worker first *leases* messages: it moves ``available_at`` on by the
lease and commits. Then it sends, holding no lock. Then it settles each: delivered, or due again after the backoff. A worker that
dies in between leaves messages that come due when the lease ends; they are then sent a second time, which at-least-once
allows: receivers drop what they know by ``webhook-id``. ``FOR UPDATE SKIP LOCKED`` keeps two workers from leasing the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.outbox.models import OutboxMessage
from govcloud.outbox.post import DEADLINE_SECONDS, Webhook, post_all
from govcloud.outbox.signature import signed_headers

COMMAND = "govcloud:outbox:deliver"
BATCH = 20
LEASE = timedelta(seconds=6 * DEADLINE_SECONDS)
FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(hours=1)
NO_ADDRESS = "the receiver has no address"


@dataclass(frozen=True)
class Endpoint:
    """Where a destination receives, and the secret that signs for it."""

    url: str
    secret: bytes


Resolve = Callable[[str], Endpoint | None]
"""Gives a destination's endpoint as it is now; ``None``: it has none (any more)."""


@dataclass(frozen=True)
class Delivered:
    """What one run did."""

    delivered: int
    failed: int


@dataclass(frozen=True)
class _Leased:
    """A message that this worker may send until its lease ends; ``attempt`` tells its lease from a later one."""

    id: UUID
    payload: dict[str, Any]
    attempt: int
    endpoint: Endpoint | None
    at: datetime


class Delivery:
    """Sends due messages; several processes may run it."""

    def __init__(self, uow: UnitOfWork, resolve: Resolve) -> None:
        """Take the unit of work, and what knows the receivers' addresses and secrets."""
        self._uow = uow
        self._resolve = resolve

    def deliver_due(self, actor: Actor) -> Delivered:
        """Lease up to twenty due messages, send them at once, settle each.

        Raises:
            Denied: the actor may not deliver.
        """
        leased = self._lease(actor)
        addressed = [(message, message.endpoint) for message in leased if message.endpoint is not None]
        outcomes = post_all([_webhook(message, endpoint) for message, endpoint in addressed]) if addressed else []
        errors: dict[UUID, str | None] = {message.id: NO_ADDRESS for message in leased}
        errors |= {message.id: outcome for (message, _), outcome in zip(addressed, outcomes, strict=True)}
        for message in leased:
            self._settle(actor, message, errors[message.id])
        failed = sum(error is not None for error in errors.values())
        return Delivered(len(leased) - failed, failed)

    def _lease(self, actor: Actor) -> Sequence[_Leased]:
        with self._uow.begin(actor, COMMAND) as tx:
            due = tx.session.execute(
                select(OutboxMessage.id, OutboxMessage.payload, OutboxMessage.destination, OutboxMessage.attempts)
                .where(OutboxMessage.delivered_at.is_(None), OutboxMessage.available_at <= tx.now)
                .order_by(OutboxMessage.available_at, OutboxMessage.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            ).all()
            if due:
                lease = update(OutboxMessage).where(OutboxMessage.id.in_([row.id for row in due]))
                tx.session.execute(lease.values(attempts=OutboxMessage.attempts + 1, available_at=tx.now + LEASE))
            return [_Leased(row.id, row.payload, row.attempts + 1, self._resolve(row.destination), tx.now) for row in due]

    def _settle(self, actor: Actor, message: _Leased, error: str | None) -> None:
        """Note the outcome, unless the lease ended and somebody else has the message."""
        with self._uow.begin(actor, COMMAND, Target("outbox_message", str(message.id))) as tx:
            mine = update(OutboxMessage).where(
                OutboxMessage.id == message.id, OutboxMessage.attempts == message.attempt, OutboxMessage.delivered_at.is_(None)
            )
            if error is None:
                tx.session.execute(mine.values(delivered_at=tx.now, last_error=None))
            else:
                tx.session.execute(mine.values(available_at=tx.now + backoff(message.attempt), last_error=error))


def backoff(attempt: int) -> timedelta:
    """Return how long to wait after the ``attempt``-th failure: 5 s, doubled each time, an hour at most, without end."""
    doublings = min(attempt - 1, 20)  # beyond that the hour holds anyway, and the numbers would grow without sense
    return min(FIRST_RETRY * (1 << doublings), LAST_RETRY)


def _webhook(message: _Leased, endpoint: Endpoint) -> Webhook:
    body = json.dumps(message.payload, ensure_ascii=False, separators=(",", ":")).encode()
    headers = signed_headers(endpoint.secret, str(message.id), int(message.at.timestamp()), body)
    return Webhook(endpoint.url, {"content-type": "application/json", "user-agent": "govcloud-webhook/1", **headers}, body)
