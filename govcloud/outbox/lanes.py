"""One lane a receiver: its messages go out batch after batch, beside those of others, so that a slow one holds up only its own.

The lanes of a run share one event loop. What talks to the database is short and holds the loop for milliseconds; what waits for a
receiver does not hold it. A lane is given up after a few seconds, so that whoever waits for one gets a turn, and a receiver that
does not answer at all rests for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from govcloud.kernel.actor import Actor
from govcloud.outbox.letters import Letter, Mail, Outcome, Request, Unsendable
from govcloud.outbox.mail import MailCarrier, MailServer
from govcloud.outbox.post import Postman

LANES = 32
LANE_SECONDS = 5.0
"""After so long a lane is given up when its batch is done; the receiver gets another one if nobody waits."""
RUN_SECONDS = 30.0
AT_ONCE = 8
"""Requests to one receiver under way: more would press an old application hard, and cost the sender more than they gain."""
_LOOK_SECONDS = 0.5
_BATCH_SECONDS = 60.0
"""After so long what is left of a batch is not tried: its lease (``deliver.py``) must not run out under what is being sent."""
_FIRST_REST, _LAST_REST = timedelta(seconds=5), timedelta(minutes=1)

Leased: TypeAlias = tuple[Letter, Request | Mail | Unsendable]


@dataclass(frozen=True)
class Delivered:
    """What one run did."""

    delivered: int
    failed: int


class Work(Protocol):
    """What the lanes do with the database."""

    def destinations(self, actor: Actor, most: int) -> list[str]:
        """Return whom something is due for."""
        ...

    def lease(self, actor: Actor, destination: str) -> list[Leased]:
        """Return a batch of one destination."""
        ...

    def settle(self, actor: Actor, destination: str, outcomes: Sequence[tuple[Letter, Outcome]]) -> None:
        """Note what came of it."""
        ...


class Resting:
    """Which receivers did not answer at all lately, and until when this process leaves them alone: longer each time, a minute at most."""

    def __init__(self) -> None:
        """Begin with nobody resting."""
        self._until: dict[str, tuple[int, datetime]] = {}

    def note(self, destination: str, now: datetime, *, silent: bool) -> None:
        """Take in whether a whole batch was met with silence."""
        if not silent:
            self._until.pop(destination, None)
            return
        times = self._until.get(destination, (0, now))[0] + 1
        self._until[destination] = times, now + min(_FIRST_REST * (1 << min(times - 1, 10)), _LAST_REST)

    def at(self, now: datetime) -> list[str]:
        """Return who rests at ``now``."""
        return [destination for destination, (_, until) in self._until.items() if until > now]


class Lanes:
    """One run of deliveries."""

    def __init__(self, work: Work, actor: Actor, resting: Resting, mail: MailServer | None = None) -> None:
        """Take what leases and settles, as whom, who is left alone, and where letters are handed over."""
        self._mail = mail
        self._work = work
        self._actor = actor
        self._resting = resting
        self._delivered = self._failed = 0

    async def run(self) -> Delivered:
        """Open lanes for whoever something is due for until nobody is, or the run's time is over."""
        loop = asyncio.get_running_loop()
        end = loop.time() + RUN_SECONDS
        lanes: dict[str, asyncio.Task[None]] = {}
        while True:
            if loop.time() < end and len(lanes) < LANES:
                for destination in self._work.destinations(self._actor, LANES + len(lanes)):
                    if destination not in lanes and len(lanes) < LANES:
                        lanes[destination] = asyncio.create_task(self._lane(destination))
            if not lanes:
                return Delivered(self._delivered, self._failed)
            await asyncio.wait(lanes.values(), timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for destination in [name for name, lane in lanes.items() if lane.done()]:
                # A failure of the database ends the run with its own error; the other lanes' leases run out.
                lanes.pop(destination).result()

    async def _lane(self, destination: str) -> None:
        """Open connections to one receiver and send its batches."""
        async with Carriers(self._mail) as carriers:
            await self._batches(carriers, destination)

    async def _batches(self, carriers: Carriers, destination: str) -> None:
        """Send batch after batch until none is due or the turn is over."""
        loop = asyncio.get_running_loop()
        end, places = loop.time() + LANE_SECONDS, asyncio.Semaphore(AT_ONCE)
        while batch := self._work.lease(self._actor, destination):
            over = loop.time() + _BATCH_SECONDS
            outcomes = await asyncio.gather(*(_sent(carriers, places, item, over) for _, item in batch))
            self._work.settle(self._actor, destination, [(letter, outcome) for (letter, _), outcome in zip(batch, outcomes, strict=True)])
            received = sum(outcome.received for outcome in outcomes)
            self._delivered += received
            self._failed += len(outcomes) - received
            # Others get at the loop between two batches, and a receiver that failed throughout its own does not get the next at once.
            if loop.time() >= end or not received:
                return
            await asyncio.sleep(0)


class Carriers:
    """What carries messages to one receiver, by what they are; a context, as connections are closed at the end."""

    def __init__(self, mail: MailServer | None) -> None:
        """Take where letters are handed over, if anywhere."""
        self._postman = Postman()
        self._mail = MailCarrier(mail) if mail else None

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close every connection."""
        await self._postman.__aexit__(kind, error, trace)
        if self._mail is not None:
            await self._mail.close()

    async def carry(self, item: Request | Mail) -> Outcome:
        """Send one message."""
        if isinstance(item, Request):
            return await self._postman.post(item)
        if self._mail is None:
            return Outcome(None, "the platform has no mail server (GOVCLOUD_SMTP_URL)")
        return await self._mail.send(item)


async def _sent(carriers: Carriers, places: asyncio.Semaphore, item: Request | Mail | Unsendable, over: float) -> Outcome:
    if isinstance(item, Unsendable):
        return Outcome(None, item.reason, item.for_good)
    async with places:
        if asyncio.get_running_loop().time() >= over:
            return Outcome(None, "not tried: the receiver was slow with those before")
        return await carriers.carry(item)
