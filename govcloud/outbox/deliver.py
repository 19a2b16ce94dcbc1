"""Delivers what is due: at least once, each lease and each settlement a transaction of its own.

No transaction stays open while a receiver is slow. A worker first *leases* messages of one destination: it moves ``available_at``
on by the lease and commits. Then it sends, holding no lock. Then it settles them: delivered, due again after the backoff, or given
up where their kind of correspondence says so. A worker that dies in between leaves messages that come due when the lease ends; they
are then sent a second time, which at-least-once allows. ``FOR UPDATE SKIP LOCKED`` keeps two workers from leasing the same.

How many receivers are served at once, and that a slow one holds up nobody else, is the business of ``lanes.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import func, select, tuple_, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.outbox.lanes import Delivered, Lanes, Leased, Resting
from govcloud.outbox.letters import Correspondence, Letter, Outcome, Unsendable
from govcloud.outbox.mail import MailServer
from govcloud.outbox.models import OutboxMessage
from govcloud.outbox.post import DEADLINE_SECONDS

__all__ = ["Delivered", "Delivery", "backoff"]

COMMAND = "govcloud:outbox:deliver"
BATCH = 40
LEASE = timedelta(seconds=8 * DEADLINE_SECONDS)
"""A batch is sent eight at a time (``lanes.py``), so at the worst it takes five deadlines."""
FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(hours=1)
_WAITING = (OutboxMessage.delivered_at.is_(None), OutboxMessage.abandoned_at.is_(None))


class Delivery:
    """Sends due messages; several processes may run it."""

    def __init__(self, uow: UnitOfWork, correspondences: Mapping[str, Correspondence], mail: MailServer | None = None) -> None:
        """Take the unit of work, for each kind of destination who composes its messages, and where letters are handed over."""
        self._mail = mail
        self._uow = uow
        self._correspondences = correspondences
        self._resting = Resting()

    def deliver_due(self, actor: Actor) -> Delivered:
        """Send what is due, many receivers at once, until nothing is (or half a minute is over, so that a stop need not wait).

        Raises:
            Denied: the actor may not deliver.
        """
        return asyncio.run(Lanes(self, actor, self._resting, self._mail).run())

    def destinations(self, actor: Actor, most: int) -> list[str]:
        """Return whom something is due for, who has waited longest first."""
        with self._uow.begin(actor, COMMAND) as tx:
            resting = self._resting.at(tx.now)
            due = select(OutboxMessage.destination).where(*_WAITING, OutboxMessage.available_at <= tx.now)
            if resting:
                due = due.where(OutboxMessage.destination.not_in(resting))
            oldest = func.min(OutboxMessage.available_at)
            return list(tx.session.scalars(due.group_by(OutboxMessage.destination).order_by(oldest).limit(most)))

    def lease(self, actor: Actor, destination: str) -> list[Leased]:
        """Lease a batch of one destination's due messages and compose their requests."""
        with self._uow.begin(actor, COMMAND, Target("destination", destination)) as tx:
            due = (*_WAITING, OutboxMessage.destination == destination, OutboxMessage.available_at <= tx.now)
            rows = tx.session.execute(
                select(OutboxMessage.id, OutboxMessage.topic, OutboxMessage.payload, OutboxMessage.created_at, OutboxMessage.attempts)
                .where(*due)
                .order_by(OutboxMessage.available_at, OutboxMessage.id)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            ).all()
            if not rows:
                return []
            lease = update(OutboxMessage).where(OutboxMessage.id.in_([row.id for row in rows]))
            tx.session.execute(lease.values(attempts=OutboxMessage.attempts + 1, available_at=tx.now + LEASE))
            letters = [Letter(row.id, row.topic, row.payload, destination, row.created_at, row.attempts + 1, tx.now) for row in rows]
            correspondence = self._of(destination)
            if correspondence is None:
                unknown = Unsendable(f"no correspondence with {destination.partition(':')[0]!r}")
                return [(letter, unknown) for letter in letters]
            return list(zip(letters, correspondence.compose(destination, letters), strict=True))

    def settle(self, actor: Actor, destination: str, outcomes: Sequence[tuple[Letter, Outcome]]) -> None:
        """Note what came of a batch, but for messages whose lease ended and that somebody else has."""
        correspondence = self._of(destination)
        with self._uow.begin(actor, COMMAND, Target("destination", destination)) as tx:
            mine = self._received(tx, [letter for letter, outcome in outcomes if outcome.received])
            settled = [(letter, outcome, False) for letter, outcome in outcomes if outcome.received and letter.id in mine]
            for letter, outcome in outcomes:
                if outcome.received:
                    continue
                longest = correspondence.keep_trying if correspondence else None
                over = outcome.for_good or (longest is not None and tx.now - letter.created_at >= longest)
                if _postponed(tx, letter, outcome, over=over):
                    settled.append((letter, outcome, over))
            if correspondence is not None and settled:
                correspondence.settled(tx, settled)
            silent = not any(outcome.status is not None or outcome.for_good for _, outcome in outcomes)
            self._resting.note(destination, tx.now, silent=silent)

    def _received(self, tx: Transaction, letters: Sequence[Letter]) -> set[object]:
        """Mark messages as delivered; return the ids of those that were this worker's."""
        if not letters:
            return set()
        leases = [(letter.id, letter.attempt) for letter in letters]
        mine = update(OutboxMessage).where(tuple_(OutboxMessage.id, OutboxMessage.attempts).in_(leases), *_WAITING)
        return set(tx.session.scalars(mine.values(delivered_at=tx.now, last_error=None).returning(OutboxMessage.id)))

    def _of(self, destination: str) -> Correspondence | None:
        return self._correspondences.get(destination.partition(":")[0])


def _postponed(tx: Transaction, letter: Letter, outcome: Outcome, *, over: bool) -> bool:
    """Let a message come due again after the backoff, or give it up; return whether it was this worker's."""
    mine = update(OutboxMessage).where(OutboxMessage.id == letter.id, OutboxMessage.attempts == letter.attempt, *_WAITING)
    values: dict[str, object] = {"last_error": outcome.error}
    values |= {"abandoned_at": tx.now} if over else {"available_at": tx.now + backoff(letter.attempt)}
    return tx.session.scalar(mine.values(values).returning(OutboxMessage.id)) is not None


def backoff(attempt: int) -> timedelta:
    """Return how long to wait after the ``attempt``-th failure: 5 s, doubled each time, an hour at most."""
    doublings = min(attempt - 1, 20)  # beyond that the hour holds anyway, and the numbers would grow without sense
    return min(FIRST_RETRY * (1 << doublings), LAST_RETRY)
