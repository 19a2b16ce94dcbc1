"""``govcloud db``: the roles and the database on a server of one's own, and the tables in it."""

from __future__ import annotations

import secrets

import click
from sqlalchemy import make_url

from govcloud.cli.context import settings_of
from govcloud.kernel import schema
from govcloud.kernel.provisioning import APP_ROLE, DATABASE, OWNER_ROLE, prepare_database, role_of, with_database
from govcloud.settings import Settings


@click.group()
def db() -> None:
    """Prepare, upgrade and check the database."""


@db.command()
@click.option(
    "--admin-url", envvar="GOVCLOUD_ADMIN_URL", required=True, help="A superuser's address, postgresql://…; better by GOVCLOUD_ADMIN_URL."
)
@click.option("--database", default=DATABASE, show_default=True, help="The name of the database.")
@click.option("--owner", default=OWNER_ROLE, show_default=True, help="The role that owns the tables.")
@click.option("--app", default=APP_ROLE, show_default=True, help="The role that the platform works under.")
def prepare(admin_url: str, database: str, owner: str, app: str) -> None:
    """Make both roles (with fresh passwords) and the database on a PostgreSQL 15 or newer; print the settings for it.

    Running it again gives the roles other passwords and changes nothing else.
    """
    passwords = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    prepare_database(admin_url, owner_password=passwords[0], app_password=passwords[1], database=database, owner=owner, app=app)
    click.echo("# the platform's settings; keep them readable by its account alone")
    click.echo(f"DATABASE_URL={with_database(admin_url, database, role=app, password=passwords[1])}")
    click.echo("# only for `govcloud db`; the serving processes do without it")
    click.echo(f"DATABASE_OWNER_URL={with_database(admin_url, database, role=owner, password=passwords[0])}")


@db.command()
@click.option("--revision", default="head", show_default=True, help="Up to which revision.")
def upgrade(revision: str) -> None:
    """Bring the tables to the program's version; nothing happens when they are there already."""
    settings = settings_of()
    before = schema.current_revision(settings.database_url)
    schema.upgrade(_owner_url(settings), role_of(settings.database_url), revision)
    after = schema.current_revision(settings.database_url)
    click.echo(f"revision {after}, nothing to do" if before == after else f"revision {before or 'empty'} → {after}")


@db.command()
@click.argument("revision")
@click.confirmation_option(prompt="This drops columns and tables with what is in them. Is there a backup, and go on?")
def downgrade(revision: str) -> None:
    """Take the tables back to REVISION (`base` is the empty database)."""
    settings = settings_of()
    schema.downgrade(_owner_url(settings), role_of(settings.database_url), revision)
    click.echo(f"revision {schema.current_revision(_owner_url(settings)) or 'empty'}")


@db.command()
def check() -> None:
    """Say where the tables stand; exit code 1 when they are not what the program expects."""
    settings = settings_of()
    current, head = schema.current_revision(settings.database_url), schema.head_revision()
    if current != head:
        raise click.ClickException(f"the tables are at revision {current or 'empty'}, the program needs {head}; run: govcloud db upgrade")
    schema.check(_owner_url(settings), role_of(settings.database_url))
    click.echo(f"revision {current}, the tables are what the program expects")


def _owner_url(settings: Settings) -> str:
    """Return the owner's address.

    Raises:
        ClickException: it is not set, and the application's own role may not make tables.
    """
    if settings.database_owner_url is None:
        role = make_url(settings.database_url).username
        raise click.ClickException(
            f"DATABASE_OWNER_URL is not set: migrations run as the role that owns the tables, not as {role!r}; see: govcloud db prepare"
        )
    return settings.database_owner_url
