"""A day of a province as a mix of commands: 2,000 requests, 6,500 lines, 13,000 decisions, in that proportion, as fast as two processes go.

One round of a worker is a request of three or four items that two people of the owning department each decide on: thirteen decisions
for two requests. One line in twenty is refused at once. Sign-ons are left out.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from uuid import UUID

from bench._running import say
from govcloud.access.commands import NewSubmission, WantedItem
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.services import Services

WORKERS = 2
_REFUSED_ONE_IN = 20
_LINES = (3, 4, 3, 3)
_START_SECONDS = 120


@dataclass(frozen=True)
class Cast:
    """Who asks, what can be asked for, and who decides on it."""

    asking: Sequence[Actor]
    items: Sequence[UUID]
    deciders: Mapping[UUID, Sequence[Actor]]


@dataclass
class Taken:
    """What one worker did, with the seconds that each command took."""

    submitting: list[float] = field(default_factory=list)
    deciding: list[float] = field(default_factory=list)
    turned_away: int = 0


def play(cast: Cast, seconds: float) -> tuple[Taken, float]:
    """Let every worker go on for ``seconds``; return all that they did, and how long it took by the clock."""
    say(f"{WORKERS} workers play the mix for {seconds:g} seconds")
    spawning = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    for number in range(WORKERS):
        here, there = spawning.Pipe()
        spawning.Process(target=_work, args=(there, cast, number, seconds), daemon=True).start()
        pipes.append(here)
    for pipe in pipes:
        assert pipe.poll(_START_SECONDS), "a worker does not start"
        pipe.recv()
    begun = time.monotonic()
    for pipe in pipes:
        pipe.send("go")
    parts: list[Taken] = [pipe.recv() for pipe in pipes]
    spent = time.monotonic() - begun
    whole = Taken()
    for part in parts:
        whole.submitting += part.submitting
        whole.deciding += part.deciding
        whole.turned_away += part.turned_away
    return whole, spent


def _work(pipe: Connection, cast: Cast, number: int, seconds: float) -> None:
    from govcloud.app import assemble  # noqa: PLC0415 - in the process that works
    from govcloud.kernel.database import db  # noqa: PLC0415

    app = assemble()
    services, chance, taken = app.extensions["govcloud"], random.Random(number), Taken()
    mine = list(cast.asking)[number::WORKERS]
    with app.app_context():
        pipe.send("ready")
        pipe.recv()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                _round(services, cast, chance.choice(mine), chance, taken)
            except (Conflict, Denied, Invalid):
                # Whoever has the item already, or waits for it, is turned away: that happens on a real day too.
                taken.turned_away += 1
            db.session.remove()
    pipe.send(taken)


def _round(services: Services, cast: Cast, asking: Actor, chance: random.Random, taken: Taken) -> None:
    scope = Scope(("330106000000",))
    wanted = tuple(WantedItem(item, 5, scope) for item in chance.sample(list(cast.items), chance.choice(_LINES)))
    begun = time.monotonic()
    done = services.asking.submit(asking, NewSubmission(wanted, "办理困难家庭救助，核对申请人情况", case_number="XH-2026-0117"))
    taken.submitting.append(time.monotonic() - begun)
    for line in done.requests[0].lines:
        deciders = chance.sample([one for one in cast.deciders[line.item_id] if one.official_id != asking.official_id], 2)
        for number, decider in enumerate(deciders):
            begun = time.monotonic()
            if number == 0 and chance.randrange(_REFUSED_ONE_IN) == 0:
                services.access.reject(decider, line.line_id, 1, "not_needed")
                taken.deciding.append(time.monotonic() - begun)
                break
            services.access.approve(decider, line.line_id, 1)
            taken.deciding.append(time.monotonic() - begun)
