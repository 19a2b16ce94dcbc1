"""One public command is one transaction: authorised, recorded and committed here and nowhere else.

When to use it: every command of every domain opens ``with uow.begin(actor, command, target) as tx:``; a command called inside
another joins its transaction. When not: pages and checks that only read use ``uow.read()``, whose session cannot write.

A refusal rolls the work back and must still be remembered: events given to ``tx.remember`` and every ``Denied`` are
recorded in a transaction of their own after the rollback. A ``Denied`` is recorded once, as the refusal of the command that it
refused and of that command's actor: when a nested command of the platform's own is refused, the person whose command it doomed
was not refused anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeVar, cast, runtime_checkable

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Authorizer, Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import Denied, GovcloudError
from govcloud.kernel.events import Event
from govcloud.kernel.prepared import Look, Prepared

EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, kw_only=True)
class CommandRefused(Event):
    """An actor tried a command that it may not run."""

    name: ClassVar[str] = "kernel:command:refused"

    command: str
    code: str
    reasons: tuple[str, ...]


class Recorder(Protocol):
    """Takes every event in, within the transaction of the command that caused it."""

    def record(self, tx: Transaction, event: Event) -> None:
        """Add what has to be kept of ``event`` to ``tx.session``."""
        ...


@runtime_checkable
class SetRecorder(Recorder, Protocol):
    """A recorder that can take in many events at once, which spares a command on many rows most of its statements."""

    def record_all(self, tx: Transaction, events: Sequence[Event]) -> None:
        """Add what has to be kept of ``events``, in their order."""
        ...


@dataclass(frozen=True)
class _Work:
    """What the commands of one database transaction share."""

    session: Session
    now: datetime
    remembered: list[tuple[Transaction, Event]] = field(default_factory=list)
    failed: list[GovcloudError] = field(default_factory=list)
    refused: list[Denied] = field(default_factory=list)
    last: list[Callable[[], None]] = field(default_factory=list)

    @cached_property
    def connection(self) -> Connection:
        """Return the connection of the transaction, the same from its beginning to its end."""
        return self.session.connection()

    def run(self, statement: Prepared, values: Mapping[str, Any]) -> list[Any]:
        """Run a prepared statement after what objects have still to write, as every statement of the session comes after it."""
        self.session.flush()
        # A savepoint begins on the connection only once the session is asked for it.
        nested = self.session.in_nested_transaction()
        return statement.run(self.session.connection() if nested else self.connection, values)


@dataclass(frozen=True)
class Transaction:
    """One command at work: its session, its moment (``now``, the same for all that it writes) and its actor."""

    session: Session
    now: datetime
    actor: Actor
    command: str
    _work: _Work
    _record: Callable[[Transaction, Sequence[Event]], None]

    def run(self, statement: Prepared, **values: Any) -> list[Any]:  # noqa: ANN401 - what its parameters take
        """Run a prepared statement in this transaction and return its rows."""
        return self._work.run(statement, values)

    def record(self, event: Event) -> None:
        """Hand ``event`` to the recorders and to the reactions, in this transaction."""
        self._record(self, (event,))

    def record_all(self, events: Sequence[Event]) -> None:
        """Hand the events of a command on many rows over as a set: all are recorded, then each is reacted to."""
        self._record(self, events)

    def remember(self, event: Event) -> None:
        """Record ``event`` whatever becomes of the command: it happened, and no rollback makes that untrue.

        * The command succeeds: it is recorded in this transaction, as the last of its events.
        * The command, or one that it is nested in, is refused: it is recorded in a transaction of its own, after the rollback.
        * Any other exception escapes: the same. If that too fails, as when the database is gone, the exception goes on with a
          note that names what is lost.

        It is recorded under the actor and the command of this transaction, and never reacted to: what follows from an event
        belongs to ``record``.
        """
        self._work.remembered.append((self, event))

    def do_last(self, work: Callable[[], None]) -> None:
        """Do ``work`` at the very end of the whole transaction, after all that the commands in it have written.

        For what every transaction meets at and holds until it has committed: done earlier, two of them would wait for each other.
        """
        self._work.last.append(work)


class UnitOfWork:
    """Opens transactions, and is the only place that ends them."""

    def __init__(
        self,
        *,
        sessions: Callable[[], Session],
        reader: Callable[[], Session],
        release_reader: Callable[[], None],
        authorizer: Authorizer,
        clock: Clock,
        recorders: Sequence[Recorder] = (),
        looker: Callable[[], AbstractContextManager[Connection]] | None = None,
    ) -> None:
        """Take the factories apart, so that the composition root decides what they are.

        Args:
            sessions: makes a fresh writing session, one for each transaction.
            reader: gives the reading session of the current request or command line.
            release_reader: gives the reading session's connection back before a transaction opens.
            authorizer: the port that decides whether a command may run.
            clock: the one clock.
            recorders: take in every event, in order.
            looker: gives the connection of a single read; by default that of the reading session.
        """
        self._sessions = sessions
        self._reader = reader
        self._release_reader = release_reader
        self._authorizer = authorizer
        self._clock = clock
        self._recorders = tuple(recorders)
        self._looker = looker
        self._reactions: dict[type[Event], list[Callable[[Transaction, Any], None]]] = {}
        self._set_reactions: dict[type[Event], list[Callable[[Transaction, Any], None]]] = {}
        self._current: ContextVar[_Work | None] = ContextVar("govcloud_work", default=None)

    def subscribe(self, event_type: type[EventT], reaction: Callable[[Transaction, EventT], None]) -> None:
        """Run ``reaction`` in the same transaction whenever an ``event_type`` is recorded; its failure fails the command."""
        self._reactions.setdefault(event_type, []).append(cast("Callable[[Transaction, Any], None]", reaction))

    def subscribe_set(self, event_type: type[EventT], reaction: Callable[[Transaction, Sequence[EventT]], None]) -> None:
        """Run ``reaction`` once for all events of ``event_type`` that a command records together.

        A command on many rows is then followed by one on many rows, not by thousands on one.
        """
        self._set_reactions.setdefault(event_type, []).append(cast("Callable[[Transaction, Any], None]", reaction))

    def read(self) -> Session:
        """Return the session that queries read from: that of the open transaction, else the read-only one."""
        work = self._current.get()
        return work.session if work is not None else self._reader()

    def look(self, query: Look, **values: Any) -> list[Any]:  # noqa: ANN401 - what its parameters take
        """Return what one read finds: in the open transaction, else on a connection of its own that waits for nothing before or after."""
        work = self._current.get()
        if work is not None:
            return work.run(query, values)
        if self._looker is None:
            return query.within(self._reader(), values)
        with self._looker() as connection:
            return query.run(connection, values)

    def at_work(self) -> bool:
        """Return whether a transaction is open here: what reads then has to see what it has written."""
        return self._current.get() is not None

    def rest(self) -> None:
        """Give the reading session's connection back before something slow that needs none; within a transaction it stays."""
        if self._current.get() is None:
            self._release_reader()

    @contextmanager
    def begin(self, actor: Actor, command: str, target: Target | None = None) -> Iterator[Transaction]:
        """Open the transaction of ``command`` (a function of the platform's catalogue), or join the one that is open.

        Raises:
            Denied: the actor may not run the command; this is recorded.
        """
        outer = self._current.get()
        if outer is not None:
            yield from self._join(outer, actor, command, target)
            return
        self._release_reader()
        with self._sessions() as session:
            work = _Work(session, self._clock.now())
            token = self._current.set(work)
            tx = self._transaction(work, actor, command)
            try:
                self._authorizer.authorize(session, actor, command, target, work.now)
                yield tx
                self._finish(work)
                session.commit()
            except BaseException as error:
                session.rollback()
                _note_refusal(tx, error, target)
                self._keep_remembered(work, error)
                raise
            finally:
                self._current.reset(token)

    def may(self, tx: Transaction, command: str, target: Target | None = None) -> bool:
        """Say whether the actor of an open transaction could run another command; it is only asked, so nothing is refused or recorded."""
        try:
            self._authorizer.authorize(tx.session, tx.actor, command, target, tx.now)
        except Denied:
            return False
        return True

    def attempt(self, tx: Transaction, work: Callable[[], object]) -> GovcloudError | None:
        """Do work that may be refused in an open transaction that goes on either way; return the refusal, ``None`` when it was done.

        What the work wrote and recorded before it was refused is undone, to a savepoint; what was remembered (``Transaction.remember``)
        stays remembered, and what was put off to the end is done there all the same (a further epoch says that nothing may be missed).
        Locks that the work took are let go again, so whoever calls takes before it those that the order of locks asks for.
        """
        failed = len(tx._work.failed)  # noqa: SLF001 - of this module
        try:
            with tx.session.begin_nested():
                work()
                tx.session.flush()
        except GovcloudError as error:
            del tx._work.failed[failed:]  # noqa: SLF001
            return error
        return None

    def _join(self, work: _Work, actor: Actor, command: str, target: Target | None) -> Iterator[Transaction]:
        """Run a nested command in the open transaction; a refusal dooms the whole."""
        tx = self._transaction(work, actor, command)
        try:
            self._authorizer.authorize(work.session, actor, command, target, work.now)
            yield tx
        except GovcloudError as error:
            work.failed.append(error)
            _note_refusal(tx, error, target)
            raise

    def _transaction(self, work: _Work, actor: Actor, command: str) -> Transaction:
        return Transaction(work.session, work.now, actor, command, work, self._record)

    def _record(self, tx: Transaction, events: Sequence[Event]) -> None:
        for recorder in self._recorders:
            if len(events) > 1 and isinstance(recorder, SetRecorder):
                recorder.record_all(tx, events)
                continue
            for event in events:
                recorder.record(tx, event)
        for event in events:
            for reaction in self._reactions.get(type(event), ()):
                reaction(tx, event)
        for event_type in dict.fromkeys(map(type, events)) if self._set_reactions else ():
            for reaction in self._set_reactions.get(event_type, ()):
                reaction(tx, [event for event in events if type(event) is event_type])

    def _finish(self, work: _Work) -> None:
        """Record what was to be remembered of a command that succeeds, then do what comes last, with everything else written.

        Raises:
            GovcloudError: a nested command was refused and its caller went on: half of the work would be committed.
        """
        if work.failed:
            raise work.failed[0]
        for tx, event in work.remembered:
            self._tell_recorders(tx, event)
        work.session.flush()
        for task in work.last:
            task()

    def _keep_remembered(self, work: _Work, error: BaseException) -> None:
        """Record what must survive the rollback, in a transaction of its own."""
        if not work.remembered:
            return
        try:
            with self._sessions() as session:
                kept = _Work(session, work.now)
                for tx, event in work.remembered:
                    self._tell_recorders(self._transaction(kept, tx.actor, tx.command), event)
                session.commit()
        except SQLAlchemyError as lost:
            if isinstance(error, GovcloudError):
                raise
            # The database failed under the command as well; what escapes is the first failure, as without anything to remember.
            error.add_note(f"not recorded: {', '.join(event.name for _, event in work.remembered)} ({type(lost).__name__})")

    def _tell_recorders(self, tx: Transaction, event: Event) -> None:
        """Record without reactions: nothing happened that could be reacted to."""
        for recorder in self._recorders:
            recorder.record(tx, event)


def _note_refusal(tx: Transaction, error: BaseException, target: Target | None) -> None:
    """Remember a refusal under the innermost command that it left; further out, the same error passes through."""
    if isinstance(error, Denied) and not any(error is known for known in tx._work.refused):  # noqa: SLF001 - of this module
        tx._work.refused.append(error)  # noqa: SLF001
        tx.remember(_refused(tx.command, error, target))


def _refused(command: str, error: Denied, target: Target | None) -> CommandRefused:
    """Return the event that remembers a refusal."""
    subject = f"{target.type}:{target.id}" if target else f"command:{command}"
    return CommandRefused(subject=subject, command=command, code=error.code, reasons=tuple(item.code for item in error.refusals))
