"""``govcloud subsystem``: bring a relying system into service step by step, and see where it stands; changes: ``catalogue.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from govcloud.cli.catalogue import COMMANDS
from govcloud.cli.context import operator, platform
from govcloud.cli.tables import show as show_rows
from govcloud.subsystems.approval import TIERS, read_approval, written_approval
from govcloud.subsystems.changes import Binding
from govcloud.subsystems.inputs import MOST_LABEL, SCOPE_KINDS, NewFunction, NewItem, NewSubsystem

if TYPE_CHECKING:
    from govcloud.services import Services
    from govcloud.subsystems.checks import Checklist
    from govcloud.subsystems.queries import ItemView

_LEVEL = click.IntRange(0, 3)
_DRY_RUN = click.option("--dry-run", is_flag=True, help="run every check, write nothing")


@click.group()
def subsystem() -> None:
    """Register subsystems, their functions and items, and bring them into service."""


for _command in COMMANDS:
    subsystem.add_command(_command)


@subsystem.command()
@click.argument("code")
@click.option("--name", required=True, help="what people see")
@click.option("--owner", required=True, help="unified social credit code of the owning department")
@click.option("--level", type=_LEVEL, default=0, show_default=True, help="0 door, 1 claims, 2 checks, 3 row filters")
@click.option("--launch-url", help="where the workbench opens it")
@click.option("--webhook-url", help="told of grants that open and end")
@click.option("--description", default="")
@click.pass_context
def register(
    context: click.Context,
    *,
    code: str,
    name: str,
    owner: str,
    level: int,
    launch_url: str | None,
    webhook_url: str | None,
    description: str,
) -> None:
    """Register CODE; nobody sees it before it is published."""
    with platform(context) as services:
        department = services.identity_queries.department_by_uscc(owner)
        if department is None:
            raise click.ClickException(f"there is no department {owner!r}")
        services.subsystems.register_subsystem(
            operator(), NewSubsystem(code, name, department.id, level, launch_url, webhook_url, description)
        )
        click.echo(f"registered {code} for {department.name}")


@subsystem.command()
@click.argument("code")
@click.option("--name", required=True)
@click.option("--description", default="")
@click.option("--sensitive", is_flag=True)
@click.option("--level", type=_LEVEL, default=0, show_default=True)
@click.option("--label", type=click.IntRange(0, MOST_LABEL), default=0, show_default=True, help="its security label")
@click.option("--basis-note", default="", help="why it rests on no service item, where that is so")
@_DRY_RUN
@click.pass_context
def function(
    context: click.Context,
    *,
    code: str,
    name: str,
    description: str,
    sensitive: bool,
    level: int,
    label: int,
    basis_note: str,
    dry_run: bool,
) -> None:
    """Add the function CODE (subsystem:resource:action); <subsystem>:door:enter is the door."""
    with platform(context) as services:
        row = NewFunction(code, name, description, sensitive, level, basis_note, label)
        services.subsystems.add_functions(operator(), [row], dry_run=dry_run)
        click.echo(f"{code} can be added; nothing was written" if dry_run else f"added {code}")


@subsystem.command()
@click.argument("function")
@click.option("--name", required=True)
@click.option("--exposes", required=True, help="what one sees; the approver reads it")
@click.option("--tier", type=click.Choice(TIERS), default="one", show_default=True)
@click.option("--approval", default="", help="quorum: how many, e.g. 2; serial: the steps, e.g. owner,superior:2")
@click.option("--max-days", type=int, default=30, show_default=True)
@click.option("--case-number", is_flag=True, help="a request needs a case number")
@click.option("--scope", type=click.Choice(SCOPE_KINDS), default="division", show_default=True)
@_DRY_RUN
@click.pass_context
def item(
    context: click.Context,
    *,
    function: str,
    name: str,
    exposes: str,
    tier: str,
    approval: str,
    max_days: int,
    case_number: bool,
    scope: str,
    dry_run: bool,
) -> None:
    """Let FUNCTION be requested."""
    with platform(context) as services:
        row = NewItem(function, name, exposes, tier, max_days, case_number, scope, approval=read_approval(tier, approval))
        [item_id] = services.subsystems.offer_items(operator(), [row], dry_run=dry_run)
        click.echo(f"{name} can be offered; nothing was written" if dry_run else f"offered {name}: {item_id}")


@subsystem.command()
@click.argument("function")
@click.argument("service_items", nargs=-1, required=True)
@_DRY_RUN
@click.pass_context
def bind(context: click.Context, *, function: str, service_items: tuple[str, ...], dry_run: bool) -> None:
    """Say that FUNCTION serves SERVICE_ITEMS (implementation codes of 31 characters)."""
    with platform(context) as services:
        rows = [Binding(function, code) for code in service_items]
        new = services.subsystems.bind_functions(operator(), rows, dry_run=dry_run)
        click.echo(f"{new} new; nothing was written" if dry_run else f"bound {new}")


@subsystem.command()
@click.argument("code")
@click.option("--note", default="", help="stays with the step")
@click.pass_context
def submit(context: click.Context, *, code: str, note: str) -> None:
    """Hand CODE in to be checked; from then on it does not change."""
    _step(context, code, lambda services: services.subsystems.submit_subsystem(operator(), code, note))


@subsystem.command()
@click.argument("code")
@click.option("--note", default="", help="stays with the step")
@click.option("--confirm", is_flag=True, help="confirm that it is in order; without it the checklist is shown and nothing is done")
@click.pass_context
def check(context: click.Context, *, code: str, note: str, confirm: bool) -> None:
    """Show what the checks find of CODE, and confirm it."""
    if confirm:
        _step(context, code, lambda services: services.subsystems.check_subsystem(operator(), code, note))
        return
    with platform(context) as services:
        checklist = services.subsystems.checklist(code)
        _print(checklist)
        if checklist.blocking:
            context.exit(1)


@subsystem.command()
@click.argument("code")
@click.option("--note", default="", help="stays with the step")
@click.pass_context
def publish(context: click.Context, *, code: str, note: str) -> None:
    """Bring CODE, which was checked, into service."""
    _step(context, code, lambda services: services.subsystems.publish_subsystem(operator(), code, note))


@subsystem.command("return")
@click.argument("code")
@click.option("--reason", required=True)
@click.pass_context
def give_back(context: click.Context, *, code: str, reason: str) -> None:
    """Give CODE, which is under review, back to be completed."""
    _step(context, code, lambda services: services.subsystems.return_subsystem(operator(), code, reason))


@subsystem.command()
@click.argument("code")
@click.option("--reason", required=True)
@click.option("--dry-run", is_flag=True, help="say what would go out of use, write nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def retire(context: click.Context, *, code: str, reason: str, dry_run: bool, yes: bool) -> None:
    """Take CODE out of service for good."""
    with platform(context) as services:
        affected = services.subsystems.affected_by_retiring(code)
    click.echo(
        f"out of use: {affected.functions} functions, {affected.items} items, {affected.clients} clients, "
        f"{affected.usage.grants} live grants; {affected.usage.lines} requests wait"
    )
    if dry_run:
        return
    if not yes:
        click.confirm("This cannot be undone. Go on?", abort=True)
    _step(context, code, lambda services: services.subsystems.retire_subsystem(operator(), code, reason))


@subsystem.command("list")
@click.option("--status", type=click.Choice(["registered", "submitted", "checked", "published", "retired"]), default=None)
@click.pass_context
def list_all(context: click.Context, *, status: str | None) -> None:
    """List the subsystems and where they stand."""
    with platform(context) as services:
        views = [view for view in services.subsystem_queries.all() if view.owner_department_id and status in {None, view.status}]
        known = services.identity_queries.departments(view.owner_department_id for view in views if view.owner_department_id)
        owners = {key: department.name for key, department in known.items()}
        show_rows(
            ("code", "name", "owner", "level", "status"),
            (
                (view.code, view.name, owners.get(owner, "—") if owner else "—", f"L{view.integration_level}", view.status)
                for view in views
                for owner in (view.owner_department_id,)
            ),
        )


@subsystem.command()
@click.argument("code")
@click.pass_context
def show(context: click.Context, *, code: str) -> None:
    """Show where CODE stands: steps, checks, functions."""
    with platform(context) as services:
        queries = services.subsystem_queries
        view = queries.subsystem(code)
        if view is None:
            raise click.ClickException(f"there is no subsystem {code!r}")
        click.echo(f"{view.code}\t{view.name}\tL{view.integration_level}\t{view.status}")
        for step in queries.steps(view.id):
            click.echo(f"{step.at:%Y-%m-%d %H:%M}\t{step.step}\t{step.actor}\t{step.note}")
        functions, items = queries.functions_of(view.id), queries.items_of(view.id)
        bases = queries.bases_of(row.id for row in functions)
        show_rows(
            ("function", "name", "level", "items", "service items"),
            (
                (
                    row.code,
                    row.name,
                    f"L{row.integration_level}",
                    "; ".join(
                        f"{each.name} ({each.tier}{_written(each)}, {each.max_days} d, v{each.version}) {each.id}"
                        for each in items
                        if each.function_id == row.id
                    ),
                    " ".join(each.code for each in bases.get(row.id, ())),
                )
                for row in functions
            ),
        )
        _print(services.subsystems.checklist(view.id))


def _step(context: click.Context, code: str, take: Callable[[Services], None]) -> None:
    with platform(context) as services:
        take(services)
        view = services.subsystem_queries.subsystem(code)
        click.echo(f"{code}: {view.status if view else 'gone'}")


def _print(checklist: Checklist) -> None:
    for row in checklist.rows:
        mark = "ok" if not row.findings else "BLOCKS" if row.blocking else "advice"
        click.echo(f"{mark}\t{row.key}\t{row.title}")
        for finding in row.findings:
            click.echo(f"\t\t{finding.message} {finding.remedy}")


def _written(item: ItemView) -> str:
    """Return what the tier of an item leaves open, after the tier."""
    text = written_approval(item.approval)
    return f" {text}" if text else ""
