"""``govcloud replica``: keep this machine's replica of what decisions read, build it anew, see how it is doing."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from govcloud.cli.context import settings_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from govcloud.authorization.replica.place import Place
    from govcloud.settings import Settings


@click.group()
def replica() -> None:
    """Keep this machine's replica of what decisions read, so that a check takes microseconds instead of statements."""


@replica.command()
def keep() -> None:
    """Build the replica and follow the database with it, until SIGTERM or Ctrl-C; one process a machine.

    DATABASE_URL must lead to the primary itself, past any pooler: the keeper listens for changes.
    """
    from govcloud.authorization.replica.keeper import Keeper  # noqa: PLC0415 - only where one is kept
    from govcloud.kernel.clock import SystemClock  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stopped = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    with _setting() as (place, settings), _database(settings) as engine:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        Keeper(engine, place, SystemClock()).keep(lambda: stopped)


@replica.command()
def rebuild() -> None:
    """Build the replica anew; a keeper that is at work does it at once, and decisions read the database meanwhile."""
    from govcloud.authorization.replica.keeper import Keeper  # noqa: PLC0415
    from govcloud.authorization.replica.place import BusyError  # noqa: PLC0415
    from govcloud.kernel.clock import SystemClock  # noqa: PLC0415

    with _setting() as (place, settings), _database(settings) as engine:
        try:
            built = Keeper(engine, place, SystemClock()).rebuild()
        except BusyError:
            place.ask_for_rebuild()
            click.echo("the keeper that is at work here builds it anew; see: govcloud replica status")
            return
    click.echo(f"{built.people} people, {built.departments} departments, {built.functions} functions in {built.seconds:.1f} s")
    click.echo("nobody keeps it: run `govcloud replica keep`")


@replica.command()
def status() -> None:
    """Show how the replica is doing; exit code 1 when workers do not use it."""
    from sqlalchemy.orm import Session  # noqa: PLC0415

    from govcloud.authorization.replica.status import status_of  # noqa: PLC0415

    with _setting() as (place, settings), _database(settings) as engine:
        with Session(engine) as session:
            found = status_of(place, session)
        click.echo(f"{place.current}, {found.bytes / 2**20:.1f} MiB")
        click.echo(f"{found.people} people, {found.departments} departments, {found.functions} functions")
        click.echo(f"change {found.epoch} of {found.database_epoch}, its keeper was there {found.silent_for:.2f} s ago")
        if (fault := found.fault(settings.replica_bound_seconds)) is not None:
            raise click.ClickException(f"workers do not use it: {fault}")


@contextmanager
def _setting() -> Iterator[tuple[Place, Settings]]:
    """Give where the replica lies, with the settings; what is wrong with it becomes one line."""
    from govcloud.authorization.replica.place import Place, ReplicaError  # noqa: PLC0415

    settings = settings_of()
    if settings.replica_dir is None:
        raise click.ClickException("GOVCLOUD_REPLICA_DIR is not set: decisions read the database")
    try:
        yield Place(settings.replica_dir), settings
    except ReplicaError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    from sqlalchemy import NullPool, create_engine  # noqa: PLC0415

    from govcloud.kernel.connections import NOTICING  # noqa: PLC0415

    # Until it is noticed that the server vanished, no heartbeat says that all is well: sooner than elsewhere.
    noticing = {**NOTICING, "tcp_user_timeout": 5_000, "application_name": "govcloud keeper"}
    engine = create_engine(settings.database_url, poolclass=NullPool, hide_parameters=True, connect_args=noticing)
    try:
        yield engine
    finally:
        engine.dispose()
