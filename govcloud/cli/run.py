"""``govcloud run``: everything for a first look in one terminal: database, platform, jobs and both example subsystems."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from govcloud.cli.home import Furnished, Home, furnish, home, migrate
from govcloud.cli.seed.sizes import OFFERED
from govcloud.cli.stack import Ports, Stack, require_free, stack, start_platform
from govcloud.settings import Settings

Report = Callable[[str, int, int], None]
_PORT = click.IntRange(1, 65_535)
_WATCH_SECONDS = 0.5


class _Stopped(Exception):
    """Somebody asked to stop: Ctrl-C, SIGTERM or a closed terminal."""


@click.command()
@click.option("--port", type=_PORT, default=8000, show_default=True, help="The platform's port.")
@click.option("--housing-port", type=_PORT, default=8001, show_default=True, help="The port of the first example.")
@click.option("--assistance-port", type=_PORT, default=8002, show_default=True, help="The port of the second example.")
@click.option("--size", type=click.Choice(OFFERED), default="dev", show_default=True, help="How big a province, at the first start.")
@click.option("--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default=True, help="Processes of the platform.")
@click.pass_context
def run(context: click.Context, *, port: int, housing_port: int, assistance_port: int, size: str, workers: int) -> None:
    """Start everything for a first look; Ctrl-C stops it, and the next start keeps the data.

    The data lie below GOVCLOUD_HOME (by default /var/lib/govcloud for root, else ~/.local/share/govcloud). DATABASE_URL and
    DATABASE_OWNER_URL name another PostgreSQL than the embedded one.
    """
    ports = Ports(port, housing_port, assistance_port)
    require_free(port, "the platform", "--port")
    require_free(housing_port, "housing", "--housing-port")
    require_free(assistance_port, "assistance", "--assistance-port")
    try:
        with _stoppable(), home() as place, stack(place.root / "logs") as running:
            _start(context, place, running, ports, size=size, workers=workers)
            _watch(running)
    except _Stopped:
        click.echo("stopped; the data is kept")


def _start(context: click.Context, place: Home, running: Stack, ports: Ports, *, size: str, workers: int) -> None:
    """Bring everything up and say where it is."""
    console = Console()
    os.environ["DATABASE_URL"] = place.database_url
    os.environ.setdefault("GOVCLOUD_MASTER_KEY_FILE", str(place.root / "master.key"))
    os.environ["GOVCLOUD_PUBLIC_URL"] = ports.platform_url
    os.environ.setdefault("GOVCLOUD_REPLICA_DIR", str(place.root / "replica"))
    with _bar(console) as bar:
        tables = bar.add_task("tables", total=1)
        migrate(place)
        bar.update(tables, completed=1)
        furnished = furnish(context, place, size, ports.example_urls, _reporter(bar))
        servers = bar.add_task("servers", total=1)
        start_platform(running, ports, {}, furnished.client_secrets, workers)
        bar.update(servers, completed=1)
    _show(console, place, ports, furnished)


def _watch(running: Stack) -> None:
    """Stay until somebody asks to stop.

    Raises:
        ClickException: a process ended by itself; shows the end of its output.
    """
    while True:
        for process in running.processes:
            if (code := process.popen.poll()) is not None:
                raise click.ClickException(f"{process.name} ended by itself (exit code {code}):\n{process.last_lines()}")
        time.sleep(_WATCH_SECONDS)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Turn the first Ctrl-C, SIGTERM or hang-up into ``_Stopped``; further ones wait until all is stopped in order."""
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        for number in wanted:
            signal.signal(number, signal.SIG_IGN)
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _bar(console: Console) -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<16}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True)


def _reporter(bar: Progress) -> Report:
    """Return what draws the stages of the seed."""
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total)
        bar.update(tasks[stage], completed=done)

    return report


def _show(console: Console, place: Home, ports: Ports, furnished: Furnished) -> None:
    """Print where everything is, and who may look around."""
    addresses = Table(box=None, show_header=False)
    addresses.add_row("platform", f"{ports.platform_url}/")
    addresses.add_row("console", f"{ports.platform_url}/console/")
    for code, url in ports.example_urls.items():
        addresses.add_row(f"example: {code}", url)
    addresses.add_row("data and logs", str(place.root))
    console.print(addresses)
    accounts = Table(title="sample accounts (passwords made for this run)", title_justify="left")
    for column in ("login", "password", "name"):
        accounts.add_column(column, no_wrap=True)
    accounts.add_column("who", overflow="fold")
    for account in furnished.accounts:
        accounts.add_row(account.login, account.password, account.name, account.description)
    console.print(accounts)
    if ports.platform_url != Settings.model_fields["public_url"].default:
        console.print(f"commands in another terminal need: export GOVCLOUD_PUBLIC_URL={ports.platform_url}")
    console.print("Ctrl-C stops everything; the data is kept.")
