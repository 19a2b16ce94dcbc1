"""``govcloud lists import | export | template | history``: the power list (权力清单) and the implementation list (实施清单)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import click

from govcloud.cli.context import operator, platform
from govcloud.cli.imports import department_of, findings_to, percent, progress_bar, show_findings
from govcloud.cli.tables import show
from govcloud.kernel.spreadsheets import csv_lines, write_xlsx
from govcloud.kernel.tables.findings import Finding
from govcloud.kernel.tables.sources import examine
from govcloud.kernel.tables.template import csv_template, xlsx_template
from govcloud.services import Services
from govcloud.subsystems.listing.exporting import export_heads, export_rows
from govcloud.subsystems.listing.importing import ListFaulty, ListOrder
from govcloud.subsystems.listing.kinds import KINDS, ListKind
from govcloud.subsystems.listing.planning import Plan
from govcloud.subsystems.listing.queries import Wanted
from govcloud.web.moments import CHINA, moment

_NAMED = 10
#: Seconds after which whoever waits wants to see how far it is.
_PATIENCE = 2.0
_LIST = click.argument("kind", type=click.Choice(list(KINDS)))


@click.group()
def lists() -> None:
    """Import, export and follow the power list and the implementation list."""


@lists.command("import")
@_LIST
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run/--apply", "dry", default=True, show_default=True, help="only report, or write")
@click.option("--complete", is_flag=True, help="the file names every entry: what it does not name leaves the list")
@click.option("--department", "uscc", help="bind the list to this department (credit code) and all below it")
@click.option("--allow-vanish", default="5%", show_default=True, help="the share of entries that may leave a complete list")
@click.option("--title", default="", help="what the edition is called, e.g. 2026 年第二版")
@click.option("--note", default="", help="why, e.g. the number of the document behind it")
@click.option("--skip-wrong", is_flag=True, help="leave rows with findings out instead of writing nothing")
@click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), help="write every finding to this CSV")
@click.pass_context
def import_(
    context: click.Context,
    kind: str,
    file: Path,
    *,
    dry: bool,
    complete: bool,
    uscc: str | None,
    allow_vanish: str,
    title: str,
    note: str,
    skip_wrong: bool,
    report_file: Path | None,
) -> None:
    """Import a list from FILE (CSV, XLSX or JSON); nothing is written without --apply.

    The same file again changes nothing. With a finding in any row nothing is written, unless --skip-wrong.
    """
    found = KINDS[kind]
    source = examine(file, found.columns)
    with platform(context) as services, findings_to(report_file, found.columns) as tell:
        order = ListOrder(
            complete=complete,
            department_id=department_of(services, uscc) if uscc else None,
            allow_vanish=percent(allow_vanish),
            title=title,
            note=note,
            skip_wrong=skip_wrong,
        )
        edition = ""
        try:
            with progress_bar(_PATIENCE) as progress:
                if dry:
                    plan = services.subsystems.plan_list(operator(), kind, source, order, progress)
                else:
                    outcome = services.subsystems.import_list(operator(), kind, source, order, progress)
                    plan, edition = outcome.plan, outcome.title
        except ListFaulty as faulty:
            plan = faulty.plan
        for item in plan.findings:
            tell(item)
        _tell(plan, found, reported=report_file is not None)
        click.echo(_last_line(plan, order, edition, dry=dry))
    if plan.findings and (dry or not skip_wrong):
        sys.exit(2)


@lists.command()
@_LIST
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--department", "uscc", help="only this department (credit code) and all below it")
@click.option("--at", "day", type=click.DateTime(["%Y-%m-%d"]), help="as it was at the end of this day (China Standard Time)")
@click.pass_context
def export(context: click.Context, kind: str, file: Path, uscc: str | None, day: datetime | None) -> None:
    """Write a list to FILE (.csv or .xlsx), in the form in which it can be imported again."""
    found = KINDS[kind]
    with platform(context) as services:
        at = _end_of(day.date()) if day else None
        items = services.subsystem_queries.list_rows(kind, _wanted(services, uscc), at)
        rows, heads = export_rows(found, items, services.identity_queries, at), export_heads(found)
        if file.suffix.lower() == ".xlsx":
            with file.open("wb") as stream:
                write_xlsx(stream, ((str(found.title), heads, rows),))
        else:
            with file.open("w", encoding="utf-8", newline="") as text:
                text.writelines(csv_lines(heads, rows))
    click.echo(f"written: {file}")


@lists.command()
@_LIST
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def template(kind: str, file: Path) -> None:
    """Write an empty template to FILE (.csv, or .xlsx with a sheet of notes)."""
    found = KINDS[kind]
    if file.suffix.lower() == ".xlsx":
        with file.open("wb") as stream:
            xlsx_template(stream, found.columns, str(found.title))
    else:
        with file.open("w", encoding="utf-8", newline="") as text:
            text.writelines(csv_template(found.columns))
    click.echo(f"written: {file}")


@lists.command()
@_LIST
@click.option("--code", help="the versions of the entries with this code, instead of the editions of the list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@click.pass_context
def history(context: click.Context, kind: str, code: str | None, limit: int) -> None:
    """Show the editions of a list, the newest first, or the versions of one code."""
    with platform(context) as services:
        if code:
            show(
                ("DEPARTMENT", "VERSION", "FROM", "UNTIL", "EDITION", *(name.upper() for name in KINDS[kind].facts)),
                _versions(services, kind, code),
            )
            return
        heads = ("NO", "TITLE", "RECORDED", "BY", "NEW", "CHANGED", "UNCHANGED", "WITHDRAWN", "FILE")
        rows = services.subsystem_queries.editions(kind, limit=limit).rows
        show(
            heads,
            [
                (
                    str(row.number),
                    row.title,
                    moment(row.recorded_at),
                    row.actor_name,
                    *map(str, (row.added, row.changed, row.unchanged, row.withdrawn)),
                    row.file_name or "",
                )
                for row in rows
            ],
        )


def _versions(services: Services, kind: str, code: str) -> list[Sequence[str]]:
    """Return the versions of every entry that stands under ``code``."""
    queries = services.subsystem_queries
    items = queries.stays_of(kind, code)
    names = services.identity_queries.departments({item.department_id for item in items})
    return [
        (
            names[item.department_id].name if item.department_id in names else "",
            str(said.version),
            moment(said.valid_from),
            moment(said.valid_to) if said.valid_to else "",
            said.edition.title,
            *("" if value is None else str(value) for value in said.facts.values()),
        )
        for item in items
        for said in queries.item_history(kind, item.id).versions
    ]


def _tell(plan: Plan, kind: ListKind, *, reported: bool) -> None:
    """Print the counts, the first changes by name, and the first findings."""
    for label, count in (
        ("rows", plan.lines),
        ("new", len(plan.new)),
        ("changed", len(plan.changed)),
        ("unchanged", plan.unchanged),
        ("withdrawn", len(plan.withdrawn)),
        ("rows with findings", plan.refused),
    ):
        click.echo(f"{label + ':':<20}{count:>12,}")
    if plan.carried:
        click.echo(f"{'withdrawn with them:':<20}{len(plan.carried):>12,}  (service items)")
    for entry in plan.new[:_NAMED]:
        click.echo(f"+ {entry.code} {entry.facts['name']}")
    for change in plan.changed[:_NAMED]:
        for name, old, new in change.differences():
            click.echo(f"~ {change.standing.code} {kind.columns.heading_of(name)}: {_shown(old)} → {_shown(new)}")
    for item in plan.withdrawn[:_NAMED]:
        click.echo(f"- {item.code} {item.facts['name']}")
    findings: list[Finding] = plan.findings
    show_findings(findings, len(findings), kind.columns, reported=reported)


def _last_line(plan: Plan, order: ListOrder, edition: str, *, dry: bool) -> str:
    """Return what was done, or what to do."""
    if edition:
        return f"written as edition {edition!r}"
    if order.complete and plan.share > order.allow_vanish:
        return f"nothing was written: {plan.share:.1f}% would leave the list, --allow-vanish is {order.allow_vanish:g}%"
    if plan.findings and not order.skip_wrong:
        return "nothing was written; mend the rows above, or leave them out with --skip-wrong"
    if plan.empty:
        return "nothing changes; no edition was made"
    return "nothing was written; --apply writes" if dry else "nothing was written"


def _shown(value: object) -> str:
    return "—" if value in {None, ""} else str(value)


def _wanted(services: Services, uscc: str | None) -> Wanted:
    if uscc is None:
        return Wanted()
    department: UUID = department_of(services, uscc)
    view = services.identity_queries.department(department)
    return Wanted(paths=(view.path,) if view else ())


def _end_of(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), CHINA) + timedelta(days=1) - timedelta(microseconds=1)
