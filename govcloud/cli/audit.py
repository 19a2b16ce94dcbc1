"""``govcloud audit``: verify the record, seal what waits, take evidence out, read a trail."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.evidence import check_bundle
from govcloud.audit.findings import MOST_KEPT, Kind, Report
from govcloud.audit.queries import AuditEntry
from govcloud.audit.service import AuditTrail
from govcloud.cli.context import operator, platform
from govcloud.kernel.errors import Invalid


class CheckpointType(click.ParamType[Checkpoint]):
    """A checkpoint as ``size:root``."""

    name = "size:root"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Checkpoint:  # noqa: ANN401 - click's signature
        """Return the checkpoint, or fail with the option's name."""
        try:
            return value if isinstance(value, Checkpoint) else Checkpoint.parse(value)
        except Invalid:
            self.fail(f"{value[:80]!r} is not a checkpoint such as 1200:<64 hexadecimal digits>", param, ctx)


SINCE = click.option("--since", type=CheckpointType(), help="A checkpoint kept elsewhere, as verify and seal print it.")

DATABASE_ALONE = "nothing was altered, as far as the database alone can show; with a checkpoint kept elsewhere add --since"
BUNDLE_ALONE = (
    "the file agrees with itself and with the checkpoint above. By itself that proves no more, as whoever makes a file chooses its "
    "checkpoint: compare that with one kept elsewhere, or give it as --since"
)


@click.group()
def audit() -> None:
    """Verify and read the audit record."""


@audit.command()
@SINCE
@click.option("--full", is_flag=True, help="With --since: verify also the events that the checkpoint covers.")
@click.option(
    "--bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Verify this evidence bundle, without a database."
)
@click.pass_context
def verify(context: click.Context, *, since: Checkpoint | None, full: bool, bundle: Path | None) -> None:
    """Recompute everything from the stored bytes and name what does not hold (then exit code 1)."""
    if bundle is not None:
        report = check_bundle(bundle.read_bytes(), since)
        unanchored = BUNDLE_ALONE
    else:
        with platform(context) as services, progress_bar("verifying") as progress:
            report = services.audit.verify(operator(), since=since, full=full, progress=progress)
        unanchored = DATABASE_ALONE
    print_report(report, unanchored)
    sys.exit(0 if report.holds else 1)


@audit.command()
@click.pass_context
def seal(context: click.Context) -> None:
    """Give every waiting event its place now, and print the checkpoint to keep elsewhere."""
    with platform(context) as services:
        sealed = services.sequencer.run_until_empty(operator())
    if sealed is None:
        raise click.ClickException("another sequencer is at work; the jobs seal by themselves")
    click.echo(f"sealed {sealed.events:,} events, {sealed.size:,} in all")
    if sealed.checkpoint is not None:
        click.echo(f"checkpoint: {sealed.checkpoint}")


@audit.command()
@click.option("--chain", help="Only the events of one access request, by its id.")
@click.option("--subject", help="Only the events of one subject, e.g. official:<id>.")
@SINCE
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@click.pass_context
def bundle(context: click.Context, *, chain: str | None, subject: str | None, since: Checkpoint | None, output: Path) -> None:
    """Write events with their proofs into a file that verifies without the database."""
    with platform(context) as services:
        exported = services.audit.bundle(operator(), chain=chain, subject=subject, since=since)
    output.write_text(json.dumps(exported, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    click.echo(
        f"{output}: {len(exported['events']):,} events under checkpoint {exported['checkpoint']['size']}:{exported['checkpoint']['root']}"
    )


@audit.command()
@click.option("--chain", help="The events of one access request, by its id, in their order.")
@click.option("--subject", help="The events of one subject, e.g. official:<id>, newest first.")
@click.option("--actor", help="What one actor did, e.g. official:<id>, newest first.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.pass_context
def trail(context: click.Context, *, chain: str | None, subject: str | None, actor: str | None, limit: int) -> None:
    """Print events as lines of JSON; without an option, the newest. Reading is itself recorded."""
    if sum(option is not None for option in (chain, subject, actor)) > 1:
        raise click.UsageError("give one of --chain, --subject and --actor")
    with platform(context) as services:
        for entry in _entries(services.audit, chain, subject, actor, limit):
            click.echo(json.dumps(_line(entry), ensure_ascii=False))


def print_report(report: Report, unanchored: str) -> None:
    """Print what was verified and every finding that was kept; ``unanchored`` is what holds without a checkpoint kept elsewhere."""
    for finding in report.findings:
        click.secho(f"{finding.kind}  {finding.where}: {finding.detail}", fg="red", err=True)
    if report.counts.total() > MOST_KEPT:
        click.secho(f"… and {report.counts.total() - MOST_KEPT:,} more", fg="red", err=True)
    if Kind.NOT_SEQUENCED in report.counts or Kind.CHECKPOINT_MISSING in report.counts:
        click.echo("events that are not sealed: if the jobs were not running, run `govcloud audit seal` and verify again", err=True)
    erased = f" ({report.personal_erased:,} erased)" if report.personal_erased else ""
    waiting = f", {report.waiting:,} waiting to be sealed" if report.waiting else ""
    click.echo(f"verified {report.events:,} events, {report.personal_values:,} personal values{erased}{waiting}")
    if report.checkpoint is not None:
        click.echo(f"checkpoint: {report.checkpoint}")
    if report.holds:
        click.secho("nothing was altered since the checkpoint" if report.anchored else unanchored, fg="green")
    else:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(report.counts.items()))
        click.secho(f"the record does not hold: {kinds}", fg="red", err=True)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that draws how much is done; drawn on a terminal only."""
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _entries(reader: AuditTrail, chain: str | None, subject: str | None, actor: str | None, limit: int) -> list[AuditEntry]:
    """Return the entries that the options ask for."""
    if chain is not None:
        return reader.by_chain(operator(), chain, limit=limit)
    if subject is not None:
        return reader.by_subject(operator(), subject, limit=limit)
    if actor is not None:
        kind, _, actor_id = actor.partition(":")
        return reader.by_actor(operator(), kind, actor_id, limit=limit)
    return reader.newest(operator(), limit=limit)


def _line(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry in the types of JSON."""
    return vars(entry) | {"id": str(entry.id), "at": entry.at.isoformat()}
