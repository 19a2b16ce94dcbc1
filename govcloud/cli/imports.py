"""What the imports of the command line share: findings in a file, a bar for whoever waits, shares in percent, departments by code."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from govcloud.identity.views import DepartmentView
from govcloud.kernel.spreadsheets import BOM, safe_cell
from govcloud.kernel.tables.columns import Columns
from govcloud.kernel.tables.findings import Finding
from govcloud.services import Services

_SHOWN = 10
_HEADS = ("line", "field", "value", "what is wrong and what to do")


@contextmanager
def findings_to(path: Path | None, columns: Columns) -> Iterator[Callable[[Finding], None]]:
    """Give what takes each finding to the report file; without one they are not kept."""
    if path is None:
        yield lambda _: None
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(BOM)
        writer = csv.writer(stream)
        writer.writerow(_HEADS)
        yield lambda found: writer.writerow(
            [safe_cell(cell) for cell in (found.line, columns.heading_of(found.field), found.value, str(found.message))]
        )


def show_findings(findings: Iterable[Finding], count: int, columns: Columns, *, reported: bool) -> None:
    """Print the first findings, and where the others are."""
    for found, _ in zip(findings, range(_SHOWN), strict=False):
        click.echo(f"line {found.line}, {columns.heading_of(found.field)} {found.value!r}: {found.message}")
    left = count - _SHOWN
    if left > 0:
        click.echo(f"… and {left:,} more" + ("" if reported else "; --report FILE writes all"))


@contextmanager
def progress_bar(after: float = 0.0) -> Iterator[Callable[[int, int | None], None]]:
    """Show rows done, of how many if that is known, at a terminal; what is done within ``after`` seconds needs no bar."""
    columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    progress = Progress(*columns, console=console, disable=not console.is_terminal)
    task, begun = progress.add_task("rows", total=None), monotonic()

    def tell(done: int, total: int | None) -> None:
        progress.update(task, completed=done, total=total)
        if monotonic() - begun >= after:
            # Starting what is started already does nothing.
            progress.start()

    if after == 0.0:
        progress.start()
    try:
        yield tell
    finally:
        progress.stop()


def percent(text: str) -> float:
    """Return a share as it is typed, ``5%`` or ``5``.

    Raises:
        BadParameter: it is none.
    """
    try:
        value = float(text.strip().rstrip("%"))
    except ValueError:
        raise click.BadParameter(f"{text!r} is no share; write e.g. 5%") from None
    if not 0 <= value <= 100:  # noqa: PLR2004 - percent
        raise click.BadParameter(f"{text!r} is not between 0% and 100%")
    return value


def department_named(services: Services, uscc: str) -> DepartmentView:
    """Return a department by its credit code.

    Raises:
        ClickException: there is none.
    """
    view = services.identity_queries.department_by_uscc(uscc)
    if view is None:
        raise click.ClickException(f"no department has the unified social credit code {uscc!r}; try: govcloud org search")
    return view


def department_of(services: Services, uscc: str) -> UUID:
    """Return the id of a department by its credit code; see ``department_named``."""
    return department_named(services, uscc).id
