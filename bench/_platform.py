"""A platform for the occasion: a throw-away PostgreSQL with tables, keys and a seeded province, in process or served by granian."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import psycopg

from bench._rows import Sheet, machine
from bench._running import say, stages
from bench._stopwatch import Stopwatch, group_of
from govcloud.app import create_app
from govcloud.cli.context import platform
from govcloud.cli.home import Furnished, Home, furnish, migrate
from govcloud.cli.seed.report import SampleAccount
from govcloud.cli.seed.sizes import SHAPES
from govcloud.cli.stack import Ports, Stack, free_ports, stack, start_platform
from govcloud.kernel.embedded_postgres import throw_away
from govcloud.services import Services

_START_SECONDS = 60


@dataclass(frozen=True)
class Platform:
    """A filled platform; nothing serves it before ``serve``."""

    ports: Ports
    accounts: Mapping[str, SampleAccount]
    client_secrets: Mapping[str, str] = field(repr=False)
    sheet: Sheet
    owner_url: str = field(repr=False)
    superuser_url: str = field(repr=False)
    _context: click.Context
    _running: Stack

    @property
    def url(self) -> str:
        """Return where the platform listens once it is served."""
        return self.ports.platform_url

    def services(self) -> AbstractContextManager[Services]:
        """Give the platform's services in this process, within an application context."""
        return platform(self._context)

    def stopwatch(self, *others: int) -> Stopwatch:
        """Return a stopwatch for what the served platform, its database connections of now and the processes ``others`` answer."""
        with psycopg.connect(self.owner_url) as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            backends = [row[0] for row in connection.execute(query)]
        return Stopwatch([*others, *backends, *(process for item in self._running.processes for process in group_of(item.popen.pid))])

    def ask(self, query: str) -> int:
        """Return the one number that ``query`` selects."""
        with psycopg.connect(self.owner_url) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def analyze(self) -> None:
        """Tell the planner what the tables hold, as autovacuum would in time."""
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def serve(self) -> None:
        """Serve the platform alone with one worker, and wait until it answers."""
        say("starting the platform, one worker")
        self._running.start("platform", ["govcloud", "serve", "--port", str(self.ports.platform), "--workers", "1"], os.environ)
        self._running.wait_for("platform", f"{self.url}/readyz")

    def work(self) -> None:
        """Run the jobs beside: the record is sealed, mail and messages are sent, clocks go."""
        say("starting the jobs")
        self._running.start("jobs", ["govcloud", "jobs"], os.environ)

    def keep_replica(self) -> None:
        """Keep a replica of what decisions read, and wait until it is there; processes that are started later use it."""
        say("building a replica")
        self._running.start("replica", ["govcloud", "replica", "keep"], os.environ)
        until = time.monotonic() + _START_SECONDS
        while subprocess.run([sys.executable, "-m", "govcloud", "replica", "status"], capture_output=True, check=False).returncode:
            if time.monotonic() > until:
                raise click.ClickException("the replica was not built in time")
            time.sleep(0.2)

    @contextmanager
    def keeper_stopped(self) -> Iterator[None]:
        """Let the keeper of the replica stand still meanwhile, as one does that is cut off."""
        (keeper,) = (item.popen.pid for item in self._running.processes if item.name == "replica")
        os.kill(keeper, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(keeper, signal.SIGCONT)

    def serve_with_constant(self, path: str) -> None:
        """Serve the platform with one worker and with the route ``path`` that decides nothing, and wait until it answers."""
        say(f"starting the platform, one worker, with {path}")
        self._running.start("platform", ["bench._constant", str(self.ports.platform)], os.environ)
        self._running.wait_for("platform", f"{self.url}/readyz")

    def serve_all(self) -> None:
        """Serve the platform with one worker, run the jobs and both example subsystems, and wait until each answers."""
        say("starting the platform, the jobs and both examples")
        start_platform(self._running, self.ports, {}, self.client_secrets, workers=1)


@contextmanager
def filled(size: str) -> Iterator[Platform]:
    """Make a platform of ``size`` (a name in ``SHAPES``), and leave nothing behind."""
    say("starting a throw-away PostgreSQL")
    with throw_away() as addresses, tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder, stack() as running:
        place, ports = Home(Path(folder), addresses.app_url, addresses.owner_url), free_ports()
        # Our own processes, started later, take these from us; `platform` reads them as the command line does.
        os.environ |= {
            "DATABASE_URL": addresses.app_url,
            "DATABASE_OWNER_URL": addresses.owner_url,
            "GOVCLOUD_MASTER_KEY_FILE": str(place.root / "master.key"),
            "GOVCLOUD_PUBLIC_URL": ports.platform_url,
            "GOVCLOUD_ENVIRONMENT": "test",
            "GOVCLOUD_REPLICA_DIR": str(place.root / "replica"),
        }
        context = click.Context(click.Command("bench"), obj=create_app)
        furnished = _furnish(context, place, size, ports)
        accounts = {account.login: account for account in furnished.accounts}
        sheet = Sheet(machine(_server_version(addresses.app_url)))
        yield Platform(ports, accounts, furnished.client_secrets, sheet, addresses.owner_url, addresses.superuser_url, context, running)


def _furnish(context: click.Context, place: Home, size: str, ports: Ports) -> Furnished:
    """Make the tables and the province, and tell the planner about them as autovacuum would in time."""
    say("making the tables")
    migrate(place)
    say(f"making a province of {SHAPES[size].officials:,} officials")
    with stages() as progress:
        furnished = furnish(context, place, size, ports.example_urls, progress)
    with psycopg.connect(place.owner_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    return furnished


def _server_version(url: str) -> str:
    """Return the version of PostgreSQL, as "18.1"."""
    with psycopg.connect(url) as connection:
        number = connection.info.server_version
    return f"{number // 10_000}.{number % 10_000}"
