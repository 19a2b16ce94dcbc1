"""From the commit of a revocation to the denial in every one of four busy workers, over the keeper's replica."""

from __future__ import annotations

import multiprocessing
import os
import time
from datetime import timedelta
from multiprocessing.connection import Connection
from uuid import UUID

from bench._platform import Platform
from bench._rows import Target
from bench._running import counting, percentile, say
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.scopes.scope import PROVINCE
from govcloud.identity.views import Subject
from govcloud.kernel.actor import Actor
from govcloud.services import Services

WORKERS = 4
FUNCTION = "housing:register:export"
SEED = Actor.system("seed")
_START = 300.0


def work(pipe: Connection, appointment_id: UUID, pause: float = 0.0) -> None:
    """Ask, with a ``pause`` in seconds in between, whether the function is open; say so when the answer is another, with the moment."""
    from govcloud.app import assemble  # noqa: PLC0415 - in the process that works
    from govcloud.kernel.database import db  # noqa: PLC0415

    app = assemble()
    decider = app.extensions["govcloud"].authorization
    question = Question(FUNCTION, appointment_id)
    before: bool | None = None
    with app.app_context():
        while True:
            allowed = decider.decide(question).allowed
            now = time.monotonic_ns()
            if allowed != before:
                before = allowed
                pipe.send((allowed, now))
                db.session.remove()
            time.sleep(pause)


def measure(place: Platform, services: Services, subject: Subject, rounds: int) -> None:
    """Open and revoke again and again, and take the time of the last of four workers to deny."""
    say(f"{WORKERS} busy workers, {rounds} revocations")
    spawning = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(WORKERS):
        here, there = spawning.Pipe()
        process = spawning.Process(target=work, args=(there, subject.appointment_id), daemon=True)
        process.start()
        pipes.append(here)
        processes.append(process)
    try:
        for pipe in pipes:
            assert said_next(pipe)[0] is False
        taken = [_round(services, subject, pipes) for _ in counting(range(rounds), "revocations")]
    finally:
        for process in processes:
            process.kill()
            process.join()
    label = f"commit of a revocation to the denial in each of {WORKERS} busy workers on {len(os.sched_getaffinity(0))} cores"
    place.sheet.add(f"{label}, p50", percentile(taken, 50), "ms")
    place.sheet.add(f"{label}, p99", percentile(taken, 99), "ms", Target("<=", 100))


def _round(services: Services, subject: Subject, pipes: list[Connection]) -> float:
    now = services.clock.now()
    new = NewGrant(subject.official_id, subject.appointment_id, "housing", FUNCTION, now, now + timedelta(days=1), PROVINCE)
    grant_id = services.authorization.open_grant(SEED, new)
    for pipe in pipes:
        assert said_next(pipe)[0] is True
    begun: list[int] = []
    with services.uow.begin(SEED, "govcloud:grant:close") as tx:
        services.authorization.close_grant(SEED, grant_id, "结束")
        # The last thing before the commit: what the commit itself takes counts.
        tx.do_last(lambda: begun.append(time.monotonic_ns()))
    denied = [said_next(pipe) for pipe in pipes]
    assert not any(allowed for allowed, _ in denied)
    return (max(at for _, at in denied) - begun[0]) / 1e6


def said_next(pipe: Connection) -> tuple[bool, int]:
    """Return what a worker says next."""
    assert pipe.poll(_START), "a worker says nothing"
    found: tuple[bool, int] = pipe.recv()
    return found
