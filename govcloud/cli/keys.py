"""``govcloud keys``: the master key and the signing keys."""

from __future__ import annotations

import click
import psycopg
from sqlalchemy import make_url

from govcloud.cli.context import operator, platform, settings_of
from govcloud.kernel.crypto import create_master_key
from govcloud.settings import Settings


def _sealed_already(settings: Settings) -> bool:
    """Return whether something in the database was sealed, by whatever key."""
    url = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('signing_key') IS NOT NULL").fetchone() != (True,):
            return False
        return connection.execute("SELECT EXISTS (SELECT FROM signing_key) OR EXISTS (SELECT FROM official)").fetchone() == (True,)


@click.group()
def keys() -> None:
    """Make the master key and the signing keys."""


@keys.command()
@click.pass_context
def init(context: click.Context) -> None:
    """Make what is missing: the master key file (mode 0600) and the first signing key."""
    settings = settings_of()
    path = settings.master_key_file
    if not path.exists() and _sealed_already(settings):
        raise click.ClickException(
            f"{path} does not exist, but the database holds values that another master key sealed: put that key's file there; "
            "a new key would never open them"
        )
    create_master_key(path)
    with platform(context) as services:
        services.keys.ensure_signing_key(services.uow, operator())
        kids = [key["kid"] for key in services.keys.jwks()["keys"]]
    click.echo(f"master key: {path} (keep a copy apart from the database's backups)")
    click.echo(f"signing keys: {', '.join(kids)}")
