"""``govcloud org``: read the department tree and reorganise it; ``--dry-run`` says whom and what a change would touch.

Facts, order, offices and divisions: ``org_facts.py``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import click

from govcloud.cli.context import platform
from govcloud.cli.org_facts import COMMANDS, DRY_RUN, office_named, run
from govcloud.cli.tables import show as show_rows
from govcloud.identity.inputs import NewDepartment
from govcloud.identity.reorganisation import Abolish, Merge, Move, Rename, Split
from govcloud.identity.views import DepartmentView
from govcloud.services import Services

_PAGE = 200
_REASON = click.option("--reason", required=True, help="the decision behind it; stands in the audit record")
_AT = click.option("--at", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="as of this moment (UTC)")


@click.group()
def org() -> None:
    """Read and reorganise the department tree; departments are named by their unified social credit code."""


for _command in COMMANDS:
    org.add_command(_command)


@org.command()
@click.argument("uscc", required=False)
@_AT
@click.pass_context
def tree(context: click.Context, uscc: str | None, at: datetime | None) -> None:
    """List the departments directly below one (without one: the roots); + marks those with more below."""
    with platform(context) as services:
        parent = _find(services, uscc, _moment(at)).id if uscc else None
        after: UUID | None = None
        while True:
            page = services.tree_queries.children(parent, _PAGE, after, at=_moment(at))
            views = services.identity_queries.departments([node.id for node in page.nodes], _moment(at))
            for node in page.nodes:
                click.echo(f"{'+' if node.has_children else ' '} {node.name}\t{views[node.id].uscc}\t{node.level}")
            after = page.after
            if after is None:
                return


@org.command()
@click.argument("text")
@click.option("--limit", default=50, show_default=True, help="how many to show at most")
@_AT
@click.pass_context
def search(context: click.Context, text: str, limit: int, at: datetime | None) -> None:
    """Find departments whose name, short name, pinyin or initials contain TEXT."""
    with platform(context) as services:
        found = services.tree_queries.search(text, limit, at=_moment(at)).rows
        if not found:
            click.echo(f"no department's name, short name, pinyin or initials contain {text!r}")
            return
        show_rows(("uscc", "name", "level", "division"), ((view.uscc, view.name, view.level, view.division) for view in found))


@org.command()
@click.argument("uscc")
@_AT
@click.pass_context
def show(context: click.Context, uscc: str, at: datetime | None) -> None:
    """Show one department with its offices and history."""
    with platform(context) as services:
        view = _find(services, uscc, _moment(at))
        tree_queries = services.tree_queries
        lead = services.identity_queries.department(view.lead_department_id, _moment(at)) if view.lead_department_id else None
        above = [node.name for node in tree_queries.ancestors(view, at=_moment(at))]
        facts = (
            ("name", view.name),
            ("short name", view.short_name),
            ("below", " / ".join(above)),
            ("level", view.level),
            ("division", view.division),
            ("business lines", ", ".join(view.business_lines)),
            ("led by", lead.name if lead else ""),
            ("offices", ", ".join(services.identity_queries.offices(view.id, _moment(at)).values())),
            ("id", str(view.id)),
        )
        for name, value in facts:
            click.echo(f"{name + ':':<16}{value}")
        click.echo()
        history = tree_queries.history(view.id)
        show_rows(
            ("since", "until", "name", "parent", "level"),
            (
                (
                    version.since.isoformat(),
                    version.until.isoformat() if version.until else "",
                    version.department.name,
                    version.parent_name or "",
                    version.department.level,
                )
                for version in history.versions
            ),
        )
        for step in (*history.came_from, *history.became):
            click.echo(f"{step.at.isoformat()}\t{step.kind}\t{step.predecessor_name} -> {step.successor_name or 'nothing'}\t{step.reason}")


@org.command()
@click.argument("uscc")
@click.argument("name")
@click.option("--short-name", default="")
@DRY_RUN
@click.pass_context
def rename(context: click.Context, uscc: str, name: str, short_name: str, *, dry_run: bool) -> None:
    """Give a department another NAME from now on."""
    with platform(context) as services:
        run(services, Rename(_find(services, uscc).id, name, short_name), dry_run=dry_run)


@org.command()
@click.argument("uscc")
@click.option("--below", help="credit code of the new parent")
@click.option("--root", is_flag=True, help="make it a root")
@DRY_RUN
@click.pass_context
def move(context: click.Context, uscc: str, below: str | None, *, root: bool, dry_run: bool) -> None:
    """Put a department, with all below it, under another parent."""
    if root == (below is not None):
        raise click.UsageError("name the new parent with --below, or say --root")
    with platform(context) as services:
        parent = _find(services, below).id if below else None
        run(services, Move(_find(services, uscc).id, parent), dry_run=dry_run)


@org.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--into", required=True, help="credit code of the department that they go into; with --name, of a new one")
@click.option("--name", help="the name of the new department; it takes parent, division, level and lines of the first source")
@_REASON
@DRY_RUN
@click.pass_context
def merge(context: click.Context, sources: tuple[str, ...], into: str, name: str | None, reason: str, *, dry_run: bool) -> None:
    """Let departments (SOURCES) go into one: people, offices, children and what they own go over."""
    with platform(context) as services:
        found = [_find(services, uscc) for uscc in sources]
        goal = _like(found[0], into, name) if name else _find(services, into).id
        run(services, Merge(tuple(view.id for view in found), goal, reason), dry_run=dry_run)


@org.command()
@click.argument("uscc")
@click.option("--new-uscc", required=True, help="credit code of the new department")
@click.option("--name", required=True, help="the name of the new department; it stands beside the old one")
@click.option("--office", "offices", multiple=True, help="name of an office that goes over, with who serves there")
@click.option("--person", "people", multiple=True, help="employee code of somebody who goes over")
@click.option("--child", "children", multiple=True, help="credit code of a child that goes over")
@_REASON
@DRY_RUN
@click.pass_context
def split(  # noqa: PLR0917 - one argument an option
    context: click.Context,
    uscc: str,
    new_uscc: str,
    name: str,
    offices: tuple[str, ...],
    people: tuple[str, ...],
    children: tuple[str, ...],
    reason: str,
    *,
    dry_run: bool,
) -> None:
    """Let a new department take offices, people and children out of one."""
    with platform(context) as services:
        source = _find(services, uscc)
        change = Split(
            source.id,
            _like(source, new_uscc, name),
            reason,
            tuple(office_named(services, source, office) for office in offices),
            tuple(_person(services, code) for code in people),
            tuple(_find(services, child).id for child in children),
        )
        run(services, change, dry_run=dry_run)


@org.command()
@click.argument("uscc")
@click.option("--successor", help="credit code of the department that takes over what hangs on it")
@_REASON
@DRY_RUN
@click.pass_context
def abolish(context: click.Context, uscc: str, successor: str | None, reason: str, *, dry_run: bool) -> None:
    """End a department; one with people, children or holdings needs a successor."""
    with platform(context) as services:
        into = _find(services, successor).id if successor else None
        run(services, Abolish(_find(services, uscc).id, reason, into), dry_run=dry_run)


def _moment(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


def _find(services: Services, uscc: str, at: datetime | None = None) -> DepartmentView:
    view = services.identity_queries.department_by_uscc(uscc, at)
    if view is None:
        raise click.ClickException(f"no department has the unified social credit code {uscc!r}; try: govcloud org search")
    return view


def _like(view: DepartmentView, uscc: str, name: str) -> NewDepartment:
    """Return a new department that stands beside ``view`` and shares its facts."""
    return NewDepartment(uscc, name, view.division, view.level, parent_id=view.parent_id, business_lines=view.business_lines)


def _person(services: Services, code: str) -> UUID:
    official = services.identity_queries.official_by_code(code)
    if official is None:
        raise click.ClickException(f"no official has the employee code {code!r}; try: govcloud people search")
    return official.id
