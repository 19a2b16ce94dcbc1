"""Connections that only read: each statement on them stands for itself, without BEGIN before it and ROLLBACK after it.

They are kept apart from those of commands, for three reasons. None of them has to be switched over and back for every read, which costs
as much as the read itself. PostgreSQL refuses whatever would write on them. And what the driver prepared on them stays prepared: on
every ROLLBACK psycopg forgets all prepared statements of a connection, and a transaction that only read ends by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.event import listen
from sqlalchemy.orm import Session

from govcloud.kernel.connections import prepare_only_what_says_so
from govcloud.kernel.prepared import driver_of


class Looking:
    """Gives connections that only read, to where ``engine`` connects; as many as the engine's pool has at most."""

    def __init__(self, engine: Engine) -> None:
        """Make a pool like the engine's; it is emptied whenever the engine's is, and what listens on the engine listens here."""
        pool = engine.pool.recreate()
        listen(pool, "connect", _made)
        reading = Engine(pool, engine.dialect, engine.url, hide_parameters=engine.hide_parameters)
        reading.dispatch = engine.dispatch
        self.engine = reading.execution_options(postgresql_readonly=True)
        self._followed = engine
        listen(engine, "engine_disposed", self._follow)

    def _follow(self, disposed: Engine) -> None:
        if disposed is self._followed:  # what it listens to hears of its own end as well
            self.engine.dispose()

    @contextmanager
    def __call__(self) -> Iterator[Connection]:
        """Give a connection for as long as the read takes."""
        with self.engine.connect() as connection:
            yield connection


def _made(driver: psycopg.Connection[object], _record: object) -> None:
    driver.autocommit = True
    driver.execute("SET default_transaction_read_only = on")
    prepare_only_what_says_so(driver)


@contextmanager
def streaming(session: Session) -> Iterator[None]:
    """Hold a transaction open while rows come in pieces (``yield_per``): the server keeps them for a transaction only."""
    driver = driver_of(session.connection())
    with driver.transaction() if driver.autocommit else nullcontext():
        yield
