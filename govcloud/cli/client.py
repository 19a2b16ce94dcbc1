"""``govcloud client``: register and change the clients of subsystems, by hand or by file, and test their connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from govcloud.cli.client_files import placed_errors, read_files, told, written
from govcloud.cli.context import operator, platform
from govcloud.cli.tables import show as show_rows
from govcloud.kernel.errors import Invalid
from govcloud.kernel.validation import Fields
from govcloud.subsystems.clients.client_records import ADDRESSES, as_record, read_settings
from govcloud.subsystems.inputs import CLIENT_ROLES, ClientCredentials, NewClient
from govcloud.subsystems.probing.probes import FAILED
from govcloud.subsystems.protocols import AUTH_METHODS, OIDC, PROTOCOLS, PUBLIC, SECRET, ProtocolSettings

if TYPE_CHECKING:
    from govcloud.services import Services
    from govcloud.subsystems.queries import ClientView

_SET = click.option("--set", "values", multiple=True, metavar="FIELD=VALUE", help="a setting, its value written as YAML; may be repeated")


@click.group()
def client() -> None:
    """Register subsystems' clients, list them, rotate their secrets."""


@client.command()
@click.argument("subsystem")
@click.argument("client_id")
@click.option("--name", required=True, help="what people see")
@click.option("--protocol", type=click.Choice(PROTOCOLS), default=OIDC, show_default=True)
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="exact address to come back to; may be repeated")
@click.option("--post-logout-uri", "post_logout_uris", multiple=True, help="exact address after sign-out; may be repeated")
@click.option("--service", "cas_services", multiple=True, help="how addresses of a CAS service begin; may be repeated")
@click.option("--origin", "origins", multiple=True, help="scheme, host and port of an application behind a proxy; may be repeated")
@click.option("--public", is_flag=True, help="the client cannot keep a secret and gets none")
@click.option("--auth-method", type=click.Choice(AUTH_METHODS), default=SECRET, show_default=True)
@_SET
@click.pass_context
def register(
    context: click.Context,
    *,
    subsystem: str,
    client_id: str,
    name: str,
    protocol: str,
    redirect_uris: tuple[str, ...],
    post_logout_uris: tuple[str, ...],
    cas_services: tuple[str, ...],
    origins: tuple[str, ...],
    public: bool,
    auth_method: str,
    values: tuple[str, ...],
) -> None:
    """Register CLIENT_ID for SUBSYSTEM (its code) and print the secret this once."""
    with platform(context) as services:
        settings = _settings(protocol, _assigned(values))
        addresses = (redirect_uris, post_logout_uris, cas_services, origins)
        row = NewClient(subsystem, client_id, name, *addresses, auth_method=PUBLIC if public else auth_method, settings=settings)
        _print(services.subsystems.register_client(operator(), row))


@client.command()
@click.argument("client_id")
@_SET
@click.option("--dry-run", is_flag=True, help="say what would differ, write nothing")
@click.pass_context
def change(context: click.Context, client_id: str, *, values: tuple[str, ...], dry_run: bool) -> None:
    """Change fields of CLIENT_ID; those that are not set stay."""
    with platform(context) as services:
        view = _view(services, client_id)
        given = _assigned(values)
        unknown = set(given) - set(as_record(view))
        if unknown:
            raise click.ClickException(f"there is no field {', '.join(sorted(unknown))}; it has: {', '.join(as_record(view))}")
        row = _as_new(view, as_record(view) | given)
        [brought] = services.subsystems.bring_clients(operator(), [row], dry_run=dry_run)
        click.echo("\n".join(told(brought)))
        if brought.secret:
            click.echo(f"secret (shown this once): {brought.secret}")


@client.command()
@click.argument("client_id")
@click.pass_context
def show(context: click.Context, client_id: str) -> None:
    """Show everything about CLIENT_ID but its secret, which nobody can show."""
    with platform(context) as services:
        view = _view(services, client_id)
        rows = {"client_id": view.client_id, "subsystem": view.subsystem_code, "protocol": view.protocol} | as_record(view)
        show_rows(("field", "value"), ((name, _shown(value)) for name, value in rows.items()))


@client.command()
@click.argument("client_id")
@click.pass_context
def test(context: click.Context, client_id: str) -> None:
    """Knock at the registered addresses of CLIENT_ID and say what answers; fails when a check does."""
    with platform(context) as services:
        found = services.probing.run(operator(), client_id)
        for one in found:
            remedy = f" {one.verdict.remedy}" if one.verdict.remedy else ""
            click.echo(f"{one.verdict.outcome}\t{one.planned.key}\t{one.planned.address}\t{one.verdict.message}{remedy}")
        if any(one.verdict.outcome == FAILED for one in found):
            context.exit(1)


@client.command("export")
@click.argument("subsystem", required=False)
@click.pass_context
def export_file(context: click.Context, subsystem: str | None) -> None:
    """Write the enabled clients of SUBSYSTEM, or of all, as YAML; secrets are never part of it."""
    with platform(context) as services:
        codes = [subsystem] if subsystem is not None else [view.code for view in services.subsystem_queries.all()]
        if subsystem is not None and services.subsystem_queries.subsystem(subsystem) is None:
            raise click.ClickException(f"there is no subsystem {subsystem!r}")
        views = [view for code in codes for view in services.subsystem_queries.clients_of(code) if not view.disabled]
        click.echo(written(views), nl=False)


@client.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="say what would differ, write nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def import_files(context: click.Context, *, files: tuple[Path, ...], dry_run: bool, yes: bool) -> None:
    """Register and change clients as FILES say: all of them or none; what they do not name stays."""
    placed = read_files(files)
    rows = [one.client for one in placed]
    with platform(context) as services:
        try:
            planned = services.subsystems.bring_clients(operator(), rows, dry_run=True)
            click.echo("\n".join(line for one in planned for line in told(one)))
            if dry_run or all(one.action == "same" for one in planned):
                click.echo("nothing was written")
                return
            if not yes:
                click.confirm("Go on?", abort=True)
            done = services.subsystems.bring_clients(operator(), rows)
        except Invalid as error:
            raise click.ClickException(placed_errors(error, placed)) from error
        for one in done:
            if one.secret:
                click.echo(f"{one.client_id}\tsecret (shown this once): {one.secret}")
        click.echo(f"{sum(one.action == 'new' for one in done)} new, {sum(one.action == 'changed' for one in done)} changed")


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
            ("client_id", "subsystem", "protocol", "authentication", "state", "addresses"),
            (
                (
                    view.client_id,
                    view.subsystem_code,
                    view.protocol,
                    view.auth_method,
                    "disabled" if view.disabled else "enabled",
                    " ".join((*view.redirect_uris, *view.services, *view.origins)),
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


def _assigned(values: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of ``--set``."""
    given: dict[str, Any] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            raise click.BadParameter(f"{value!r} is not FIELD=VALUE", param_hint="--set")
        try:
            given[name] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise click.BadParameter(f"{name}: {error}", param_hint="--set") from error
    return given


def _settings(protocol: str, given: Mapping[str, Any]) -> ProtocolSettings:
    notes = Fields()
    settings = read_settings(protocol, given, notes)
    notes.done()
    return settings


def _as_new(view: ClientView, record: Mapping[str, Any]) -> NewClient:
    """Return a client as it is to be, from its record."""
    own = set(as_record(view)) - {"name", "auth_method", *ADDRESSES}
    settings = _settings(view.protocol, {name: record[name] for name in own})
    lists = {name: record[name] if isinstance(record[name], list) else [record[name]] for name in ADDRESSES}
    redirects, after, services, origins = (tuple(str(item) for item in items) for items in lists.values())
    name, method = str(record["name"]), str(record["auth_method"])
    return NewClient(view.subsystem_code, view.client_id, name, redirects, after, services, origins, method, settings)


def _view(services: Services, client_id: str) -> ClientView:
    view = services.subsystem_queries.client_by_client_id(client_id)
    if view is None:
        raise click.ClickException(f"there is no enabled client {client_id!r}")
    return view


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
