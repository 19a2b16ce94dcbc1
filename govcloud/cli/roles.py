"""``govcloud roles``: roles that people hold directly, the ceilings within which departments give them, and what somebody may do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from govcloud.cli.changes import CHINA, Moment, find
from govcloud.cli.context import operator, platform
from govcloud.cli.imports import department_named
from govcloud.cli.tables import show as show_rows
from govcloud.identity.queries import AppointmentView, OfficialView
from govcloud.services import Services

_REASON = click.option("--reason", required=True, help="stands in the audit record")
_YES = click.option("--yes", is_flag=True, help="do not ask")


@click.group()
def roles() -> None:
    """Give and end roles directly, for the exception that no duty covers; set ceilings; say what somebody may do and why."""


@roles.command("list")
@click.argument("employee_code")
@click.pass_context
def list_all(context: click.Context, employee_code: str) -> None:
    """List the roles that an official holds directly; those that follow from duties stand in `govcloud roles access`."""
    with platform(context) as services:
        official = find(services, employee_code)
        places = {place.id: place for place in services.identity_queries.appointments_of(official.id)}
        show_rows(
            ("assignment id", "role", "under", "over", "until", "reason"),
            (
                (
                    str(row.id),
                    row.role_code,
                    _place(places.get(row.appointment_id)) if row.appointment_id else "every appointment",
                    _over(services, row.department_path),
                    _day(row.ends_at),
                    row.reason,
                )
                for row in services.authorization_queries.assignments_of(official.id)
            ),
        )


@roles.command()
@click.argument("employee_code")
@click.argument("role_code")
@click.option("--under", "uscc", help="credit code: only under the appointment in this department  [default: under every one]")
@click.option("--over", help="credit code, for a delegated role: over this department and all below it")
@click.option("--until", type=Moment(), help="a date (midnight in China) or a moment; an office has no end")
@_REASON
@_YES
@click.pass_context
def give(
    context: click.Context,
    *,
    employee_code: str,
    role_code: str,
    uscc: str | None,
    over: str | None,
    until: datetime | None,
    reason: str,
    yes: bool,
) -> None:
    """Give ROLE_CODE to an official directly, after showing what it opens."""
    with platform(context) as services:
        official = find(services, employee_code)
        held = services.identity_queries.appointments_of(official.id)
        place = _under(services, official, held, uscc) if uscc else None
        scope: Mapping[str, Any] | None = {"department_path": department_named(services, over).path} if over else None
        shown = place.id if place else held[0].id if held else None
        gained = services.authorization_queries.giving.gained(official.id, shown, role_code, scope)
        if gained is None:
            click.echo(f"{official.name} may use nothing at all now; the role is open once that changes")
        else:
            show_rows(("opens", "name"), ((item.function, item.name) for item in gained))
        if not yes:
            click.confirm(f"give {role_code} to {official.name} ({official.employee_code})?", abort=True)
        given = services.authorization.assign_role(
            operator(), official.id, role_code, place.id if place else None, scope=scope, reason=reason, until=until
        )
        click.echo(f"gave {role_code} to {official.name}; to end it: govcloud roles end {given}")


@roles.command()
@click.argument("assignment_id", type=click.UUID)
@_REASON
@click.pass_context
def end(context: click.Context, assignment_id: UUID, reason: str) -> None:
    """Take a directly given role away at once; its id stands in `govcloud roles list`."""
    with platform(context) as services:
        ended = services.authorization.end_assignment(operator(), assignment_id, reason)
        click.echo("ended" if ended else "it had ended already")


@roles.command()
@click.argument("uscc")
@click.option("--role", "given", multiple=True, help="a role that may be given there, repeatable; without any option the ceiling is shown")
@click.option("--nothing", is_flag=True, help="nothing may be given there")
@click.option("--inherit", is_flag=True, help="the department above decides")
@click.option("--reason", default="", help="stands in the audit record; needed to set")
@click.pass_context
def ceiling(context: click.Context, uscc: str, *, given: tuple[str, ...], nothing: bool, inherit: bool, reason: str) -> None:
    """Show, or set, what administrators may give directly in a department and below."""
    if bool(given) + nothing + inherit > 1:
        raise click.UsageError("say one of --role, --nothing and --inherit")
    with platform(context) as services:
        department = department_named(services, uscc)
        if given or nothing or inherit:
            wanted = None if inherit else given
            changed = services.authorization.set_role_ceiling(operator(), department.id, wanted, reason)
            click.echo("set" if changed else "it was so already")
        found = services.authorization_queries.duties.ceiling(department.path)
        from_where = services.identity_queries.department(found.set_on) if found.set_on else None
        click.echo(f"{department.name}: {', '.join(sorted(found.roles)) or 'nothing may be given'}")
        click.echo(f"set on {from_where.name}" if from_where else "set nowhere above it")


@roles.command()
@click.argument("employee_code")
@click.option("--under", "uscc", help="credit code of the department of the appointment  [default: the primary one]")
@click.option("--at", type=Moment(), help="as of a date (midnight in China) or a moment  [default: now]")
@click.pass_context
def access(context: click.Context, employee_code: str, uscc: str | None, at: datetime | None) -> None:
    """Say what an official may do under an appointment, and why."""
    with platform(context) as services:
        official = find(services, employee_code)
        held = services.identity_queries.appointments_of(official.id, at)
        place = _under(services, official, held, uscc) if uscc else held[0] if held else None
        view = services.authorization_queries.access_of(official.id, place.id if place else None, at)
        click.echo(f"{official.name} ({official.employee_code}), {_place(place)}, at {view.at.astimezone(CHINA).isoformat()}")
        if view.refused is not None:
            click.echo(f"nothing: {view.refused}")
        show_rows(
            ("function", "name", "until", "through", "because"),
            (
                (item.function, item.name, _day(cause.ends_at), f"{cause.kind} {cause.held_role or ''}".strip(), cause.because)
                for item in view.functions
                for cause in item.causes
            ),
        )


def _under(services: Services, official: OfficialView, held: tuple[AppointmentView, ...], uscc: str) -> AppointmentView:
    """Return the appointment of an official in a department.

    Raises:
        ClickException: there is none, or more than one.
    """
    department = department_named(services, uscc)
    found = [place for place in held if place.department_id == department.id]
    if len(found) != 1:
        raise click.ClickException(f"{official.name} has {len(found)} appointments in {department.name}")
    return found[0]


def _over(services: Services, path: str | None) -> str:
    """Return the name of the department over which a delegated role reaches."""
    if path is None:
        return ""
    view = services.identity_queries.department(UUID(path.rstrip("/").rpartition("/")[2]))
    return view.name if view else path


def _place(place: AppointmentView | None) -> str:
    return f"{place.department_name} · {place.position}" if place else "no appointment"


def _day(moment: datetime | None) -> str:
    return moment.astimezone(CHINA).isoformat() if moment else ""
