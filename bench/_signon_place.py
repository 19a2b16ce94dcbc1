"""Where sign-on is measured: a durable PostgreSQL that also listens on the loopback, a seeded province, people with passwords."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import psycopg
from psycopg import sql

from bench._peers import CALLBACK, CLIENT, Database, Paths, Server, code_of
from bench._people import everybody
from bench._rows import Sheet, machine
from bench._running import counting, say, stages
from bench._wire import UnexpectedAnswerError, Wire
from govcloud.app import create_app
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.cli.context import operator, platform
from govcloud.cli.home import Home, furnish, migrate
from govcloud.cli.stack import free_ports, stack
from govcloud.kernel.embedded_postgres import EmbeddedPostgres
from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN, ForwardAuthSettings, OidcSettings

SERVER_CORE, LOAD_CORE = 0, 1
SUBSYSTEM = "housing"
FORWARDED, ORIGIN = "bench-old", "http://127.0.0.1:9"
PEOPLE = 16
_PASSWORD = "Bench-2026-" + secrets.token_hex(6)  # fresh each time, so nothing that anybody could use


class Listening(EmbeddedPostgres):
    """The embedded PostgreSQL, durable, on the loopback as well: the peer's driver knows no sockets of files.

    It has an address of its own there, as its port is the usual one.
    """

    ADDRESS = "127.0.0.77"

    def _command(self, install: Path, sockets: Path) -> list[str]:
        return [*super()._command(install, sockets), "-c", f"listen_addresses={self.ADDRESS}"]


@dataclass
class Place:
    """A filled platform with people who can sign in, a client that may do everything measured, and a database for the peer."""

    sheet: Sheet
    ports: tuple[int, int, int]
    people: Mapping[str, str] = field(repr=False)
    secret: str = field(repr=False)
    forwarded_secret: str = field(repr=False)
    peer_database: Database
    owner_url: str = field(repr=False)
    receiver_port: int

    @property
    def address(self) -> str:
        """Return the platform's public address."""
        return f"http://127.0.0.1:{self.ports[2]}"

    @contextmanager
    def served(self, workers: int) -> Iterator[Server]:
        """Serve the platform on one core."""
        port = self.ports[2]
        with stack() as running:
            running.start(
                "platform", ["bench._pinned", str(SERVER_CORE), "serve", "--port", str(port), "--workers", str(workers)], os.environ
            )
            running.wait_for("platform", f"http://127.0.0.1:{port}/readyz")
            paths = Paths("/oidc/authorize", "/oidc/token", "/oidc/introspect")
            yield Server("govcloud", port, paths, CLIENT, self.secret, self._enter)

    def _enter(self, wire: Wire, request: str) -> str:
        """Take a browser through the sign-in page to the code."""
        address, login = request.split("\n")
        page = wire.get(wire.get(address).expect(303).location).expect(200)
        form = page.hidden_fields() | {"login": login, "password": self.people[login]}
        answer = wire.post("/sign-in", form).expect(303)
        for _ in range(3):
            if answer.headers["location"].startswith(CALLBACK):
                return code_of(answer)
            answer = wire.get(answer.location).expect(303)
        raise UnexpectedAnswerError(f"no code, but {answer.headers['location'][:300]}")


@contextmanager
def place() -> Iterator[Place]:
    """Make everything, and leave nothing behind."""
    say("starting PostgreSQL with durable commits")
    with ExitStack() as made:
        folder = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="govcloud-bench-", ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        addresses = made.enter_context(Listening(folder / "postgresql"))
        ports = free_ports()
        home = Home(folder, addresses.app_url, addresses.owner_url)
        os.environ |= {
            "DATABASE_URL": addresses.app_url,
            "DATABASE_OWNER_URL": addresses.owner_url,
            "GOVCLOUD_MASTER_KEY_FILE": str(home.root / "master.key"),
            "GOVCLOUD_PUBLIC_URL": f"http://127.0.0.1:{ports.platform}",
            "GOVCLOUD_ENVIRONMENT": "test",
        }
        context = click.Context(click.Command("bench"), obj=create_app)
        migrate(home)
        with stages() as progress:
            furnish(context, home, "dev", ports.example_urls, progress)
        with psycopg.connect(addresses.superuser_url, autocommit=True) as connection:
            version = connection.info.server_version
            peer = _peer_database(connection)
        with platform(context) as services:
            people, secrets_made = _people(services), _clients(services, receiver := _free_port())
        with psycopg.connect(addresses.owner_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        sheet = Sheet(machine(f"{version // 10_000}.{version % 10_000}"))
        yield Place(sheet, (_free_port(), _free_port(), ports.platform), people, *secrets_made, peer, addresses.owner_url, receiver)


def _people(services: Services) -> dict[str, str]:
    """Give a password to people who may enter the subsystem, and return it by login."""
    found: dict[str, str] = {}
    subjects = [subject for subject in everybody(services) if subject.kind == "primary" and subject.active]
    for subject in counting(subjects, "finding people with a way in"):
        if len(found) == PEOPLE:
            break
        only = len(services.identity_queries.appointments_of(subject.official_id)) == 1
        account = services.identity_queries.account_of(subject.official_id)
        if only and account and services.authorization.decide(Question(door_of(SUBSYSTEM), subject.appointment_id)).allowed:
            services.signon.set_password(operator(), account.id, _PASSWORD)
            found[account.login] = _PASSWORD
    return found


def _clients(services: Services, receiver_port: int) -> tuple[str, str]:
    """Register a client that may do everything measured, and an application behind a proxy; return their secrets."""
    settings = OidcSettings(
        grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS),
        backchannel_logout_uri=f"http://127.0.0.1:{receiver_port}/logout",
    )
    wanted = (
        NewClient(SUBSYSTEM, CLIENT, "bench", (CALLBACK,), settings=settings),
        NewClient(SUBSYSTEM, FORWARDED, "bench", origins=(ORIGIN,), settings=ForwardAuthSettings()),
    )
    made = [services.subsystems.register_client(operator(), new).secret for new in wanted]
    assert made[0] is not None
    assert made[1] is not None
    return made[0], made[1]


def _peer_database(connection: psycopg.Connection[tuple[object, ...]]) -> Database:
    password = secrets.token_hex(16)
    connection.execute(sql.SQL("CREATE ROLE peer LOGIN PASSWORD {}").format(sql.Literal(password)))
    connection.execute("CREATE DATABASE peer OWNER peer")
    return Database(Listening.ADDRESS, "peer", "peer", password)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
