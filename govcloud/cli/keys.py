"""``govcloud keys``: the master key and the signing keys."""

from __future__ import annotations

import click

from govcloud.cli.context import operator, platform, settings_of
from govcloud.kernel.crypto import create_master_key


@click.group()
def keys() -> None:
    """Make the master key and the signing keys."""


@keys.command()
@click.pass_context
def init(context: click.Context) -> None:
    """Make what is missing: the master key file (mode 0600) and the first signing key."""
    path = settings_of().master_key_file
    create_master_key(path)
    with platform(context) as services:
        services.keys.ensure_signing_key(services.uow, operator())
        kids = [key["kid"] for key in services.keys.jwks()["keys"]]
    click.echo(f"master key: {path} (keep a copy apart from the database's backups)")
    click.echo(f"signing keys: {', '.join(kids)}")
