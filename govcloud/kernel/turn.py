"""A turn that one process at a time has, for work that several could do and that doing twice would only make dearer.

It lasts as long as the connection on which it was taken: a process that ends, or loses the database, leaves it to the others.
"""

from __future__ import annotations

import threading
import weakref

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError


class Turn:
    """The turn called ``name``; it keeps a connection of its own while it is ours."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Take where the turn is kept, and its name among all the turns of the platform."""
        self._engine = engine
        self._take = select(func.pg_try_advisory_lock(func.hashtext(name)))
        self._held: Connection | None = None
        self._one = threading.Lock()

    def ours(self) -> bool:
        """Return whether this process has the turn; it takes the turn if nobody has it."""
        with self._one:
            if self._held is not None and not _alive(self._held):
                self._held = None
            if self._held is None:
                self._held = self._taken()
            return self._held is not None

    def _taken(self) -> Connection | None:
        # Each statement for itself: a transaction that stayed open would keep the database from tidying up.
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.scalar(self._take):
            # The lock belongs to the connection, which must therefore never go back to the pool.
            weakref.finalize(self, connection.invalidate)
            return connection
        connection.close()
        return None


def _alive(connection: Connection) -> bool:
    try:
        connection.execute(select(1))
    except DBAPIError:
        connection.invalidate()
        return False
    return True
