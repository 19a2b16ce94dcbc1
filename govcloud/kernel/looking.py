"""Connections for single reads: each statement on them stands for itself, without BEGIN before it and ROLLBACK after it.

They are kept apart from those of transactions, so that none of them has to be switched over and back for every read (which costs as
much as the read itself), and PostgreSQL refuses whatever would write on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.event import listen

from govcloud.kernel.prepared import driver_of


class Looking:
    """Gives connections for single reads, to where ``engine`` connects; at most as many as there are threads that read."""

    def __init__(self, engine: Engine) -> None:
        """Make a pool like the engine's; it is emptied whenever the engine's is, and what listens on the engine listens here."""
        self._engine = Engine(engine.pool.recreate(), engine.dialect, engine.url, hide_parameters=engine.hide_parameters)
        self._engine.dispatch = engine.dispatch
        self._followed = engine
        listen(engine, "engine_disposed", self._follow)

    def _follow(self, disposed: Engine) -> None:
        if disposed is self._followed:  # what it listens to hears of its own end as well
            self._engine.dispose()

    @contextmanager
    def __call__(self) -> Iterator[Connection]:
        """Give a connection for as long as the read takes."""
        with self._engine.connect() as connection:
            driver = driver_of(connection)
            if not driver.autocommit:  # it is new
                driver.autocommit = True
                driver.execute("SET default_transaction_read_only = on")
            yield connection
