"""The part of ``govcloud people`` about what stands beside the duties: facts, a mistyped ID number, the early end of one appointment."""

from __future__ import annotations

from typing import Any

import click

from govcloud.cli.changes import find
from govcloud.cli.context import operator, platform, secret_line
from govcloud.cli.imports import department_named
from govcloud.cli.policy_impact import show_label_of_person
from govcloud.identity.inputs import MOST_LABEL, STAFFING_TYPES, OfficialChange

_REASON = click.option("--reason", required=True, help="stands in the audit record")


@click.command()
@click.argument("employee_code")
@click.option("--name")
@click.option("--phone", help="an empty text takes the number away")
@click.option("--rank", help="职级, e.g. 一级科员")
@click.option("--staffing", "staffing_type", type=click.Choice(STAFFING_TYPES))
@click.option("--security-label", type=click.IntRange(0, MOST_LABEL))
@click.option("--dry-run", is_flag=True, help="with --security-label: show what it would open and close; change nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def change(
    context: click.Context,
    /,
    employee_code: str,
    *,
    dry_run: bool,
    yes: bool,
    **given: Any,  # noqa: ANN401 - the options of a change
) -> None:
    """Change facts about an official; what no option names stays. What another security label opens and closes is shown first."""
    with platform(context) as services:
        official, label = find(services, employee_code), given["security_label"]
        relabels = label is not None and label != official.security_label
        touched = show_label_of_person(services, official, label) if relabels else 0
        if dry_run:
            return
        if touched and not yes:
            click.confirm("set this label?", abort=True)
        changed = services.identity.change_official(operator(), official.id, OfficialChange(**given))
        click.echo(f"changed {official.name} ({official.employee_code})" if changed else "it was so already")


@click.command("correct-id-number")
@click.argument("employee_code")
@click.pass_context
def correct_id_number(context: click.Context, employee_code: str) -> None:
    """Put the right ID number in place of a mistyped one; it is asked for or read from standard input, never an option."""
    number = secret_line("ID number")
    with platform(context) as services:
        official = find(services, employee_code)
        corrected = services.identity.correct_id_number(operator(), official.id, number)
        click.echo(f"corrected {official.name} ({official.employee_code})" if corrected else "it was so already")


@click.command("end-appointment")
@click.argument("employee_code")
@click.argument("uscc")
@click.option("--position", help="岗位, when there are several in the department")
@_REASON
@click.pass_context
def end_appointment(context: click.Context, employee_code: str, uscc: str, position: str | None, reason: str) -> None:
    """End the appointment of an official in the department USCC now."""
    with platform(context) as services:
        official, department = find(services, employee_code), department_named(services, uscc)
        held = [
            place
            for place in services.identity_queries.appointments_of(official.id)
            if place.department_id == department.id and position in {None, place.position}
        ]
        if len(held) != 1:
            raise click.ClickException(f"{official.name} has {len(held)} such appointments in {department.name}; name one with --position")
        services.identity.end_appointment(operator(), held[0].id, reason)
        click.echo(f"ended: {official.name}, {department.name} · {held[0].position}")


COMMANDS = (change, correct_id_number, end_appointment)
