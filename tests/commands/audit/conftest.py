"""A database with the record alone, so that it can be attacked; every command is allowed, as who may run what is not the question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import pytest
from sqlalchemy import CursorResult, Engine, create_engine, text
from sqlalchemy.orm import Session

from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.findings import Report
from govcloud.audit.models import AuditCheckpoint, AuditEvent, AuditNode, AuditPending, AuditPersonal, AuditSequence
from govcloud.audit.protection import GUARDS, PROTECT
from govcloud.audit.recorder import AuditRecorder
from govcloud.audit.sequencer import Sequencer
from govcloud.audit.service import AuditTrail
from govcloud.audit.verify import Verifier
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.events import Event
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.outbox.models import OutboxMessage
from tests.factories.databases import Everybody, database_with

TABLES = (AuditEvent, AuditPersonal, AuditPending, AuditSequence, AuditNode, AuditCheckpoint, OutboxMessage)


@dataclass(frozen=True, kw_only=True)
class PhoneChanged(Event):
    """An event with a personal field, for these tests."""

    name: ClassVar[str] = "tests:phone:changed"
    personal: ClassVar[frozenset[str]] = frozenset({"phone"})

    phone: str
    reason: str = "换号"


Open = Callable[[], Session]


@dataclass(frozen=True)
class Record:
    """The record under test, with the hands that write and attack it."""

    open: Open
    clock: ManualClock
    uow: UnitOfWork
    official: Actor
    jobs: Actor

    @property
    def sequencer(self) -> Sequencer:
        """Return the sequencer."""
        return Sequencer(self.uow)

    @property
    def trail(self) -> AuditTrail:
        """Return the record as the audit officer meets it."""
        return AuditTrail(self.uow)

    def write(self, count: int = 1, *, chain: str | None = None, subject: str = "official:wang") -> None:
        """Record events, each in a transaction of its own."""
        for number in range(count):
            with self.uow.begin(self.official, "tests:phone:change") as tx:
                tx.record(PhoneChanged(subject=subject, chain=chain, phone=f"1380000{number:04d}"))

    def seal(self) -> None:
        """Give every event its place."""
        assert self.sequencer.run_until_empty(self.jobs) is not None
        # A test is one transaction to the database, which here looks at what it puts off to the end of one.
        self.run("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED")

    def verify(self, *, since: Checkpoint | None = None, full: bool = False) -> Report:
        """Verify the record."""
        with self.open() as session:
            return Verifier(session, self.clock.now()).run(since, full=full)

    def run(self, *statements: str) -> list[int]:
        """Run SQL as the superuser; return how many rows each statement hit."""
        with self.open() as session:
            counts = [cast("CursorResult[Any]", session.execute(text(statement))).rowcount for statement in statements]
            session.commit()
        return counts

    def attack(self, *statements: str) -> None:
        """Run SQL with every trigger off, as somebody with the whole server could; each statement must hit something."""
        self.run(*(f"ALTER TABLE {table.__tablename__} DISABLE TRIGGER ALL" for table in TABLES))
        counts = self.run(*statements)
        self.run(*(f"ALTER TABLE {table.__tablename__} ENABLE TRIGGER ALL" for table in TABLES))
        self.run(*(f"ALTER TABLE {guard.table} ENABLE ALWAYS TRIGGER {guard.name}" for guard in GUARDS))
        assert all(counts), list(zip(statements, counts, strict=True))


def new_record(open_session: Open, clock: ManualClock) -> Record:
    """Return a record that writes through the sessions of ``open_session``."""
    uow = UnitOfWork(
        sessions=open_session,
        reader=lambda: pytest.fail("these tests read within commands"),
        release_reader=lambda: None,
        authorizer=Everybody(),
        clock=clock,
        recorders=(AuditRecorder(),),
    )
    official = Actor.official(new_id(), "王芳", source_address="10.1.2.3", trace_id="trace-1")
    return Record(open_session, clock, uow, official, Actor.system("jobs"))


@pytest.fixture(scope="session")
def record_engine() -> Iterator[Engine]:
    """Return a superuser's engine on a database with the tables of the record and their protection."""
    with database_with(TABLES, PROTECT) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def record(record_engine: Engine, clock: ManualClock) -> Iterator[Record]:
    """Return an empty record whose every transaction is undone after the test."""
    with record_engine.connect() as connection:
        outer = connection.begin()
        yield new_record(lambda: Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint"), clock)
        outer.rollback()


@pytest.fixture
def shared_engine() -> Iterator[Engine]:
    """Return an engine on a database of the test's own, for tests with several connections."""
    with database_with(TABLES, PROTECT) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def shared_record(shared_engine: Engine, clock: ManualClock) -> Record:
    """Return an empty record that several threads may write."""
    return new_record(lambda: Session(shared_engine, expire_on_commit=False), clock)
