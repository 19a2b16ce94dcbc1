"""``govcloud policy``: show, export, test and compare policies, import them as drafts, apply what was approved, bring back what was."""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID

import click

from govcloud.authorization.drafting.checking import run_cases
from govcloud.authorization.policies.comparing import compare
from govcloud.authorization.policies.document import PolicyDocument, RuleSpec, load_document
from govcloud.authorization.shipped import baseline
from govcloud.cli.answer_words import json_text
from govcloud.cli.context import operator, platform
from govcloud.cli.duties import duties
from govcloud.cli.policy_drafts import DRAFT_COMMANDS
from govcloud.cli.policy_impact import impact_cells, lines_of, show_impact, show_lines, unknown_functions, warn
from govcloud.cli.policy_shadow import shadow
from govcloud.cli.tables import show as show_rows
from govcloud.services import Services

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def policy() -> None:
    """Show, test and compare policies; import drafts, apply what two officers agreed on, bring an earlier version back."""


@policy.command()
@click.option("--role", help="only the rules of this role")
@click.option("--source", is_flag=True, help="the document as it was installed, word for word")
@click.option("--versions", is_flag=True, help="every version that was ever in force, and how it came in")
@click.pass_context
def show(context: click.Context, *, role: str | None, source: bool, versions: bool) -> None:
    """Show the policy in force (the shipped one while none is installed)."""
    with platform(context) as services:
        if versions:
            _show_versions(services)
            return
        document = _in_force(services)
    if source:
        click.echo(document.text, nl=False)
        return
    if role is not None and role not in {spec.code for spec in document.roles}:
        raise click.ClickException(f"the policy in force has no role {role!r}")
    rules = [rule for rule in document.rules if role in {None, rule.role}]
    show_rows(("role", "effect", "function", "when", "rows", "label"), [_cells(rule) for rule in rules])
    click.echo(f"{len(rules)} rules, {len(document.roles)} roles, from {document.source}")


@policy.command()
@click.option("--version", "number", type=click.IntRange(0), help="a version that is or was in force; 0 is the shipped policy")
@click.option("--draft", "draft_id", type=click.UUID, help="a draft")
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="a file  [default: standard output]")
@click.pass_context
def export(context: click.Context, *, number: int | None, draft_id: UUID | None, output: Path | None) -> None:
    """Write the text of the policy in force, of an earlier version or of a draft, word for word."""
    if number is not None and draft_id is not None:
        raise click.UsageError("either --version or --draft")
    with platform(context) as services:
        queries = services.draft_queries
        text = queries.text(draft_id) if draft_id else queries.version_text(queries.live_number() if number is None else number)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(f"{output}: {len(text.splitlines())} lines")


@policy.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--cases", type=_FOLDER, help="the folder with the cases  [default: policies/cases]")
@click.option("--draft", "draft_id", type=click.UUID, help="a draft instead of a file")
@click.pass_context
def test(context: click.Context, file: Path | None, cases: Path | None, draft_id: UUID | None) -> None:
    """Check a policy FILE (the shipped one by default) and run the cases against it; needs no database, but for a draft."""
    if draft_id is None:
        document = load_document(file) if file else baseline()
    else:
        with platform(context) as services:
            document = services.draft_queries.document(draft_id)
    run = run_cases(document, cases)
    for case, differences in run.shown:
        click.secho(f"{case}: {differences}", fg="red", err=True)
    click.echo(f"{document.source}: {len(document.rules)} rules, {run.cases} cases, {run.failed} failed")
    if run.failed:
        sys.exit(1)


@policy.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--draft", "draft_id", type=click.UUID, help="a draft instead of a file")
@click.option("--impact", is_flag=True, help="also how many people gain or lose which function")
@click.option("--people", is_flag=True, help="also who they are, the first of each group")
@click.option("--all", "everyone", is_flag=True, help="also who they are, every one of them")
@click.option("--json", "as_json", is_flag=True, help="the same for programs")
@click.pass_context
def diff(
    context: click.Context, file: Path | None, draft_id: UUID | None, *, impact: bool, people: bool, everyone: bool, as_json: bool
) -> None:
    """Show what FILE (the shipped policy by default) would change; exit code 1 when anything."""
    wanted = impact or people or everyone
    with platform(context) as services:
        new = services.draft_queries.document(draft_id) if draft_id else load_document(file) if file else baseline()
        difference, unknown = compare(_in_force(services), new), unknown_functions(services, new)
        if as_json:
            cells = impact_cells(services, new, people=people, everyone=everyone) if difference and wanted else None
            click.echo(json_text({"difference": list(lines_of(difference)), "not_in_catalogue": unknown, "impact": cells}))
        else:
            show_lines(difference)
            warn(unknown)
            if difference and wanted:
                show_impact(services, new, people=people, everyone=everyone)
    if difference:
        sys.exit(1)
    if not as_json:
        click.echo("no difference")


@policy.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def install(context: click.Context, file: Path | None, *, yes: bool) -> None:
    """Put FILE (the shipped policy by default) in force as the first policy; later ones are drafted and approved (see `import`)."""
    new = load_document(file) if file else baseline()
    with platform(context) as services:
        installed = services.authorization_queries.installed_document()
        lost = 0
        if installed is not None:
            click.secho("a policy is in force already: later ones are drafted and approved (govcloud policy import)", fg="yellow", err=True)
            difference = compare(installed, new)
            lost = len(difference.rules_removed)
            show_lines(difference)
        warn(unknown_functions(services, new))
        if not yes:
            taken = f"; {lost} of the rules in force go" if lost else ""
            click.confirm(f"install {new.source} ({len(new.rules)} rules{taken})?", abort=True)
        number = services.authorization.install_policy(operator(), new)
    click.echo(f"policy {number} is in force ({new.source}, {len(new.rules)} rules)")


policy.add_command(duties)
policy.add_command(shadow)
for command in DRAFT_COMMANDS:
    policy.add_command(command)


def _in_force(services: Services) -> PolicyDocument:
    """Return the document that decides now."""
    return services.authorization_queries.installed_document() or baseline()


def _show_versions(services: Services) -> None:
    versions = services.draft_queries.versions(200)
    people = {person for version in versions for person in (version.maker_id, version.reviewer_id) if person}
    names = services.identity_queries.official_names(people)
    rows = [
        (
            str(version.number),
            f"{version.installed_at:%Y-%m-%d %H:%M:%SZ}",
            version.installed_by,
            version.basis,
            names.get(version.maker_id, "") if version.maker_id else "",
            names.get(version.reviewer_id, "") if version.reviewer_id else "",
            version.source,
            version.checksum[:12],
        )
        for version in versions
    ]
    show_rows(("version", "installed", "by", "basis", "drafted by", "approved by", "source", "sha-256"), rows)


def _cells(rule: RuleSpec) -> tuple[str, ...]:
    return (rule.role, rule.effect, rule.function, rule.condition, rule.scope_expr, rule.label)
