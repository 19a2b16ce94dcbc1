"""A database with the outbox alone, and a receiver that really listens; every command is allowed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.events import Event
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.outbox.deliver import Delivery
from govcloud.outbox.models import OutboxMessage
from govcloud.outbox.recorder import OutboxRecorder
from govcloud.outbox.webhooks import Endpoint, StandardWebhooks
from tests.factories.databases import Everybody, database, database_with

SECRET = b"s" * 32
JOBS = Actor.system("jobs")


@dataclass(frozen=True, kw_only=True)
class GrantMoved(Event):
    """An event with a promise, for these tests."""

    name: ClassVar[str] = "tests:grant:moved"
    personal: ClassVar[frozenset[str]] = frozenset({"official_name"})
    outbox: ClassVar[bool] = True

    subsystem_code: str
    official_name: str = "王芳"


def _told(events: Sequence[Event]) -> list[list[str]]:
    return [[f"subsystem:{event.subsystem_code}"] if isinstance(event, GrantMoved) else [] for event in events]


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A subsystem's end of the webhook: answers ``status``, after ``hold`` is set free if there is one."""

    url: str = ""
    status: int = 204
    received: list[Received] = field(default_factory=list)
    hold: threading.Event | None = None
    arrived: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver on a free port of this machine."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.received.append(Received({name.lower(): value for name, value in self.headers.items()}, body))
            state.arrived.set()
            if state.hold is not None:
                state.hold.wait(10)
            self.send_response(state.status)
            if state.status == 302:
                self.send_header("location", state.url)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Keep the test's output clean."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # workers connect twenty at a time

    server = Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


#: What the authorization of a real platform says is its newest epoch.
EPOCH = 1504


@dataclass(frozen=True)
class Outbox:
    """The outbox under test."""

    engine: Engine
    clock: ManualClock
    new_uow: Callable[[], UnitOfWork]
    endpoints: dict[str, Endpoint]

    def promise(self, count: int = 1, code: str = "housing") -> None:
        """Record events that promise a message, each in a transaction of its own."""
        for _ in range(count):
            with self.new_uow().begin(JOBS, "tests:grant:move") as tx:
                tx.record(GrantMoved(subject="grant:1", subsystem_code=code))

    def worker(self) -> Delivery:
        """Return a worker as another process would have it."""
        return Delivery(self.new_uow(), {"subsystem": StandardWebhooks(self.endpoints.get, lambda: EPOCH, lambda _tx, _letters: None)})

    def messages(self) -> list[OutboxMessage]:
        """Return all messages."""
        with Session(self.engine) as session:
            return list(session.query(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.id))


@pytest.fixture(scope="session")
def outbox_template() -> Iterator[str]:
    """Return the name of a database with the outbox's table."""
    with database_with([OutboxMessage]) as url:
        yield str(url.database)


@pytest.fixture
def outbox(outbox_template: str, clock: ManualClock, receiver: Receiver) -> Iterator[Outbox]:
    """Return an outbox on a fresh database; the housing subsystem listens at ``receiver``."""
    with database(outbox_template) as url:
        engine = create_engine(url)

        def new_uow() -> UnitOfWork:
            return UnitOfWork(
                sessions=lambda: Session(engine, expire_on_commit=False),
                reader=lambda: pytest.fail("these tests read within commands"),
                release_reader=lambda: None,
                authorizer=Everybody(),
                clock=clock,
                recorders=(OutboxRecorder(_told),),
            )

        yield Outbox(engine, clock, new_uow, {"subsystem:housing": Endpoint(receiver.url, SECRET)})
        engine.dispose()
