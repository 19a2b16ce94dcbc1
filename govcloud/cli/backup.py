"""``govcloud backup`` and ``govcloud restore``: PostgreSQL's own pg_dump, pg_restore and psql on the platform's database."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from itertools import islice
from pathlib import Path
from typing import IO

import click
from rich.console import Console
from sqlalchemy import URL, make_url

from govcloud.cli.context import settings_of
from govcloud.kernel import schema
from govcloud.kernel.embedded_postgres import client_program
from govcloud.settings import Settings

_KEY_REMINDER = (
    "The backup holds no key. Without the master key {file} what is sealed in it (ID numbers, phones, signing keys) cannot be read: "
    "keep a copy of that file apart from the backups."
)
#: pg_restore sets this for every server, and those before 17 do not know it: connected to one, it would give up at once.
_ONLY_SINCE_17 = b"SET transaction_timeout = 0;\n"
_HEADER_LINES = 40
_WITH_TLS = frozenset({"require", "verify-ca", "verify-full"})


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
        command, environment = _program("pg_dump", settings, "--format", "custom")
        done = subprocess.run(command, env=environment, stdout=out.fileno(), stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603 - PostgreSQL's own
    if done.returncode:
        raise _complaint("pg_dump", done.stderr)
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
        _replay(file, settings)
    click.echo(f"restored, revision {schema.current_revision(settings.database_url)}; next: govcloud doctor, govcloud audit verify")
    click.echo(_KEY_REMINDER.format(file=settings.master_key_file))


def _owner_url(settings: Settings) -> str:
    """Return the owner's address: the record's tables and the rights on them are the owner's to read and to make."""
    if settings.database_owner_url is None:
        raise click.ClickException("DATABASE_OWNER_URL is not set: a backup is made and restored as the role that owns the tables")
    return settings.database_owner_url


def _program(name: str, settings: Settings, *options: str) -> tuple[list[str], dict[str, str]]:
    """Return command line and environment of a program that works as the owner; the password stands in the environment only."""
    url = make_url(_owner_url(settings)).set(drivername="postgresql")
    address = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    command = [_found(name, address), "--dbname", address.render_as_string(), "--no-password", *options]
    return command, {**os.environ, "PGPASSWORD": url.password or ""}


def _found(name: str, address: URL) -> str:
    """Return the path of a program: the bundled one, or the system's where the address asks for TLS, which the bundled ones lack.

    Raises:
        ClickException: the system's is needed and not installed.
    """
    if address.query.get("sslmode") not in _WITH_TLS:
        return str(client_program(name))
    if (path := shutil.which(name)) is None:
        raise click.ClickException(
            f"the database's address asks for TLS, which the bundled {name} cannot do; install PostgreSQL's own (Debian: postgresql-client)"
        )
    return path


def _replay(file: Path, settings: Settings) -> None:
    """Have pg_restore write the backup as SQL, and psql run that in one transaction.

    Raises:
        ClickException: with the complaint of the one that failed; the database is then as empty as before.
    """
    reading = [str(client_program("pg_restore")), "--no-owner", "--file", "-", str(file)]
    writing, environment = _program("psql", settings, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1")
    with (
        tempfile.TemporaryFile("w+") as read_errors,
        tempfile.TemporaryFile("w+") as write_errors,
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=read_errors) as reader,  # noqa: S603 - PostgreSQL's own programs
        subprocess.Popen(  # noqa: S603 - the same
            writing, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=write_errors
        ) as writer,
    ):
        try:
            _hand_over(reader, writer)
        except BrokenPipeError:  # psql gave up, and says why
            reader.kill()
        if writer.wait():
            raise _complaint("psql", _said(write_errors))
        if reader.wait():
            raise _complaint("pg_restore", _said(read_errors))


def _hand_over(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes]) -> None:
    """Pass the SQL on, without the one line of its head that older servers do not know; commit only what came whole."""
    assert reader.stdout is not None  # noqa: S101 - both are pipes
    assert writer.stdin is not None  # noqa: S101
    with writer.stdin as target:
        target.write(b"BEGIN;\n")
        target.writelines(line for line in islice(reader.stdout, _HEADER_LINES) if line != _ONLY_SINCE_17)
        shutil.copyfileobj(reader.stdout, target)
        if reader.wait() == 0:
            target.write(b"COMMIT;\n")


def _said(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _complaint(program: str, said: str) -> click.ClickException:
    lines = said.strip().splitlines()
    return click.ClickException(f"{program}: {lines[0] if lines else 'failed'}")
