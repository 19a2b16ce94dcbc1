"""``govcloud backup`` and ``govcloud restore``: PostgreSQL's own pg_dump and pg_restore on the platform's database."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import click
from rich.console import Console
from sqlalchemy import make_url

from govcloud.cli.context import settings_of
from govcloud.kernel import schema
from govcloud.kernel.embedded_postgres import client_program
from govcloud.settings import Settings

_KEY_REMINDER = (
    "The backup holds no key. Without the master key {file} what is sealed in it (ID numbers, phones, signing keys) cannot be read: "
    "keep a copy of that file apart from the backups."
)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE when it exists.")
def backup(file: Path, *, force: bool) -> None:
    """Write the whole database to FILE (mode 0600), while the platform goes on working."""
    settings = settings_of()
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists; name another file, or add --force")
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    # pg_dump writes into what is open already, so the file is private from its first byte on.
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out, Console().status(f"writing {file}"):
        _call("pg_dump", settings, ["--format", "custom", "--no-password"], stdout=out.fileno())
    partial.replace(file)
    click.echo(f"{file}: {file.stat().st_size / 1_048_576:.1f} MiB, revision {schema.current_revision(settings.database_url)}")
    click.echo(_KEY_REMINDER.format(file=settings.master_key_file))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Bring FILE back into an empty database (`govcloud db prepare` makes one); all of it or nothing."""
    settings = settings_of()
    if (revision := schema.current_revision(settings.database_url)) is not None:
        raise click.ClickException(f"the database is not empty (revision {revision}); restore into an empty one")
    with Console().status(f"reading {file}"):
        options = ["--no-password", "--single-transaction", "--exit-on-error", "--no-owner"]
        _call("pg_restore", settings, [*options, "--dbname", _database(settings), str(file)])
    click.echo(f"restored, revision {schema.current_revision(settings.database_url)}; next: govcloud doctor, govcloud audit verify")
    click.echo(_KEY_REMINDER.format(file=settings.master_key_file))


def _database(settings: Settings) -> str:
    return str(make_url(_owner_url(settings)).database)


def _owner_url(settings: Settings) -> str:
    """Return the owner's address: the record's tables and the rights on them are the owner's to read and to make."""
    if settings.database_owner_url is None:
        raise click.ClickException("DATABASE_OWNER_URL is not set: a backup is made and restored as the role that owns the tables")
    return settings.database_owner_url


def _call(program: str, settings: Settings, arguments: list[str], stdout: int | None = None) -> None:
    """Run one of PostgreSQL's programs as the owner; the password travels in the environment, not on the command line.

    Raises:
        ClickException: with the program's own complaint.
    """
    url = make_url(_owner_url(settings))
    host = url.host or url.query.get("host")
    port = url.port or url.query.get("port")
    given = {"PGHOST": host, "PGPORT": port, "PGUSER": url.username, "PGPASSWORD": url.password, "PGDATABASE": url.database}
    environment = {**os.environ, **{name: str(value) for name, value in given.items() if value is not None}}
    result = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        [client_program(program), *arguments], env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )
    if result.returncode:
        raise click.ClickException(f"{program}: {result.stderr.strip().splitlines()[0] if result.stderr.strip() else 'failed'}")
