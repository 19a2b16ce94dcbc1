"""``govcloud policy``: show, test, compare and install policies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from govcloud.authorization.cases import load_cases
from govcloud.authorization.comparing import Difference, compare
from govcloud.authorization.document import PolicyDocument, RuleSpec, load_document
from govcloud.authorization.shipped import baseline, policies_folder
from govcloud.cli.context import operator, platform
from govcloud.cli.duties import duties
from govcloud.cli.tables import show as show_rows
from govcloud.services import Services

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def policy() -> None:
    """Show, test, compare and install policies."""


@policy.command()
@click.option("--role", help="only the rules of this role")
@click.option("--source", is_flag=True, help="the document as it was installed, word for word")
@click.option("--versions", is_flag=True, help="every version that was ever installed")
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
@click.argument("file", type=_FILE, required=False)
@click.option("--cases", type=_FOLDER, help="the folder with the cases  [default: policies/cases]")
def test(file: Path | None, cases: Path | None) -> None:
    """Check a policy FILE (the shipped one by default) and run the cases against it; needs no database."""
    document = load_document(file) if file else baseline()
    count = failed = 0
    for case in load_cases(cases or policies_folder() / "cases", document):
        count += 1
        differences = case.run()
        if differences:
            failed += 1
            click.secho(f"{case}: {'; '.join(differences)}", fg="red", err=True)
    click.echo(f"{document.source}: {len(document.rules)} rules, {count} cases, {failed} failed")
    if failed:
        sys.exit(1)


@policy.command()
@click.argument("file", type=_FILE, required=False)
@click.pass_context
def diff(context: click.Context, file: Path | None) -> None:
    """Show what installing FILE (the shipped policy by default) would change; exit code 1 when anything."""
    new = load_document(file) if file else baseline()
    with platform(context) as services:
        difference = compare(_in_force(services), new)
        unknown = _unknown(services, new)
    for line in _lines(difference):
        click.secho(line, fg="green" if line.startswith("+") else "red")
    _warn(unknown)
    if difference:
        sys.exit(1)
    click.echo("no difference")


@policy.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def install(context: click.Context, file: Path | None, *, yes: bool) -> None:
    """Put FILE (the shipped policy by default) in force, after showing what changes."""
    new = load_document(file) if file else baseline()
    with platform(context) as services:
        installed = services.authorization_queries.installed_document()
        lost = 0
        if installed is not None:
            difference = compare(installed, new)
            lost = len(difference.rules_removed)
            for line in _lines(difference):
                click.secho(line, fg="green" if line.startswith("+") else "red")
        _warn(_unknown(services, new))
        if not yes:
            taken = f"; {lost} of the rules in force go" if lost else ""
            click.confirm(f"install {new.source} ({len(new.rules)} rules{taken})?", abort=True)
        number = services.authorization.install_policy(operator(), new)
    click.echo(f"policy {number} is in force ({new.source}, {len(new.rules)} rules)")


policy.add_command(duties)


def _in_force(services: Services) -> PolicyDocument:
    """Return the document that decides now."""
    return services.authorization_queries.installed_document() or baseline()


def _show_versions(services: Services) -> None:
    rows = [
        (str(version.number), f"{version.installed_at:%Y-%m-%d %H:%M:%SZ}", version.installed_by, version.source, version.checksum[:12])
        for version in services.authorization_queries.policy_versions()
    ]
    show_rows(("version", "installed", "by", "source", "sha-256"), rows)


def _cells(rule: RuleSpec) -> tuple[str, ...]:
    return (rule.role, rule.effect, rule.function, rule.condition, rule.scope_expr, rule.label)


def _sentence(rule: RuleSpec) -> str:
    """Return the rule in one line."""
    parts = [rule.role, rule.effect, rule.function]
    if rule.condition:
        parts.append(f"when {rule.condition}")
    if rule.scope_expr:
        parts.append(f"on {rule.scope_expr}")
    if rule.fields.masked:
        parts.append(f"masking {', '.join(sorted(rule.fields.masked))}")
    if rule.fields.hidden:
        parts.append(f"hiding {', '.join(sorted(rule.fields.hidden))}")
    if rule.label:
        parts.append(f"({rule.label})")
    return " ".join(parts)


def _lines(difference: Difference) -> Iterator[str]:
    """Return a difference as lines that begin with ``+`` or ``-``."""
    yield from (f"- role {role}" for role in difference.roles_removed)
    yield from (f"+ role {role}" for role in difference.roles_added)
    yield from (f"- {role} includes {included}" for role, included in difference.inclusions_removed)
    yield from (f"+ {role} includes {included}" for role, included in difference.inclusions_added)
    yield from (f"- {_sentence(rule)}" for rule in difference.rules_removed)
    yield from (f"+ {_sentence(rule)}" for rule in difference.rules_added)


def _unknown(services: Services, document: PolicyDocument) -> list[str]:
    """Return the functions of relying systems that the document names and the catalogue does not have (yet)."""
    subsystems = {subsystem.code for subsystem in services.subsystem_queries.all()}
    known = {function.code for function in services.subsystem_queries.functions()}
    known |= {f"{code}:*" for code in subsystems} | {f"{code}:door:enter" for code in subsystems}
    return sorted({rule.function for rule in document.rules if not rule.function.startswith("govcloud:")} - known)


def _warn(unknown: list[str]) -> None:
    if unknown:
        click.secho(f"not in the catalogue, so nobody can use them yet: {', '.join(unknown)}", fg="yellow", err=True)
