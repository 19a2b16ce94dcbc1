"""The part of ``govcloud org`` about what departments are: registration, facts, order, offices; and the divisions they lie in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import click

from govcloud.authorization.drafting.reorganising import Affected
from govcloud.cli.context import operator, platform
from govcloud.cli.imports import department_named, progress_bar
from govcloud.cli.tables import show as show_rows
from govcloud.identity.inputs import DEPARTMENT_LEVELS, NewDepartment, NewDivision, NewOffice
from govcloud.identity.reorganisation import KINDS, Change, Preview, Reorder, Reorganisation
from govcloud.identity.views import DepartmentView
from govcloud.services import Services

DRY_RUN = click.option("--dry-run", is_flag=True, help="run every check, say whom and what it touches, change nothing")
_BATCH = 10_000
#: How many digits of a division code say province, city, county and township (GB/T 2260, GB/T 10114).
_PARENT_DIGITS = (9, 6, 4, 2)


@click.command()
@click.argument("uscc")
@click.argument("name")
@click.option("--below", help="credit code of the department above  [default: it is a root]")
@click.option("--division", required=True, help="12 digits (GB/T 2260)")
@click.option("--level", type=click.Choice(DEPARTMENT_LEVELS), required=True)
@click.option("--short-name", default="")
@click.option("--line", "lines", multiple=True, help="条线, repeatable")
@click.option("--lead", help="credit code of the lead department (主管部门)")
@click.pass_context
def register(
    context: click.Context,
    *,
    uscc: str,
    name: str,
    below: str | None,
    division: str,
    level: str,
    short_name: str,
    lines: tuple[str, ...],
    lead: str | None,
) -> None:
    """Register the department NAME under the unified social credit code USCC."""
    with platform(context) as services:
        above = department_named(services, below).id if below else None
        leading = department_named(services, lead).id if lead else None
        new = NewDepartment(uscc, name, division, level, short_name, above, lines, lead_department_id=leading)
        services.identity.register_department(operator(), new)
        click.echo(f"registered {name} ({uscc})")


@click.command()
@click.argument("uscc")
@click.option("--division", help="12 digits (GB/T 2260)")
@click.option("--level", type=click.Choice(DEPARTMENT_LEVELS))
@click.option("--line", "lines", multiple=True, help="条线, repeatable; all of them, in place of those of now")
@click.option("--lead", help="credit code of the lead department (主管部门)")
@click.option("--unled", is_flag=True, help="take the lead department away")
@DRY_RUN
@click.pass_context
def change(
    context: click.Context,
    *,
    uscc: str,
    division: str | None,
    level: str | None,
    lines: tuple[str, ...],
    lead: str | None,
    unled: bool,
    dry_run: bool,
) -> None:
    """Change division, level, business lines or lead department; what no option names stays."""
    with platform(context) as services:
        leading = department_named(services, lead).id if lead else None
        department = department_named(services, uscc)
        run(services, Change(department.id, division, level, lines or None, leading, unled=unled), dry_run=dry_run)


@click.command()
@click.argument("order", nargs=-1, required=True)
@click.option("--below", help="credit code of the department whose children these are  [default: the roots]")
@DRY_RUN
@click.pass_context
def reorder(context: click.Context, order: tuple[str, ...], below: str | None, *, dry_run: bool) -> None:
    """Put all children of a department in ORDER (credit codes, each once)."""
    with platform(context) as services:
        parent = department_named(services, below).id if below else None
        run(services, Reorder(parent, tuple(department_named(services, uscc).id for uscc in order)), dry_run=dry_run)


@click.command("open-office")
@click.argument("uscc")
@click.argument("names", nargs=-1, required=True)
@click.pass_context
def open_office(context: click.Context, uscc: str, names: tuple[str, ...]) -> None:
    """Open internal offices NAMES (处室) in a department."""
    with platform(context) as services:
        department = department_named(services, uscc)
        services.identity.open_offices(operator(), [NewOffice(department.id, name) for name in names])
        click.echo(f"opened in {department.name}: {', '.join(names)}")


@click.command("rename-office")
@click.argument("uscc")
@click.argument("office")
@click.argument("name")
@click.pass_context
def rename_office(context: click.Context, uscc: str, office: str, name: str) -> None:
    """Give the internal OFFICE of a department another NAME."""
    with platform(context) as services:
        services.identity.rename_office(operator(), office_named(services, department_named(services, uscc), office), name)
        click.echo(f"{office} is called {name}")


@click.command("close-office")
@click.argument("uscc")
@click.argument("office")
@click.pass_context
def close_office(context: click.Context, uscc: str, office: str) -> None:
    """Close an internal OFFICE in which nobody serves."""
    with platform(context) as services:
        services.identity.close_office(operator(), office_named(services, department_named(services, uscc), office))
        click.echo(f"closed {office}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def divisions(context: click.Context, file: Path) -> None:
    """Enter the divisions of FILE: lines of code (12 digits) and name, in UTF-8, by comma or tab; # begins a remark.

    Divisions that are registered already stay as they are. The one above each follows from its code.
    """
    named = dict(_lines(file))
    with platform(context) as services:
        queries = services.identity_queries
        known = {code for code in {*named, *(above for code in named for above in _above(code))} if queries.division(code)}
        rows = [
            NewDivision(code, name, next((above for above in _above(code) if above in known or above in named), None))
            for code, name in sorted(named.items())
            if code not in known
        ]
        for start in range(0, len(rows), _BATCH):
            services.identity.register_divisions(operator(), rows[start : start + _BATCH])
        click.echo(f"{len(rows)} divisions entered, {len(named) - len(rows)} were there")


COMMANDS = (register, change, reorder, open_office, rename_office, close_office, divisions)


def run(services: Services, reorganisation: Reorganisation, *, dry_run: bool) -> None:
    """Rehearse or apply a change of the tree, and say whom and what it touches."""
    if dry_run:
        _rehearse(services, reorganisation)
        return
    done = services.identity.reorganise(operator(), reorganisation)
    _say(done.preview, "touched")
    view = services.identity_queries.department(done.department_id) if done.department_id else None
    click.echo(f"done: {view.name} ({view.uscc})" if view else "done")


def _rehearse(services: Services, reorganisation: Reorganisation) -> None:
    """Say whom and what a change would touch, and who would gain and lose which functions; page by page, each a short rehearsal."""
    after: UUID | None = None
    looked_at = 0
    people: list[Affected] = []
    with progress_bar(after=1.0) as tell:
        while True:
            watched = services.drafting.watched(after)
            preview = services.identity.preview(operator(), reorganisation, watched)
            if watched.found is None:
                break
            people += watched.found.people
            looked_at, after = looked_at + watched.found.looked_at, watched.found.after
            tell(looked_at, None)
            if after is None:
                break
    _say(preview, "would touch")
    click.echo(f"{len(people)} people of {looked_at:,} appointments would gain, lose or keep functions on other rows")
    rows = ((person.name, person.place, *(" ".join(codes) for codes in (person.gained, person.lost, person.altered))) for person in people)
    show_rows(("name", "place", "gains", "loses", "on other rows"), rows)


def office_named(services: Services, department: DepartmentView, name: str) -> UUID:
    """Return the id of a department's internal office.

    Raises:
        ClickException: there is none of that name.
    """
    found = [key for key, known in services.identity_queries.offices(department.id).items() if known == name]
    if len(found) != 1:
        raise click.ClickException(f"{department.name} has {len(found)} offices named {name!r}")
    return found[0]


def _say(preview: Preview, verb: str) -> None:
    click.echo(f"{verb}: {', '.join(view.name for view in preview.departments)}")
    show_rows(("what", "count", "names"), ((str(KINDS[item.kind]), str(item.count), "、".join(item.names)) for item in preview.affected))


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    """Yield code and name of each line of a file.

    Raises:
        ClickException: a line has no two cells, or the file is not in UTF-8.
    """
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not in UTF-8: byte {error.start}") from None
    for place, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells: Sequence[str] = line.split("\t" if "\t" in line else ",")
        if len(cells) != 2:  # noqa: PLR2004 - code and name
            raise click.ClickException(f"{file}, line {place}: expected a code and a name, found {len(cells)} cells")
        yield cells[0].strip(), cells[1].strip()


def _above(code: str) -> list[str]:
    """Return the codes of the divisions that may lie above one, the nearest first."""
    return [above for digits in _PARENT_DIGITS if (above := code[:digits].ljust(len(code), "0")) != code]
