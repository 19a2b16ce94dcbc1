"""``govcloud people import | sync | template | activation-codes``: people in sets, from files."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Event, Thread
from typing import IO, TYPE_CHECKING
from uuid import UUID

import click

from govcloud.cli.context import operator, platform
from govcloud.cli.imports import department_of, findings_to, percent, progress_bar, show_findings
from govcloud.identity.importing.columns import COLUMNS
from govcloud.identity.importing.report import Report, Summary
from govcloud.identity.importing.runs import Order
from govcloud.identity.importing.service import Hooks
from govcloud.identity.importing.sources import examine
from govcloud.identity.importing.template import csv_template, xlsx_template
from govcloud.kernel.actor import Actor
from govcloud.kernel.spreadsheets import BOM, safe_cell
from govcloud.services import Services

if TYPE_CHECKING:
    from flask import Flask

_PRIVATE = 0o600
_CODES_AT_ONCE = 500
_JOBS = Actor.system("jobs")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run/--apply", "dry", default=True, show_default=True, help="only report, or write")
@click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), help="write every finding to this CSV")
@click.option(
    "--source", default="cli", show_default=True, help="what keeps these people; a later sync of the same source knows them by it"
)
@click.option("--department", "uscc", help="bind the import to this department (credit code) and all below it")
@click.option("--seal/--no-seal", default=True, show_default=True, help="seal the audit record while importing")
@click.pass_context
def import_people(
    context: click.Context, file: Path, *, dry: bool, report_file: Path | None, source: str, uscc: str | None, seal: bool
) -> None:
    """Import officials from FILE (CSV, XLSX or JSON); nothing is written without --apply.

    Idempotent by employee code. Ctrl-C is safe: running it again with the same file goes on where it stopped.
    """
    _run(context, file, _Options(dry=dry, report=report_file, seal=seal), source, uscc)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run/--apply", "dry", default=True, show_default=True, help="only report, or write")
@click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), help="write every finding to this CSV")
@click.option("--source", required=True, help="whose complete list this is")
@click.option("--department", "uscc", help="the list is complete for this department (credit code) and all below it")
@click.option("--allow-vanish", default="2%", show_default=True, help="the share of people who may be gone from the list")
@click.option("--seal/--no-seal", default=True, show_default=True, help="seal the audit record while importing")
@click.pass_context
def sync(
    context: click.Context,
    file: Path,
    *,
    dry: bool,
    report_file: Path | None,
    source: str,
    uscc: str | None,
    allow_vanish: str,
    seal: bool,
) -> None:
    """Import a complete list, and disable who is no longer on it.

    Whoever the source, or the department, has registered and the list does not name is disabled, unless more than --allow-vanish
    would be: then nothing at all is written.
    """
    options = _Options(dry=dry, report=report_file, seal=seal, allow_vanish=percent(allow_vanish))
    _run(context, file, options, source, uscc)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def template(file: Path) -> None:
    """Write an empty template to FILE (.csv, or .xlsx with a sheet of notes)."""
    if file.suffix.lower() == ".xlsx":
        with file.open("wb") as stream:
            xlsx_template(stream)
    else:
        with file.open("w", encoding="utf-8", newline="") as text:
            text.writelines(csv_template())
    click.echo(f"written: {file}")


@click.command("activation-codes")
@click.option("--department", "uscc", help="credit code: everybody who serves in it or below it and has no password yet")
@click.option("--code", "codes", multiple=True, help="employee code of one official, with or without a password (may be repeated)")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="write a CSV (mode 0600) instead of printing")
@click.pass_context
def activation_codes(context: click.Context, uscc: str | None, codes: tuple[str, ...], out: Path | None) -> None:
    """Issue one-time codes with which officials set their password; they are shown this once.

    A code that was issued before and not used stops working.
    """
    if (uscc is None) == (not codes):
        raise click.UsageError("name either --department or one or more --code")
    with platform(context) as services:
        people = _of_department(services, uscc) if uscc else [_official(services, code) for code in codes]
        with _private(out) as stream:
            writer = csv.writer(stream)
            writer.writerow(("employee code", "name", "activation code", "valid until"))
            count = 0
            for start in range(0, len(people), _CODES_AT_ONCE):
                for issued in services.signon.issue_activation_codes(operator(), people[start : start + _CODES_AT_ONCE]):
                    until = issued.expires_at.isoformat(timespec="minutes")
                    writer.writerow([safe_cell(cell) for cell in (issued.employee_code, issued.name, issued.code, until)])
                    count += 1
        click.echo(f"{count} codes issued" + (f", written to {out}" if out else ""), err=True)


COMMANDS = (import_people, sync, template, activation_codes)


class _Options:
    """What both commands have in common; with ``allow_vanish`` the list is complete."""

    def __init__(self, *, dry: bool, report: Path | None, seal: bool, allow_vanish: float | None = None) -> None:
        self.dry = dry
        self.report = report
        self.seal = seal
        self.allow_vanish = allow_vanish


def _run(context: click.Context, file: Path, options: _Options, source_name: str, uscc: str | None) -> None:
    source = examine(file)
    with platform(context) as services, findings_to(options.report, COLUMNS) as tell:
        order = Order(
            source_name,
            department_of(services, uscc) if uscc else None,
            complete=options.allow_vanish is not None,
            allow_vanish=2.0 if options.allow_vanish is None else options.allow_vanish,
        )
        report = Report(tell=tell)
        sealing = _sealing(services) if options.seal and not options.dry else nullcontext()
        try:
            with sealing, progress_bar() as progress:
                hooks = Hooks(lambda done: progress(done, None))
                if options.dry:
                    services.importing.dry_run(operator(), source, order, report, hooks)
                else:
                    services.importing.apply(operator(), source, order, report, hooks)
        except KeyboardInterrupt:
            click.echo(f"interrupted after {report.summary.lines:,} rows; run the same command again to go on", err=True)
            sys.exit(130)
        _show(report, options)
    if report.summary.refused:
        sys.exit(2)


def _show(report: Report, options: _Options) -> None:
    """Print the plan or the outcome, and the first findings."""
    summary: Summary = report.summary
    tense = "would be " if options.dry else ""
    for label, value in (
        ("rows", summary.lines),
        ("new", summary.new),
        ("changed", summary.changed),
        ("unchanged", summary.unchanged),
        ("refused", summary.refused),
        ("appointments begun", summary.begun),
        ("appointments ended", summary.ended),
    ):
        click.echo(f"{label + ':':<20}{value:>12,}")
    if options.allow_vanish is not None:
        click.echo(f"{tense + 'disabled:':<20}{summary.vanished:>12,}")
    show_findings(report.findings, summary.findings, COLUMNS, reported=options.report is not None)
    if options.dry:
        click.echo("nothing was written; --apply writes")


@contextmanager
def _sealing(services: Services) -> Iterator[None]:
    """Give events their place in the record while they come in, so that the queue never grows to millions."""
    from flask import current_app  # noqa: PLC0415 - the thread needs the application's context

    from govcloud.kernel.database import db  # noqa: PLC0415 - the command line answers `--help` without it

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's own way to hand it to a thread
    over = Event()

    def seal() -> None:
        with app.app_context():
            while not over.wait(0.2):
                services.sequencer.run_until_empty(_JOBS)
            services.sequencer.run_until_empty(_JOBS)

    thread = Thread(target=seal, name="seal")
    thread.start()
    try:
        yield
    finally:
        over.set()
        # What is left to seal may take longer than the server lets a reading session lie about.
        db.session.remove()
        thread.join()


def _of_department(services: Services, uscc: str) -> list[UUID]:
    return list(services.signon.to_activate(department_of(services, uscc)))


def _official(services: Services, code: str) -> UUID:
    view = services.identity_queries.official_by_code(code)
    if view is None:
        raise click.ClickException(f"no official has the employee code {code!r}")
    return view.id


def _private(path: Path | None) -> AbstractContextManager[IO[str]]:
    """Open a file that only its owner may read from the first byte on, or standard output."""
    if path is None:
        return nullcontext(sys.stdout)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    os.fchmod(descriptor, _PRIVATE)
    stream = os.fdopen(descriptor, "w", encoding="utf-8", newline="")
    stream.write(BOM)
    return stream


__all__ = ["COMMANDS"]
