"""Sign-on under load beside Keycloak and node-oidc-provider: sign-ins, tokens, introspection, sign-outs (`python -m bench.signon`).

The servers run on one core, PostgreSQL (durable commits) and the load on another. Every server is warmed until it is steady, then
the servers take turns; each figure is the median of the rounds. Keycloak has its tables on the same PostgreSQL and hashes passwords
at the same cost; node-oidc-provider keeps everything in memory and knows no passwords.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import click

from bench import _sign_outs
from bench._forwarding import checking
from bench._load import Measured, Operation, rounds, warm
from bench._peers import Server, keycloak, oidc_provider
from bench._rows import Sheet, Target, finish, kept
from bench._running import say
from bench._signon_place import LOAD_CORE, SERVER_CORE, Place, place

CONNECTIONS = 8
OURS = "govcloud"
BESIDE, WORKERS, SIGN_OUTS = PARTS = ("peers", "workers", "sign-outs")
PASSWORD_MEMORY_KIB, PASSWORD_PASSES = 19 * 1024, 2


def _knows_passwords(server: Server) -> bool:
    return server.sign_in is not None


def _is_ours(server: Server) -> bool:
    return server.name == OURS


@dataclass(frozen=True)
class Workload:
    """An operation that is measured on every server that knows it; ``aim`` is how many times Keycloak's rate is wanted."""

    name: str
    operation: Callable[[Place, Server, str], Operation]
    aim: float | None
    only: Callable[[Server], bool] = lambda _server: True


WORKLOADS = (
    Workload("client credentials", lambda _stand, server, _login: server.client_credentials(), 4.0),
    Workload("refresh with rotation", lambda _stand, server, login: server.refreshing(login), 4.0),
    Workload("introspection", lambda _stand, server, _login: server.introspection(), 2.0),
    Workload("password sign-in and code flow", lambda _stand, server, login: server.signing_in(login), 1.0, _knows_passwords),
    Workload("session check by forward-auth", checking, None, _is_ours),
)


@dataclass(frozen=True)
class Effort:
    """How long is measured: seconds of a window while warming, rounds, seconds of a round."""

    warming: float
    rounds: int
    seconds: float


FULL = Effort(10, 5, 10)
QUICK = Effort(1, 1, 1)


@click.command()
@click.option("--quick", is_flag=True, help="One short round of everything, and keep the last record.")
@click.option("--without-peers", is_flag=True, help="Leave Keycloak and node-oidc-provider out; nothing is recorded.")
@click.option("--part", type=click.Choice(PARTS), help="Only this part; the rows of the others stay as they are.")
@click.option("--rounds", "count", type=click.IntRange(1, 20), help="How many rounds (five by default).")
@click.option("--seconds", type=click.FloatRange(0.5, 60), help="How long a round lasts (ten seconds by default).")
def main(*, quick: bool, without_peers: bool, part: str | None, count: int | None, seconds: float | None) -> None:
    """Measure sign-on beside its peers."""
    usual = QUICK if quick else FULL
    effort = Effort(usual.warming, count or usual.rounds, seconds or usual.seconds)
    os.sched_setaffinity(0, {LOAD_CORE})
    parts = PARTS if part is None else (part,)
    with place() as stand:
        if BESIDE in parts:
            beside(stand, effort, peers=not without_peers)
        if WORKERS in parts:
            for workload in WORKLOADS:
                with stand.served(workers=2) as server:
                    alone(stand.sheet, stand, workload, server, effort)
        if SIGN_OUTS in parts:
            with stand.served(workers=1) as server:
                _sign_outs.measure(stand.sheet, stand, server, quick=quick)
    rows = stand.sheet.rows
    finish("signon", rows if part is None else [*kept("signon", rows), *rows], quick=quick or without_peers)


def beside(stand: Place, effort: Effort, *, peers: bool) -> None:
    """Measure every workload on the platform with one worker, and on the peers that are to be had."""
    with ExitStack() as running:
        servers = [running.enter_context(stand.served(workers=1))]
        if peers:
            memory, passes = PASSWORD_MEMORY_KIB, PASSWORD_PASSES
            found = (
                running.enter_context(
                    keycloak(stand.ports[0], stand.peer_database, stand.people, core=SERVER_CORE, memory_kib=memory, passes=passes)
                ),
                running.enter_context(oidc_provider(stand.ports[1], SERVER_CORE)),
            )
            servers += [peer for peer in found if peer is not None]
        for workload in WORKLOADS:
            compare(stand.sheet, stand, workload, servers, effort)


def compare(sheet: Sheet, stand: Place, workload: Workload, servers: Sequence[Server], effort: Effort) -> None:
    """Measure a workload on every server that knows it, in turn, and take the rows in."""
    able = [server for server in servers if workload.only(server)]
    ready = {server.name: connections(stand, workload, server) for server in able}
    for name, operations in ready.items():
        say(f"{workload.name}: warming {name}")
        warm(name, operations, effort.warming)
    say(f"{workload.name}: {effort.rounds} rounds")
    measured = rounds(ready, effort.rounds, effort.seconds)
    ours, others = measured.pop(servers[0].name), measured
    for name, theirs in others.items():
        sheet.add(f"{workload.name}, {name}, one core", theirs.rate, "1/s")
        sheet.add(f"{workload.name}, {name}, one core, p99", theirs.p99, "ms")
    beside = others.get("Keycloak")
    target = Target(">=", workload.aim, of="ratio") if beside and workload.aim else None
    _add(sheet, f"{workload.name}, 1 worker", ours, target, ("Keycloak", beside.rate) if beside else None)
    memory = others.get("node-oidc-provider")
    if memory:
        sheet.add(f"{workload.name}, 1 worker, beside node-oidc-provider", ours.rate, "1/s", peer=("node-oidc-provider", memory.rate))


def alone(sheet: Sheet, stand: Place, workload: Workload, server: Server, effort: Effort) -> None:
    """Measure a workload on the platform with two workers, which share the one core."""
    operations = connections(stand, workload, server)
    warm(server.name, operations, effort.warming)
    measured = rounds({server.name: operations}, effort.rounds, effort.seconds)[server.name]
    _add(sheet, f"{workload.name}, 2 workers", measured, None, None)


def connections(stand: Place, workload: Workload, server: Server) -> list[Operation]:
    """Return the operation for each connection, each with a person of its own."""
    return [workload.operation(stand, server, login) for login in list(stand.people)[:CONNECTIONS]]


def _add(sheet: Sheet, name: str, measured: Measured, target: Target | None, peer: tuple[str, float] | None) -> None:
    sheet.add(name, measured.rate, "1/s", target, peer=peer)
    sheet.add(f"{name}, p99", measured.p99, "ms")


if __name__ == "__main__":
    main()
