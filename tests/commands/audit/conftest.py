"""A database with the record alone, so that it can be attacked; every command is allowed, as who may run what is not the question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from govcloud.audit.findings import Report
from govcloud.audit.models import AuditCheckpoint, AuditEvent, AuditNode, AuditPending, AuditPersonal, AuditSequence
from govcloud.audit.protection import PROTECT
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
from tests.factories.databases import Everybody, database, database_with

TABLES = (AuditEvent, AuditPersonal, AuditPending, AuditSequence, AuditNode, AuditCheckpoint, OutboxMessage)


@dataclass(frozen=True, kw_only=True)
class PhoneChanged(Event):
    """An event with a personal field, for these tests."""

    name: ClassVar[str] = "tests:phone:changed"
    personal: ClassVar[frozenset[str]] = frozenset({"phone"})

    phone: str
    reason: str = "换号"


@dataclass(frozen=True)
class Record:
    """The record under test, with the hands that write and attack it."""

    engine: Engine
    clock: ManualClock
    uow: UnitOfWork
    sequencer: Sequencer
    trail: AuditTrail
    official: Actor
    jobs: Actor

    def write(self, count: int = 1, *, chain: str | None = None, subject: str = "official:wang") -> None:
        """Record events, each in a transaction of its own."""
        for number in range(count):
            with self.uow.begin(self.official, "tests:phone:change") as tx:
                tx.record(PhoneChanged(subject=subject, chain=chain, phone=f"1380000{number:04d}"))

    def seal(self) -> None:
        """Give every event its place."""
        assert self.sequencer.run_until_empty(self.jobs) is not None

    def verify(self, **options: object) -> Report:
        """Verify through a reading session."""
        with Session(self.engine) as session:
            return Verifier(session, self.clock.now()).run(**options)  # type: ignore[arg-type]  # the options of run

    def attack(self, *statements: str) -> None:
        """Run SQL as the superuser with every trigger off, as somebody with the whole server could."""
        with self.engine.begin() as connection:
            for table in TABLES:
                connection.execute(text(f"ALTER TABLE {table.__tablename__} DISABLE TRIGGER ALL"))
            for statement in statements:
                assert connection.execute(text(statement)).rowcount != 0, statement
            for table in TABLES:
                connection.execute(text(f"ALTER TABLE {table.__tablename__} ENABLE TRIGGER ALL"))


@pytest.fixture(scope="session")
def record_template() -> Iterator[str]:
    """Return the name of a database with the tables of the record and their protection."""
    with database_with(TABLES, PROTECT) as url:
        yield str(url.database)


@pytest.fixture
def record_engine(record_template: str) -> Iterator[Engine]:
    """Return a superuser's engine on a fresh clone of the record's template."""
    with database(record_template) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def new_uow(record_engine: Engine, clock: ManualClock) -> Callable[[], UnitOfWork]:
    """Return what makes a unit of work on the record's database, one for each process that a test plays."""

    def make() -> UnitOfWork:
        return UnitOfWork(
            sessions=lambda: Session(record_engine, expire_on_commit=False),
            reader=lambda: pytest.fail("these tests read within commands"),
            release_reader=lambda: None,
            authorizer=Everybody(),
            clock=clock,
            recorders=(AuditRecorder(),),
        )

    return make


@pytest.fixture
def record(record_engine: Engine, clock: ManualClock, new_uow: Callable[[], UnitOfWork]) -> Record:
    """Return the record under test."""
    uow = new_uow()
    official = Actor.official(new_id(), "王芳", source_address="10.1.2.3", trace_id="trace-1")
    return Record(record_engine, clock, uow, Sequencer(uow), AuditTrail(uow), official, Actor.system("jobs"))
