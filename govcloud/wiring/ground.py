"""The ground that every domain is wired on: settings, clock, keys, how one reads, and the unit of work; and the reads that all share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.answered_calls import AnsweredCalls
from govcloud.kernel.authorizer import Authorizer
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import db, looking_on
from govcloud.kernel.key_rotation import KeyRotation
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.prepared import Look
from govcloud.kernel.unit_of_work import Recorder, UnitOfWork
from govcloud.services import KernelServices
from govcloud.settings import Environment, Settings
from govcloud.subsystems.queries import SubsystemQueries


class Ground:
    """What every domain builds on. The unit of work comes last of it, as it asks the engine, which reads on this ground."""

    uow: UnitOfWork

    def __init__(self, settings: Settings, clock: Clock, master: bytes) -> None:
        """Take the settings, the clock and the master key; needs an application context."""
        self.settings = settings
        self.clock = clock
        self.engine = db.engine
        self.keys = KeyRing(master, self.read, clock)

    def read(self) -> Session:
        """Return the session that queries read from."""
        return self.uow.read()

    def look(self, query: Look, **values: Any) -> list[Any]:  # noqa: ANN401 - what its parameters take
        """Return what one read finds."""
        return self.uow.look(query, **values)

    @property
    def loopback_allowed(self) -> bool:
        """Whether subsystems may stand on this machine."""
        return self.settings.environment is not Environment.PRODUCTION

    def open(self, authorizer: Authorizer, recorders: tuple[Recorder, ...]) -> None:
        """Make the unit of work."""
        engine = self.engine
        self.uow = UnitOfWork(
            sessions=lambda: Session(bind=engine, expire_on_commit=False),
            reader=db.session,
            release_reader=db.session.remove,
            authorizer=authorizer,
            clock=self.clock,
            recorders=recorders,
            looker=_looker(engine),
        )


@dataclass(frozen=True)
class Reads:
    """The queries of the two domains that all others ask."""

    identity: IdentityQueries
    subsystems: SubsystemQueries

    @classmethod
    def on(cls, ground: Ground) -> Reads:
        """Make them."""
        return cls(
            IdentityQueries(ground.read, ground.keys, ground.clock),
            SubsystemQueries(ground.read, ground.look, ground.keys, ground.clock),
        )


def wire_kernel(ground: Ground) -> KernelServices:
    """Make the services of the kernel."""
    return KernelServices(
        settings=ground.settings,
        clock=ground.clock,
        keys=ground.keys,
        key_rotation=KeyRotation(ground.uow, ground.keys, timedelta(days=ground.settings.signing_key_days)),
        uow=ground.uow,
        answered_calls=AnsweredCalls(ground.uow),
    )


def _looker(engine: Engine) -> Callable[[], AbstractContextManager[Connection]]:
    """Return what gives the connection of a single read: that of the request's reading session if it holds one, else another."""
    looking = looking_on(engine)

    def looker() -> AbstractContextManager[Connection]:
        held = db.session.registry.has() and db.session().in_transaction()
        return nullcontext(db.session.connection()) if held else looking()

    return looker
