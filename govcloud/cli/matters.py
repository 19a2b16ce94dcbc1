"""``govcloud matter``: the matters (一件事) of the province, and entering, changing and ending one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import click

from govcloud.cli.context import operator, platform
from govcloud.cli.tables import show as show_rows
from govcloud.subsystems.changes import DUTIES, MatterChange, MatterEntry
from govcloud.subsystems.inputs import NewMatter

if TYPE_CHECKING:
    from govcloud.services import Services
    from govcloud.subsystems.matters.matters import MatterDifference
    from govcloud.subsystems.views import MatterView

_ITEM = "the id of an item, or the code of a function that one item opens; =STAGE: when it is wanted, from 1; @handle or @review: whose"
_DRY_RUN = click.option("--dry-run", is_flag=True, help="run every check, write nothing")
_LEAD = "unified social credit code of the department that leads it"


@click.group()
def matter() -> None:
    """Enter, change and end matters (一件事): items of several departments that belong together."""


@matter.command()
@click.argument("code")
@click.option("--name", required=True, help="what people see")
@click.option("--lead", required=True, help=_LEAD)
@click.option("--item", "items", multiple=True, required=True, metavar="ITEM[=STAGE][@DUTY]", help=_ITEM)
@_DRY_RUN
@click.pass_context
def register(context: click.Context, *, code: str, name: str, lead: str, items: tuple[str, ...], dry_run: bool) -> None:
    """Enter the matter CODE."""
    with platform(context) as services:
        new = NewMatter(code, name, _department(services, lead), _items(services, items))
        services.subsystems.register_matter(operator(), new, dry_run=dry_run)
        click.echo(f"{code} can be registered; nothing was written" if dry_run else f"registered {code}")


@matter.command()
@click.argument("code")
@click.option("--name", help="what people see; as it is by default")
@click.option("--lead", help=f"{_LEAD}; as it is by default")
@click.option(
    "--item",
    "items",
    multiple=True,
    metavar="ITEM[=STAGE][@DUTY]",
    help=f"all items that it has from now on: {_ITEM}; as they are by default",
)
@click.option("--reason", required=True)
@_DRY_RUN
@click.pass_context
def change(
    context: click.Context, *, code: str, name: str | None, lead: str | None, items: tuple[str, ...], reason: str, dry_run: bool
) -> None:
    """Change what is named of CODE."""
    with platform(context) as services:
        view = _known(services, code)
        row = MatterChange(
            view.name if name is None else name,
            _department(services, lead) if lead else view.lead_department_id,
            _items(services, items) if items else tuple(MatterEntry(entry.item.id, entry.stage, entry.duty) for entry in view.items),
        )
        found = services.subsystems.change_matter(operator(), view.id, view.version, row, reason, dry_run=dry_run)
        _print(found)
        waiting = services.access_queries.open_lines_naming(view.id)
        click.echo(f"{waiting} requests wait and go on; " + ("nothing was written" if dry_run else f"{code} is at version {found.version}"))


@matter.command()
@click.argument("code")
@click.option("--reason", required=True)
@click.option("--dry-run", is_flag=True, help="say what it touches, write nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def end(context: click.Context, *, code: str, reason: str, dry_run: bool, yes: bool) -> None:
    """Let requests name CODE no longer."""
    with platform(context) as services:
        view = _known(services, code)
        services.subsystems.end_matter(operator(), view.id, view.version, reason, dry_run=True)
        click.echo(f"{view.name}: {services.access_queries.open_lines_naming(view.id)} requests wait and go on")
        if dry_run:
            return
        if not yes:
            click.confirm("This cannot be undone. Go on?", abort=True)
        services.subsystems.end_matter(operator(), view.id, view.version, reason)
        click.echo(f"ended {code}")


@matter.command("list")
@click.argument("words", nargs=-1)
@click.option("--ended", is_flag=True, help="those that have ended")
@click.pass_context
def list_all(context: click.Context, *, words: tuple[str, ...], ended: bool) -> None:
    """List the matters whose name or code has WORDS in it."""
    with platform(context) as services:
        rows: list[MatterView] = []
        after: str | None = None
        while True:
            page = services.subsystem_queries.matters_within(("/",), " ".join(words), ended=ended, limit=200, after=after)
            rows += page.rows
            after = page.after
            if after is None:
                break
        leads = services.identity_queries.departments({row.lead_department_id for row in rows})
        show_rows(
            ("code", "name", "lead", "items", "departments"),
            (
                (
                    row.code,
                    row.name,
                    leads[row.lead_department_id].name if row.lead_department_id in leads else "—",
                    str(len(row.items)),
                    str(len({entry.item.owner_department_id for entry in row.items})),
                )
                for row in rows
            ),
        )


@matter.command()
@click.argument("code")
@click.pass_context
def show(context: click.Context, *, code: str) -> None:
    """Show CODE with its items and what it was before."""
    with platform(context) as services:
        view = services.subsystem_queries.matter(code)
        if view is None:
            raise click.ClickException(f"there is no matter {code!r}")
        ended = f"ended {view.ended_at:%Y-%m-%d %H:%M}" if view.ended_at else "live"
        click.echo(f"{view.code}\t{view.name}\tversion {view.version}\t{ended}")
        owners = services.identity_queries.departments({entry.item.owner_department_id for entry in view.items})
        show_rows(
            ("stage", "duty", "item", "name", "function", "decides"),
            (
                (
                    str(entry.stage),
                    entry.duty or "—",
                    str(entry.item.id),
                    entry.item.name,
                    entry.item.function,
                    owners[entry.item.owner_department_id].name if entry.item.owner_department_id in owners else "—",
                )
                for entry in view.items
            ),
        )
        for since, seen in services.subsystem_queries.matter_versions(view.id)[1:]:
            click.echo(f"version {seen.version} since {since:%Y-%m-%d %H:%M}: {seen.name}, {len(seen.items)} items")


def _known(services: Services, code: str) -> MatterView:
    view = services.subsystem_queries.matter(code)
    if view is None or view.ended_at is not None:
        raise click.ClickException(f"there is no matter {code!r}, or it has ended")
    return view


def _department(services: Services, uscc: str) -> UUID:
    department = services.identity_queries.department_by_uscc(uscc)
    if department is None:
        raise click.ClickException(f"there is no department {uscc!r}")
    return department.id


def _items(services: Services, texts: Sequence[str]) -> tuple[MatterEntry, ...]:
    return tuple(_item(services, text) for text in texts)


def _item(services: Services, text: str) -> MatterEntry:
    placed, _, duty = text.partition("@")
    named, _, stage = placed.partition("=")
    if duty and duty not in DUTIES:
        raise click.ClickException(f"the duty of {named!r} is none of {', '.join(DUTIES)}: {duty!r}")
    if stage and not (stage.isascii() and stage.isdigit()):
        raise click.ClickException(f"the stage of {named!r} is no whole number: {stage!r}")
    return MatterEntry(_item_named(services, named), int(stage or 1), duty or None)


def _item_named(services: Services, named: str) -> UUID:
    try:
        return UUID(named)
    except ValueError:
        found = services.subsystem_queries.items_for_function(named)
    if len(found) != 1:
        choices = "; ".join(f"{item.id} {item.name}" for item in found) or "none"
        raise click.ClickException(f"{named!r} is opened by {len(found)} items, name one by its id: {choices}")
    return found[0].id


def _print(found: MatterDifference) -> None:
    for item in found.added:
        click.echo(f"+ {item.name} ({item.function})")
    for item in found.removed:
        click.echo(f"- {item.name} ({item.function})")
    for item, old, new in found.restaged:
        click.echo(f"~ {item.name}: stage {old} -> {new}")
    for item, was, now in found.assigned:
        click.echo(f"~ {item.name}: duty {was or '—'} -> {now or '—'}")
    for name in found.changed:
        if name != "items":
            click.echo(f"~ {name}")
