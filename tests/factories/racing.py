"""Commands at the same moment, each on its own connection: held at one lock, then let go together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from flask import Flask

from govcloud.kernel.database import db
from govcloud.kernel.errors import GovcloudError
from govcloud.settings import Settings

WAIT_SECONDS = 30
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def together(
    app: Flask,
    settings: Settings,
    lock: str,
    *commands: Callable[[], object],
    beside: Callable[[], object] | None = None,
    in_order: bool = False,
) -> list[object]:
    """Hold what the statement ``lock`` locks until every command waits, let go, and return what came of each (errors included).

    ``beside`` happens while all of them wait; it must not need what is held. ``in_order``: each comes to wait before the next begins.
    """
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")

    def one(command: Callable[[], object]) -> object:
        with app.app_context():
            try:
                return command()
            except GovcloudError as error:
                return error
            finally:
                db.session.remove()

    db.session.remove()
    with psycopg.connect(url) as gate, ThreadPoolExecutor(len(commands)) as pool, psycopg.connect(url, autocommit=True) as eye:
        gate.execute(lock.encode())
        started: list[Future[object]] = []
        for command in commands:
            started.append(pool.submit(one, command))
            if in_order:
                _until_waiting(eye, len(started))
        _until_waiting(eye, len(started))
        if beside is not None:
            one(beside)
        gate.commit()
        return [future.result(timeout=WAIT_SECONDS) for future in started]


def _until_waiting(eye: psycopg.Connection[Any], count: int) -> None:
    """Return once ``count`` connections stand at a lock of this database."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := eye.execute(_WAITING).fetchone()) is None or found[0] < count:
        assert time.monotonic() < deadline, "the commands never met at the lock"
        threading.Event().wait(0.01)


def meanwhile(app: Flask, settings: Settings, first: AbstractContextManager[object], second: Callable[[], object]) -> object:
    """Run ``second`` on a connection of its own while ``first`` is under way, whose end it has to wait for; return what came of it."""
    url = settings.database_url.replace("postgresql+psycopg://", "postgresql://")

    def beside() -> object:
        with app.app_context():
            try:
                return second()
            except GovcloudError as error:
                return error
            finally:
                db.session.remove()

    with psycopg.connect(url, autocommit=True) as eye, ThreadPoolExecutor(1) as pool:
        with first:
            came = pool.submit(beside)
            deadline = time.monotonic() + WAIT_SECONDS
            while eye.execute(_WAITING).fetchone() == (0,):
                assert not came.done(), came.result()
                assert time.monotonic() < deadline, "the second never waited"
                threading.Event().wait(0.01)
        return came.result(timeout=WAIT_SECONDS)
