"""The test of a client's connection as commands: what would be tested, and one test at a time or all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.subsystems import errors
from govcloud.subsystems.clients.client_events import ClientTested
from govcloud.subsystems.probing.knocking import Heard, Knock, knock
from govcloud.subsystems.probing.probes import PROBES, Context, Probe, Verdict, judged
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.subsystems.views import ClientView

_AT_ONCE = 4
_MOST = 40
_FIRST = 5


@dataclass(frozen=True)
class Planned:
    """One test that can be run: ``key`` names it, ``address`` is where the platform will knock."""

    key: str
    title: Message
    address: str


@dataclass(frozen=True)
class Probed:
    """A test that was run, and what it found."""

    planned: Planned
    verdict: Verdict
    milliseconds: int


class Probing:
    """Knocks at what a client has registered, for who manages it; an address that is not registered is never knocked at."""

    def __init__(
        self,
        uow: UnitOfWork,
        subsystems: SubsystemQueries,
        identity: IdentityQueries,
        clock: Clock,
        *,
        public_url: str,
        loopback_allowed: bool,
    ) -> None:
        """Take the clock that other clocks are compared with, and whether a subsystem may be on this machine (not in production)."""
        self._uow = uow
        self._subsystems = subsystems
        self._identity = identity
        self._clock = clock
        self._public_url = public_url
        self._loopback_allowed = loopback_allowed

    def plan(self, client_id: str) -> tuple[Planned, ...]:
        """Return the tests that there are for a client, in their order.

        Raises:
            NotFound: there is no such enabled client.
        """
        return tuple(planned for planned, _ in self._tests(self._client(client_id)))

    def run(self, actor: Actor, client_id: str, only: str | None = None) -> tuple[Probed, ...]:
        """Run the tests of a client, or the one called ``only``; what is run is on record before anything is sent.

        Raises:
            Denied: the actor does not manage the client.
            NotFound: there is no such enabled client, or no such test.
        """
        client = self._client(client_id)
        wanted = [test for test in self._tests(client) if only in {None, test[0].key}]
        if not wanted:
            raise NotFound.of(Message("测试"), only or client_id)
        with self._uow.begin(actor, "govcloud:client:test", self._target(client)) as tx:
            tx.record(
                ClientTested(
                    subject=f"client:{client.client_id}",
                    client_id=client.client_id,
                    subsystem_code=client.subsystem_code,
                    checks=tuple(planned.key for planned, _ in wanted),
                )
            )
        # No transaction is open while others keep us waiting.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            heard = list(pool.map(self._hear, wanted))
        return tuple(
            Probed(planned, judged(probe, answer, self._context()), answer.milliseconds)
            for (planned, probe), answer in zip(wanted, heard, strict=True)
        )

    def _hear(self, test: tuple[Planned, Probe]) -> Heard:
        planned, probe = test
        return self._knock(probe.knock(planned.address, self._context()))

    def _knock(self, asked: Knock) -> Heard:
        return knock(asked, loopback_allowed=self._loopback_allowed)

    def _context(self) -> Context:
        return Context(self._clock.now(), self._public_url)

    def _client(self, client_id: str) -> ClientView:
        client = self._subsystems.client_by_client_id(client_id)
        if client is None:
            raise errors.client_missing(client_id)
        return client

    def _target(self, client: ClientView) -> Target:
        owner = self._subsystems.subsystem(client.subsystem_id)
        department = self._identity.department(owner.owner_department_id) if owner and owner.owner_department_id else None
        return Target("client", client.client_id, department.path if department else None)

    def _tests(self, client: ClientView) -> list[tuple[Planned, Probe]]:
        found: list[tuple[Planned, Probe]] = []
        for probe in PROBES[client.protocol]:
            # Twenty callbacks of one host tell no more than five.
            for place, address in enumerate(list(probe.addresses(client))[:_FIRST], start=1):
                key = probe.key if place == 1 else f"{probe.key}-{place}"
                found.append((Planned(key, probe.title, address), probe))
        return found[:_MOST]


__all__ = ["Planned", "Probed", "Probing", "Verdict"]
