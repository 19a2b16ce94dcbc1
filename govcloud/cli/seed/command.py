"""``govcloud seed``: fills an empty platform with a believable province, and shows who may look around."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from govcloud.cli.context import platform
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.report import SeedReport
from govcloud.cli.seed.sizes import OFFERED, SHAPES

_PRIVATE = 0o600


@click.command()
@click.option("--size", type=click.Choice(OFFERED), default="dev", show_default=True, help="How big a province.")
@click.option(
    "--seed", "rng_seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same number gives the same province."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
@click.option(
    "--secrets-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the examples' client secrets go (mode 0600). Default: client-secrets.json beside the master key.",
)
@click.pass_context
def seed(context: click.Context, size: str, rng_seed: int, *, dry_run: bool, secrets_file: Path | None) -> None:
    """Fill an empty platform with a believable province."""
    console = Console()
    if dry_run:
        _show_plan(console, Plan(SHAPES[size], rng_seed))
        return
    # Imported here so that a dry run needs neither settings nor a database.
    from govcloud.cli.seed.loader import seed as load  # noqa: PLC0415

    with platform(context) as services, _bar(console) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        report = load(services, size, rng_seed, progress)
        path = secrets_file or services.settings.master_key_file.with_name("client-secrets.json")
    keep_secrets(report, path)
    _show_report(console, report, path)


def keep_secrets(report: SeedReport, path: Path) -> None:
    """Write the clients' secrets as a JSON object to ``path``, readable by its owner alone from the first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        # A file that was there before keeps its mode when it is opened.
        os.fchmod(file.fileno(), _PRIVATE)
        json.dump(dict(report.client_secrets), file, indent=2)


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _show_plan(console: Console, plan: Plan) -> None:
    """Print how much of everything the plan has."""
    counts = {
        "divisions": len(plan.divisions.by_code),
        "departments": len(plan.departments),
        "officials": plan.shape.officials,
        "subsystems": len(plan.subsystems),
        "functions": sum(len(system.functions) for system in plan.subsystems),
        "matters": len(plan.matters),
        "power items": sum(1 for _ in plan.powers()),
        "roles": len(plan.duties.role_names),
    }
    for name, count in counts.items():
        console.print(f"{name:<16} {count:>9,}")
    console.print("Nothing was written (--dry-run).")


def _show_report(console: Console, report: SeedReport, path: Path) -> None:
    """Print the counts and, this once, the sample accounts with their passwords."""
    console.print(", ".join(f"{count:,} {name}" for name, count in report.counts.items()))
    table = Table(title="sample accounts")
    for column in ("login", "name", "password"):
        table.add_column(column, no_wrap=True)
    table.add_column("who", overflow="fold")
    for account in report.sample_accounts:
        table.add_row(account.login, account.name, account.password, account.description)
    console.print(table)
    console.print(f"The passwords are shown this once. Client secrets of the examples: {path}")
