"""The commands of ``govcloud policy`` that draft, apply and bring back; two officers approve in the console."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from govcloud.authorization.drafting.checking import run_cases
from govcloud.authorization.drafting.service import NewDraft
from govcloud.authorization.policies.comparing import compare
from govcloud.authorization.policies.document import load_document
from govcloud.cli.context import operator, platform
from govcloud.cli.policy_impact import measured_with_bar, show_lines, show_measured, unknown_functions, warn
from govcloud.cli.tables import show as show_rows
from govcloud.services import Services

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TWO = 2


@click.command("import")
@click.argument("file", type=_FILE)
@click.option("--title", help="what the draft is called  [default: the file's name]")
@click.option("--reason", required=True, help="why it is wanted; the officers and the audit record see it")
@click.option("--base", type=click.IntRange(0), help="the version that FILE was written on  [default: the one in force]")
@click.option("--dry-run", is_flag=True, help="check it and show what it would change; keep nothing")
@click.pass_context
def import_(context: click.Context, file: Path, *, title: str | None, reason: str, base: int | None, dry_run: bool) -> None:
    """Keep FILE as a draft; a security officer takes it over in the console, and a second one approves it."""
    document = load_document(file)
    with platform(context) as services:
        queries = services.draft_queries
        show_lines(compare(queries.version_document(queries.live_number()), document))
        warn(unknown_functions(services, document))
        run = run_cases(document)
        click.echo(f"{len(document.rules)} rules, {run.cases} cases, {run.failed} failed")
        if dry_run:
            show_measured(measured_with_bar(services, document))
            return
        new = NewDraft(title or file.name, reason, document.text, file.name, base)
        draft_id = services.drafting.create(operator(), new)
        click.echo(f"draft {draft_id}")
        _say_what_next(services)


@click.command()
@click.option("--over", is_flag=True, help="those that were applied or thrown away")
@click.pass_context
def drafts(context: click.Context, *, over: bool) -> None:
    """List the drafts, the newest first."""
    with platform(context) as services:
        found = services.draft_queries.drafts(over=over, limit=200)
        names = services.identity_queries.official_names({draft.maker_id for draft in found if draft.maker_id})
        rows = [
            (
                str(draft.id),
                draft.state,
                str(draft.revision),
                f"{draft.base_number}{' (replaced)' if draft.stale and not over else ''}",
                names.get(draft.maker_id, "") if draft.maker_id else draft.created_by,
                draft.title,
            )
            for draft in found
        ]
        show_rows(("draft", "state", "revision", "base", "maker", "title"), rows)
        _warn_of_officers(services)


@click.command()
@click.argument("draft_id", type=click.UUID)
@click.option("--dry-run", is_flag=True, help="show what would change; change nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def apply(context: click.Context, draft_id: UUID, *, dry_run: bool, yes: bool) -> None:
    """Put a draft in force that a second officer has approved."""
    with platform(context) as services:
        draft = services.draft_queries.draft(draft_id)
        show_lines(services.draft_queries.difference(draft_id))
        click.echo(f"{draft.title}: revision {draft.revision}, {draft.state}, sha-256 {draft.checksum[:12]}")
        if dry_run:
            return
        if not yes:
            click.confirm("put it in force?", abort=True)
        number = services.drafting.apply(operator(), draft_id)
        click.echo(f"policy {number} is in force")


@click.command()
@click.argument("number", type=click.IntRange(0))
@click.option("--reason", required=True, help="why; stands in the audit record and on the page")
@click.option("--emergency", is_flag=True, help="at once, without a second person: only what was in force already can come back so")
@click.option("--dry-run", is_flag=True, help="show what would change; change nothing")
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def rollback(context: click.Context, number: int, *, reason: str, emergency: bool, dry_run: bool, yes: bool) -> None:
    """Bring the text of version NUMBER back: as a draft to be approved, or at once in an emergency."""
    with platform(context) as services:
        queries = services.draft_queries
        show_lines(compare(queries.version_document(queries.live_number()), queries.version_document(number)))
        if dry_run:
            show_measured(measured_with_bar(services, queries.version_document(number)))
            return
        if not emergency:
            click.echo(f"draft {services.drafting.roll_back(operator(), number, reason)}")
            _say_what_next(services)
            return
        if not yes:
            # Whom it touches is told while somebody can still say no; with --yes there is no time to lose, and nobody who reads it.
            show_measured(measured_with_bar(services, queries.version_document(number)))
            click.confirm(f"put version {number} in force at once, on your word alone?", abort=True)
        now_number = services.drafting.roll_back_at_once(operator(), number, reason)
        click.echo(f"policy {now_number} is in force, with the text of version {number}; it is marked until an approved one replaces it")


@click.command()
@click.argument("draft_id", type=click.UUID)
@click.option("--reason", required=True, help="why; stands in the audit record")
@click.pass_context
def discard(context: click.Context, draft_id: UUID, reason: str) -> None:
    """Throw a draft away that came from the command line."""
    with platform(context) as services:
        services.drafting.discard(operator(), draft_id, reason)
        click.echo("thrown away")


DRAFT_COMMANDS = (import_, drafts, apply, rollback, discard)


def _say_what_next(services: Services) -> None:
    click.echo("next: one security officer takes it over in the console (策略草稿) and submits it, another one approves it")
    _warn_of_officers(services)


def _warn_of_officers(services: Services) -> None:
    """Say clearly when nobody could approve a draft."""
    officers = services.draft_queries.officers()
    if officers < _TWO:
        click.secho(
            f"there is {'one' if officers else 'no'} security officer: nobody can approve a draft before there are two; "
            "appoint another: govcloud roles give LOGIN security_admin",
            fg="yellow",
            err=True,
        )
