"""``govcloud signon``: the rules of sign-on, a person's sessions, and the delivery record of sign-out."""

from __future__ import annotations

import click

from govcloud.cli.context import operator, platform
from govcloud.cli.rulebooks import set_rules, show_rules
from govcloud.cli.tables import show as show_rows
from govcloud.identity.views import OfficialView
from govcloud.services import Services


@click.group()
def signon() -> None:
    """Read and set the rules of sign-on, see and end sessions, follow sign-outs."""


@signon.group()
def policy() -> None:
    """Show and set the rules for sessions, passwords, locks and second factors."""


@policy.command()
@click.pass_context
def show(context: click.Context) -> None:
    """Show the rules that hold, with their bounds."""
    with platform(context) as services:
        show_rules(services.signon_policies)


@policy.command("set")
@click.argument("rules", nargs=-1, required=True, metavar="RULE=VALUE...")
@click.option("--reason", required=True, help="stands in the audit record")
@click.pass_context
def change(context: click.Context, *, rules: tuple[str, ...], reason: str) -> None:
    """Change rules, as in: govcloud signon policy set session_idle_minutes=20 --reason '…'."""
    with platform(context) as services:
        set_rules(services.signon_policies, rules, reason)


@signon.command()
@click.argument("employee_code")
@click.pass_context
def sessions(context: click.Context, employee_code: str) -> None:
    """List the live sessions of EMPLOYEE_CODE and the subsystems that take part."""
    with platform(context) as services:
        person = _person(services, employee_code)
        live = services.signon.sessions_of(person.id)
        stays = services.logout_queries.stays_of(view.session_id for view in live)
        if not live:
            click.echo(f"{person.name} is not signed in")
            return
        show_rows(
            ("session", "since", "last seen", "address", "subsystems"),
            (
                (
                    str(view.session_id),
                    f"{view.started_at:%Y-%m-%dT%H:%MZ}",
                    f"{view.last_seen_at:%Y-%m-%dT%H:%MZ}",
                    view.source_address or "—",
                    " ".join(stay.client_id for stay in stays.get(view.session_id, ()) if stay.ended_at is None) or "—",
                )
                for view in live
            ),
        )


@signon.command()
@click.argument("employee_code")
@click.option("--session", "session_id", type=click.UUID, help="only this one  [default: all]")
@click.option("--reason", required=True, help="stands in the audit record")
@click.pass_context
def end(context: click.Context, *, employee_code: str, session_id: object, reason: str) -> None:
    """End the sessions of EMPLOYEE_CODE; every subsystem that takes part is told."""
    with platform(context) as services:
        person = _person(services, employee_code)
        ended = services.logout.end_sessions(operator(), person.id, reason, session_id=session_id)  # type: ignore[arg-type]
        click.echo(f"ended {ended} session(s) of {person.name}")


@signon.command()
@click.pass_context
def logouts(context: click.Context) -> None:
    """Show how each client keeps up with sign-outs: what waits, fails, was given up, and the last day's median time."""
    with platform(context) as services:
        views = services.logout_queries.deliveries()
        if not views:
            click.echo("nobody had to be told of a sign-out in the last day")
            return
        show_rows(
            ("client_id", "channel", "waiting", "failing", "given up", "acknowledged", "median"),
            (
                (
                    view.client_id,
                    view.channel,
                    str(view.waiting),
                    str(view.failing),
                    str(view.given_up),
                    str(view.acknowledged),
                    "—" if view.middle is None else f"{view.middle.total_seconds():.1f} s",
                )
                for view in views
            ),
        )


@signon.command()
@click.argument("client_id")
@click.pass_context
def retry(context: click.Context, client_id: str) -> None:
    """Have the notices of CLIENT_ID that are not acknowledged sent again at once."""
    with platform(context) as services:
        click.echo(f"{services.logout.retry(operator(), client_id)} notice(s) will be sent again")


def _person(services: Services, employee_code: str) -> OfficialView:
    person = services.identity_queries.official_by_code(employee_code)
    if person is None:
        raise click.ClickException(f"there is nobody with the employee code {employee_code!r}")
    return person
