"""``govcloud keys``: the master key and the signing keys."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click
import psycopg
from sqlalchemy import make_url

from govcloud.cli.context import operator, platform, settings_of
from govcloud.kernel.crypto import create_master_key
from govcloud.kernel.keys import RECEIPTS, SIGNS_AFTER, TOKENS, KeyView
from govcloud.settings import Settings

if TYPE_CHECKING:
    from govcloud.kernel.key_rotation import KeyRotation
    from govcloud.services import Services


def _sealed_already(settings: Settings) -> bool:
    """Return whether something in the database was sealed, by whatever key."""
    url = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('signing_key') IS NOT NULL").fetchone() != (True,):
            return False
        return connection.execute("SELECT EXISTS (SELECT FROM signing_key) OR EXISTS (SELECT FROM official)").fetchone() == (True,)


@click.group()
def keys() -> None:
    """Make the master key and the signing keys, and let these follow one another."""


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
        services.key_rotation.ensure(operator())
        services.receipt_key_rotation.ensure(operator())
        kids = [key["kid"] for key in services.keys.jwks()["keys"]]
    click.echo(f"master key: {path} (keep a copy apart from the database's backups)")
    click.echo(f"signing keys: {', '.join(kids)}")


_PURPOSE = click.option(
    "--purpose",
    type=click.Choice((TOKENS, RECEIPTS)),
    default=TOKENS,
    show_default=True,
    help="what the keys sign: tokens, or decision receipts",
)


def _rotation(services: Services, purpose: str) -> KeyRotation:
    return services.receipt_key_rotation if purpose == RECEIPTS else services.key_rotation


@keys.command("list")
@click.option("--all", "every", is_flag=True, help="also those that are no longer published")
@_PURPOSE
@click.pass_context
def show(context: click.Context, *, every: bool, purpose: str) -> None:
    """Show the signing keys, the newest first: which waits, which signs, which only verifies."""
    with platform(context) as services:
        now = services.clock.now()
        for key in services.keys.standing(purpose):
            if every or key.published_at(now):
                click.echo(_line(key, now))


@keys.command()
@click.option("--now", "at_once", is_flag=True, help="for keys that leaked: trust the present ones no more, at once")
@click.option("--dry-run", is_flag=True, help="say what would happen, and change nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@_PURPOSE
@click.pass_context
def rotate(context: click.Context, *, at_once: bool, dry_run: bool, yes: bool, purpose: str) -> None:
    """Make the next signing keys; they sign when everybody has had the time to read them."""
    with platform(context) as services:
        now = services.clock.now()
        for key in services.keys.standing(purpose):
            if key.published_at(now):
                click.echo(_line(key, now))
        click.echo(_NOW if at_once else _NEXT)
        if dry_run:
            return
        if not yes:
            click.confirm("Go on?", abort=True)
        rotation = _rotation(services, purpose)
        made = rotation.replace(operator()) if at_once else rotation.rotate(operator())
        for key in made:
            click.echo(_line(key, services.clock.now()))


# A kid is base64url, so one of thirty-two begins with a hyphen and looks like an option.
@keys.command(context_settings={"ignore_unknown_options": True})
@click.argument("kid")
@click.option("--now", "at_once", is_flag=True, help="for a key that leaked: nothing that it signed holds any more")
@click.option("--dry-run", is_flag=True, help="say what would happen, and change nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@_PURPOSE
@click.pass_context
def retire(context: click.Context, kid: str, *, at_once: bool, dry_run: bool, yes: bool, purpose: str) -> None:
    """Let the key KID sign no more; another one must be there to sign in its place."""
    with platform(context) as services:
        now = services.clock.now()
        for key in services.keys.standing(purpose):
            if key.kid == kid:
                click.echo(_line(key, now))
        click.echo(_WITHDRAWN if at_once else _RETIRED)
        if dry_run:
            return
        if not yes:
            click.confirm("Go on?", abort=True)
        rotation = _rotation(services, purpose)
        stop = rotation.withdraw if at_once else rotation.retire
        stop(operator(), kid)
    click.echo("done")


_MINUTES = int(SIGNS_AFTER.total_seconds()) // 60
_NEXT = (
    f"The next key of each algorithm is published now and signs in {_MINUTES} minutes; nothing breaks. "
    "`govcloud jobs` retires the one before."
)
_WITHDRAWN = (
    "Nothing that the key signed holds any more: access tokens that are out (five minutes at most) are refused and clients get new ones, "
    "and its ID tokens count for nothing at sign-out. Sessions and refresh tokens go on. Other processes follow within a minute. "
    "Of receipts: those that it signed verify no more; they stay on file, and whoever holds one is told that the key was withdrawn."
)
_NOW = (
    f"Every published key is withdrawn and new ones sign at once. {_WITHDRAWN} Subsystems that keep the published keys in a cache refuse "
    "new sign-ins until they read them again, which is within five minutes."
)
_RETIRED = "The key signs no more; it stays published until nothing that it signed can be valid."


def _line(key: KeyView, now: datetime) -> str:
    """Return a key in one line."""
    return f"{key.kid}  {key.algorithm}  {_state(key, now)}"


def _state(key: KeyView, now: datetime) -> str:
    if key.withdrawn_at is not None:
        return f"withdrawn {key.withdrawn_at:%Y-%m-%d %H:%M} UTC"
    if key.retired_at is not None:
        return f"retired {key.retired_at:%Y-%m-%d %H:%M} UTC, {'still' if key.published_at(now) else 'no longer'} published"
    return f"{'signs since' if key.signs_at(now) else 'waits until'} {key.signs_from:%Y-%m-%d %H:%M} UTC"
