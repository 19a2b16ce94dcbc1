"""``govcloud client``: register the clients of subsystems, list them, rotate their secrets."""

from __future__ import annotations

import click

from govcloud.cli.context import operator, platform
from govcloud.cli.tables import show as show_rows
from govcloud.subsystems.inputs import CLIENT_ROLES, ClientCredentials, NewClient
from govcloud.subsystems.protocols import PUBLIC, SECRET


@click.group()
def client() -> None:
    """Register subsystems' clients, list them, rotate their secrets."""


@client.command()
@click.argument("subsystem")
@click.argument("client_id")
@click.option("--name", required=True, help="what people see")
@click.option("--redirect-uri", "redirect_uris", multiple=True, required=True, help="exact address to come back to; may be repeated")
@click.option("--post-logout-uri", "post_logout_uris", multiple=True, help="exact address after sign-out; may be repeated")
@click.option("--public", is_flag=True, help="the client cannot keep a secret and gets none")
@click.pass_context
def register(
    context: click.Context,
    *,
    subsystem: str,
    client_id: str,
    name: str,
    redirect_uris: tuple[str, ...],
    post_logout_uris: tuple[str, ...],
    public: bool,
) -> None:
    """Register CLIENT_ID for SUBSYSTEM (its code) and print the secret this once."""
    with platform(context) as services:
        row = NewClient(subsystem, client_id, name, redirect_uris, post_logout_uris, auth_method=PUBLIC if public else SECRET)
        _print(services.subsystems.register_client(operator(), row))


@client.command("list")
@click.argument("subsystem", required=False)
@click.pass_context
def list_all(context: click.Context, subsystem: str | None) -> None:
    """List the clients of SUBSYSTEM, or of all subsystems."""
    with platform(context) as services:
        queries = services.subsystem_queries
        if subsystem is not None and queries.subsystem(subsystem) is None:
            raise click.ClickException(f"there is no subsystem {subsystem!r}")
        codes = [subsystem] if subsystem is not None else [view.code for view in queries.all()]
        views = [view for code in codes for view in queries.clients_of(code)]
        if not views:
            click.echo("no client is registered; try: govcloud client register")
            return
        show_rows(
            ("client_id", "subsystem", "kind", "state", "redirect addresses"),
            (
                (
                    view.client_id,
                    view.subsystem_code,
                    "public" if view.public else "confidential",
                    "disabled" if view.disabled else "enabled",
                    " ".join(view.redirect_uris),
                )
                for view in views
            ),
        )


@client.command("rotate-secret")
@click.argument("client_id")
@click.pass_context
def rotate_secret(context: click.Context, client_id: str) -> None:
    """Give CLIENT_ID another secret, printed this once; the old one stops working at once."""
    with platform(context) as services:
        _print(services.subsystems.rotate_client_secret(operator(), client_id))


@client.command()
@click.argument("client_id")
@click.confirmation_option(prompt="A disabled client cannot sign anybody in any more. Go on?")
@click.pass_context
def disable(context: click.Context, client_id: str) -> None:
    """Close CLIENT_ID for good."""
    with platform(context) as services:
        services.subsystems.disable_client(operator(), client_id)
        click.echo(f"disabled {client_id}")


@client.command()
@click.argument("client_id")
@click.option("--role", "roles", multiple=True, type=click.Choice(CLIENT_ROLES), help="what it may do, repeatable; none takes all away")
@click.option("--reason", required=True, help="stands in the audit record")
@click.pass_context
def entrust(context: click.Context, client_id: str, *, roles: tuple[str, ...], reason: str) -> None:
    """Let CLIENT_ID act for the platform itself, e.g. as the source of people and organisation."""
    with platform(context) as services:
        services.subsystems.entrust_client(operator(), client_id, roles, reason)
        click.echo(f"{client_id}: {', '.join(sorted(roles)) or 'nothing beyond its own subsystem'}")


def _print(credentials: ClientCredentials) -> None:
    click.echo(f"client_id: {credentials.client_id}")
    click.echo(f"secret (shown this once): {credentials.secret}" if credentials.secret else "a public client has no secret")
