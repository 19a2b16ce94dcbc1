"""The part of ``govcloud subsystem`` that changes facts, functions, items, bindings and the owner; what no option names stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from govcloud.cli.context import operator, platform
from govcloud.cli.imports import department_named
from govcloud.cli.policy_impact import show_label_of_function
from govcloud.subsystems.approval import TIERS, read_approval
from govcloud.subsystems.changes import Binding, FunctionChange, ItemChange, SubsystemChange
from govcloud.subsystems.inputs import MOST_LABEL, SCOPE_KINDS

if TYPE_CHECKING:
    from govcloud.services import Services
    from govcloud.subsystems.queries import ItemView, SubsystemView

_LEVEL = click.option("--level", "integration_level", type=click.IntRange(0, 3), help="0 door, 1 claims, 2 checks, 3 row filters")
_REASON = click.option("--reason", required=True, help="stands in the audit record")
ChangeT = TypeVar("ChangeT", SubsystemChange, FunctionChange, ItemChange)


def _changed(kind: type[ChangeT], view: object, given: dict[str, Any]) -> ChangeT:
    """Return a change that keeps what stands wherever nothing is given."""
    standing = kind(**{item.name: getattr(view, item.name) for item in fields(kind)})
    return replace(standing, **{name: value for name, value in given.items() if value is not None})


def _approval(view: ItemView, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the tier leaves open, as the options say; what stands stays with its tier, and goes with it."""
    tier, text = given["tier"] or view.tier, given["approval"]
    if text is None:
        return {"approval": dict(view.approval) if tier == view.tier else {}}
    return {"approval": read_approval(tier, text)}


@click.command()
@click.argument("code")
@click.option("--name")
@_LEVEL
@click.option("--launch-url", help="where the workbench opens it")
@click.option("--webhook-url", help="told of grants that open and end")
@click.option("--description")
@click.pass_context
def change(context: click.Context, /, code: str, **given: Any) -> None:  # noqa: ANN401 - the options of a change
    """Change how CODE is called and reached; what no option names stays."""
    with platform(context) as services:
        row = _changed(SubsystemChange, _subsystem(services, code), given)
        _say(services.subsystems.change_subsystem(operator(), code, row))


@click.command("hand-over")
@click.argument("code")
@click.argument("uscc")
@_REASON
@click.option("--dry-run", is_flag=True, help="run every check, say what goes along, write nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def hand_over(context: click.Context, code: str, uscc: str, *, reason: str, dry_run: bool, yes: bool) -> None:
    """Let the department USCC own CODE from now on; what it may do and who may use it stays."""
    with platform(context) as services:
        owner = department_named(services, uscc)
        going = services.subsystems.hand_over_subsystem(operator(), code, owner.id, reason, dry_run=True)
        click.echo(
            f"to {owner.name}: {going.functions} functions, {going.items} items ({going.elsewhere} more stay with other departments), "
            f"{going.clients} clients, {going.usage.grants} live grants, {going.usage.lines} requests that wait"
        )
        if dry_run:
            return
        if not yes:
            click.confirm("Go on?", abort=True)
        services.subsystems.hand_over_subsystem(operator(), code, owner.id, reason)
        click.echo(f"{code} belongs to {owner.name}; rotate the clients' secrets if people of the old owner know them")


@click.command("change-function")
@click.argument("code")
@click.option("--name")
@click.option("--description")
@click.option("--sensitive/--not-sensitive", default=None)
@_LEVEL
@click.option("--label", type=click.IntRange(0, MOST_LABEL), help="its security label")
@click.option("--basis-note", help="why it rests on no service item, where that is so")
@_REASON
@click.option("--dry-run", is_flag=True, help="with --label: show by name who gains and who loses the function; change nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def change_function(
    context: click.Context,
    /,
    code: str,
    reason: str,
    *,
    dry_run: bool,
    yes: bool,
    **given: Any,  # noqa: ANN401 - the options of a change
) -> None:
    """Change what the function CODE is like; what no option names stays. Whom another label touches is shown first, by name."""
    with platform(context) as services:
        view = services.subsystem_queries.function(code)
        if view is None:
            raise click.ClickException(f"there is no function {code!r}")
        change = _changed(FunctionChange, view, given)
        touched = show_label_of_function(services, code, change.label) if change.label != view.label else 0
        if dry_run:
            return
        if touched and not yes:
            click.confirm("set this label?", abort=True)
        _say(services.subsystems.change_function(operator(), code, change, reason))


@click.command("withdraw-function")
@click.argument("code")
@_REASON
@click.pass_context
def withdraw_function(context: click.Context, code: str, reason: str) -> None:
    """Take the function CODE, on which nothing hangs any more, out of the catalogue."""
    with platform(context) as services:
        services.subsystems.withdraw_function(operator(), code, reason)
        click.echo(f"withdrew {code}")


@click.command("change-item")
@click.argument("item_id", type=click.UUID)
@click.option("--name")
@click.option("--exposes", help="what one sees; the approver reads it")
@click.option("--tier", type=click.Choice(TIERS))
@click.option("--approval", help="quorum: how many, e.g. 2; serial: the steps, e.g. owner,superior:2")
@click.option("--max-days", type=int)
@click.option("--case-number/--no-case-number", "requires_case_number", default=None, help="a request needs a case number")
@click.option("--scope", "scope_kind", type=click.Choice(SCOPE_KINDS))
@click.option("--grace", "grace_minutes", type=int, help="so many minutes after the end of a grant work in progress may be finished")
@_REASON
@click.pass_context
def change_item(context: click.Context, /, item_id: UUID, reason: str, **given: Any) -> None:  # noqa: ANN401 - the options of a change
    """Change an item; requests that wait for the version of now are no longer approved. What no option names stays."""
    with platform(context) as services:
        view = services.subsystem_queries.items([item_id]).get(item_id)
        if view is None:
            raise click.ClickException(f"there is no item {item_id}; see: govcloud subsystem show")
        given |= _approval(view, given)
        version = services.subsystems.change_item(operator(), item_id, view.version, _changed(ItemChange, view, given), reason)
        click.echo(f"{view.name}: version {version}" if version != view.version else "it was so already")


@click.command("withdraw-item")
@click.argument("item_id", type=click.UUID)
@_REASON
@click.pass_context
def withdraw_item(context: click.Context, item_id: UUID, reason: str) -> None:
    """Let an item be requested no longer; what was granted of it ends at once."""
    with platform(context) as services:
        services.subsystems.withdraw_item(operator(), item_id, reason)
        click.echo(f"withdrew {item_id}")


@click.command()
@click.argument("function")
@click.argument("service_item")
@click.pass_context
def unbind(context: click.Context, function: str, service_item: str) -> None:
    """Say that FUNCTION no longer serves SERVICE_ITEM (implementation code of 31 characters)."""
    with platform(context) as services:
        services.subsystems.unbind_function(operator(), Binding(function, service_item))
        click.echo(f"{function} no longer serves {service_item}")


COMMANDS = (change, hand_over, change_function, withdraw_function, change_item, withdraw_item, unbind)


def _subsystem(services: Services, code: str) -> SubsystemView:
    view = services.subsystem_queries.subsystem(code)
    if view is None:
        raise click.ClickException(f"there is no subsystem {code!r}")
    return view


def _say(changed: bool) -> None:  # noqa: FBT001 - one value to put into words
    click.echo("changed" if changed else "it was so already")
