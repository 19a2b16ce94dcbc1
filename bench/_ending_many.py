"""Thousands of grants of one subsystem ended by one order, and when the last of several workers denies what they opened."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from uuid import UUID

import psycopg

from bench._platform import Platform
from bench._revoking import FUNCTION, WORKERS, said_next, work
from bench._rows import Target
from bench._running import say
from govcloud.access.ending.targets import Kind
from govcloud.kernel.actor import Actor
from govcloud.services import Services

#: Each worker asks a hundred times a second, so that the order has the processors that it would have.
_PAUSE = 0.01
SUBSYSTEM = FUNCTION.partition(":")[0]
_LEND = """
INSERT INTO access_grant (id, official_id, appointment_id, subsystem_code, function, owner_department_id, scope, starts_at, ends_at,
                          opened_by, valid_from)
SELECT uuidv7(), a.official_id, a.id, %(subsystem)s, %(function)s, s.owner_department_id, '{}', now(), now() + interval '5 days',
       'system:seed', now()
  FROM appointment a JOIN subsystem s ON s.code = %(subsystem)s
 WHERE a.valid_to IS NULL AND a.kind = 'primary' AND NOT EXISTS (SELECT FROM role_assignment r WHERE r.official_id = a.official_id)
 ORDER BY a.id LIMIT %(count)s
RETURNING appointment_id
"""


def measure(place: Platform, services: Services, officer: Actor, count: int) -> None:
    """Lend ``count`` grants, let workers ask about some of them without pause, and end all."""
    with psycopg.connect(place.owner_url, autocommit=True) as connection:
        lent = [row[0] for row in connection.execute(_LEND, {"subsystem": SUBSYSTEM, "function": FUNCTION, "count": count})]
    place.analyze()
    place.keep_replica()
    watched = [lent[number * (len(lent) - 1) // (WORKERS - 1)] for number in range(WORKERS)]
    spawning = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for appointment_id in watched:
        here, there = spawning.Pipe()
        process = spawning.Process(target=work, args=(there, appointment_id, _PAUSE), daemon=True)
        process.start()
        pipes.append(here)
        processes.append(process)
    try:
        for pipe in pipes:
            assert said_next(pipe)[0] is True
        _end(place, services, officer, pipes, len(lent))
    finally:
        for process in processes:
            process.kill()
            process.join()


def _end(place: Platform, services: Services, officer: Actor, pipes: list[Connection], count: int) -> None:
    say(f"ending {count:,} grants, {WORKERS} workers asking")
    begun = time.monotonic_ns()
    preview = services.ending.preview(officer, Kind.SUBSYSTEM, SUBSYSTEM)
    order: UUID = services.ending.order(
        officer, Kind.SUBSYSTEM, SUBSYSTEM, "基准测试", confirmed=preview.grants, seen_at=preview.seen_at
    ).id
    done = services.ending.go_on(officer, order)
    committed = time.monotonic_ns()
    assert done.finished_at is not None
    assert done.done == preview.grants >= count
    denied = [said_next(pipe) for pipe in pipes]
    assert not any(allowed for allowed, _ in denied)
    label = f"{done.done:,} grants ended by one order, {WORKERS} workers asking beside"
    place.sheet.add(f"{label}, preview and order included, clock", (committed - begun) / 1e9, "s", Target("<=", 5))
    late = max(0, *(at - committed for _, at in denied))
    place.sheet.add(f"{label}, from the last commit to the denial in each worker", late / 1e9, "s", Target("<=", 1))
