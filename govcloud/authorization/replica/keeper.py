"""The keeper: the one process of a node that builds the replica and follows the database with it.

It writes a heartbeat at least four times a second. The heartbeat is the moment *before* the feed was last read to its end, so
that a replica with a heartbeat of moment t holds everything that had been committed at t, and workers may rely on it for the bound
that they were given. A keeper that is stopped, cut off or slow writes none, and workers read the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import lmdb
import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.facts import DecisionFacts
from govcloud.authorization.epochs import CHANNEL
from govcloud.authorization.replica.database import identity_of
from govcloud.authorization.replica.feed import instant_of, news_after
from govcloud.authorization.replica.filling import Filling
from govcloud.authorization.replica.head import HEAD, Head, now_ns
from govcloud.authorization.replica.place import Place, ReplicaError, Store, create, open_to_write
from govcloud.authorization.replica.writing import Writing
from govcloud.kernel.clock import Clock

logger = logging.getLogger(__name__)
#: Seconds between two heartbeats, which is also how long a change that reduces nothing may wait to be seen.
PACE = 0.25
#: Seconds before the database is tried again.
_PAUSE = 0.5
#: Nanoseconds between two looks for readers that died.
_SWEEP = 10 * 10**9


@dataclass(frozen=True, slots=True)
class Built:
    """What a build came to."""

    people: int
    departments: int
    functions: int
    seconds: float


class Keeper:
    """Keeps one replica; ``keep`` runs until it is told to stop."""

    def __init__(self, engine: Engine, place: Place, clock: Clock, *, pace: float = PACE) -> None:
        """Take the database, by an engine of the keeper's own: its one connection goes to the primary itself, past any pooler."""
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._place = place
        self._clock = clock
        self._pace = pace
        self._store: Store | None = None
        self._next_sweep = 0

    def keep(self, stopping: Callable[[], bool]) -> None:
        """Follow the database until ``stopping``; what interrupts it is logged, and it begins anew.

        Raises:
            BusyError: another keeper is at work here.
            ReplicaError: the folder cannot be used.
        """
        with self._place.held():
            self._place.clear()
            try:
                while not stopping():
                    try:
                        self._follow(stopping)
                    except (DBAPIError, psycopg.Error) as error:
                        logger.warning("the database went away (%s); workers read it themselves until it is back", type(error).__name__)
                        time.sleep(_PAUSE)
                    except lmdb.Error as error:
                        logger.warning("the replica cannot be written (%s); building it anew", error)
                        self._let_go(damaged=True)
                        time.sleep(_PAUSE)
            finally:
                self._let_go()

    def rebuild(self) -> Built:
        """Build everything anew, and leave it to a keeper to follow.

        Raises:
            BusyError: a keeper is at work here, which is asked instead (``Place.ask_for_rebuild``).
            ReplicaError: the folder cannot be used.
        """
        with self._place.held(), self.connected() as connection:
            self._place.clear()
            built = self._build(connection)
            self._let_go()
            return built

    # One connection at a time

    def _follow(self, stopping: Callable[[], bool]) -> None:
        """Keep up until ``stopping``, or until the connection ends."""
        with self.connected() as connection:
            self.begin(connection)
            while not stopping():
                self.step(connection)
                wait_for_news(connection, self._pace)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Give a connection to follow the database by."""
        with self._engine.connect() as connection:
            yield connection

    def begin(self, connection: Connection) -> None:
        """Listen, and go on with the file that is there or build one; whoever calls it holds the place."""
        listen(connection)
        if not self._resumed(connection):
            self._build(connection)

    def step(self, connection: Connection) -> None:
        """Take in what has changed, and say that we were here."""
        if self._place.take_request() or not self._caught_up(connection):
            self._build(connection)
        if now_ns() >= self._next_sweep:
            # Workers that died while they read would keep old pages from being used again.
            self._writing().forget_the_dead()
            self._next_sweep = now_ns() + _SWEEP

    def _caught_up(self, connection: Connection) -> bool:
        """Read again what changes touched, and write it with their epoch, all at once; return whether that was possible."""
        began = now_ns()
        with looking(connection) as session:
            head = self._head()
            news = news_after(session, head.state.epoch)
            if news is None:
                self._writing().beat(head, began)
                return True
            if news.touched.everybody:
                return False
            state = DecisionFacts(lambda: session).state()
            touched = news.touched
            departments = head.departments if touched.departments == set() else news.epoch
            functions = head.functions if touched.subsystems == set() else news.epoch
            fresh = Head(began, head.identity, state, news.tail, departments, functions)
            self._writing().update(Filling(session, self._clock.now()), touched, fresh)
            return True

    def _resumed(self, connection: Connection) -> bool:
        """Go on with the file that is there, if it is of this database and of the past of it; return whether it is."""
        if self._store is None:
            try:
                self._store = open_to_write(self._place.current)
            except ReplicaError as error:
                logger.info("%s; building one", error)
                return False
        with looking(connection) as session:
            head = self._known_head()
            same = head is not None and head.identity == identity_of(session) and head.tail == instant_of(session, head.state.epoch)
            # Without any change on record nothing tells one past from another.
            fits = same and head is not None and head.state.epoch > 0
        if not fits:
            logger.warning("the replica is of another database, or of one that was put back to an earlier state; building it anew")
        return fits

    def _build(self, connection: Connection) -> Built:
        """Build everything in a file of its own, and put that in the place of the one before."""
        began, started = now_ns(), time.monotonic()
        logger.info("building the replica")
        store = create(self._place.building)
        try:
            with looking(connection) as session:
                state = DecisionFacts(lambda: session).state()
                head = Head(began, identity_of(session), state, instant_of(session, state.epoch), state.epoch, state.epoch)
                counts = Writing(store).fill(Filling(session, self._clock.now()), head)
        finally:
            store.env.close()
        self._let_go()
        self._place.put_in_force()
        self._store = open_to_write(self._place.current)
        built = Built(*counts, time.monotonic() - started)
        logger.info("built: %d people, %d departments, %d functions in %.1f s", *counts, built.seconds)
        return built

    # The file

    @property
    def store(self) -> Store | None:
        """Return the file that is being kept."""
        return self._store

    def _writing(self) -> Writing:
        assert self._store is not None  # noqa: S101 - built or opened before anything is followed
        return Writing(self._store)

    def _known_head(self) -> Head | None:
        assert self._store is not None  # noqa: S101 - the same
        with self._store.env.begin() as txn:
            value = txn.get(HEAD)
        try:
            return None if value is None else Head.unpack(value)
        except ValueError:
            return None

    def _head(self) -> Head:
        head = self._known_head()
        if head is None:
            raise lmdb.CorruptedError("it has no head")
        return head

    def _let_go(self, *, damaged: bool = False) -> None:
        if self._store is not None:
            self._store.env.close()
            self._store = None
        if damaged:
            self._place.discard()


@contextmanager
def looking(connection: Connection) -> Iterator[Session]:
    """Give a session on one moment of the database: whatever it reads was so together."""
    with Session(bind=connection, autoflush=False) as session:
        yield session


def listen(connection: Connection) -> None:
    """Let ``connection`` hear of changes that reduce access."""
    with connection.begin():
        connection.execute(text(f"LISTEN {CHANNEL}"))


def wait_for_news(connection: Connection, seconds: float) -> None:
    """Return when there is news, or when ``seconds`` have passed."""
    driver: Any = connection.connection.driver_connection
    for _ in driver.notifies(timeout=seconds, stop_after=1):
        pass
