"""``govcloud apart``: separation of duty on the command line.

Whoever has a shell may propose rules and take exceptions back. Approving a rule and giving an exception takes a person with an office,
so that there is always a second one: that is done on the console or over the API.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import yaml

from govcloud.authorization.apart.inputs import NewRule
from govcloud.authorization.apart.queries import ViolationView
from govcloud.authorization.apart.views import KINDS, ExceptionView, RulePreview, RuleView
from govcloud.cli.context import operator, platform
from govcloud.cli.tables import show as show_rows
from govcloud.services import Services

_NAMED = 20
_MEMBERS = frozenset({"name", "kind", "functions", "most", "liftable", "reason"})


@click.group()
def apart() -> None:
    """Keep duties apart: rules on which functions nobody holds together, exceptions, and who breaks a rule."""


@apart.command("rules")
@click.pass_context
def rules_(context: click.Context) -> None:
    """List the rules in force."""
    with platform(context) as services:
        rows = (
            (rule.code, str(rule.version), rule.kind, str(rule.most), "|".join(rule.functions), "yes" if rule.liftable else "no", rule.name)
            for rule in services.authorization_queries.apart.rules()
        )
        show_rows(("code", "version", "kind", "most", "functions", "exceptions", "name"), rows)


@apart.command()
@click.argument("code")
@click.pass_context
def show(context: click.Context, *, code: str) -> None:
    """Show every version of the rule CODE, and who breaks it now."""
    with platform(context) as services:
        queries = services.authorization_queries.apart
        found = queries.versions(code)
        for rule in found:
            until = f" until {rule.ended_at:%Y-%m-%d %H:%MZ}" if rule.ended_at else ""
            click.echo(f"version {rule.version} since {rule.since:%Y-%m-%d %H:%MZ}{until}: {rule.name} ({rule.kind}, at most {rule.most})")
            click.echo(f"  {', '.join(rule.functions) or 'every function'}")
            click.echo(f"  proposed by {rule.proposed_by}, approved by {rule.approved_by}: {rule.reason}")
        if found[0].ended_at is None:
            _show(services, queries.breaches(found[0]))


@apart.command()
@click.argument("code")
@click.option("--name", required=True, help="what people see")
@click.option("--kind", type=click.Choice(KINDS), default="static", show_default=True)
@click.option("--function", "functions", multiple=True, help="one of the set, repeatable; none with --kind per_case: every function")
@click.option("--most", default=1, show_default=True, help="how many of the set one person may have")
@click.option("--no-exceptions", is_flag=True, help="nobody may be given an exception")
@click.option("--reason", required=True)
@click.pass_context
def propose(context: click.Context, /, code: str, functions: tuple[str, ...], *, no_exceptions: bool, **given: Any) -> None:  # noqa: ANN401
    """Propose the rule CODE, new or changed, and show who would break it; a security administrator puts it in force."""
    with platform(context) as services:
        new = NewRule(code, given["name"], given["kind"], functions, given["reason"], given["most"], not no_exceptions)
        _proposed(services, services.apart.propose_rule(operator(), new))


@apart.command("propose-end")
@click.argument("code")
@click.option("--reason", required=True)
@click.pass_context
def propose_end(context: click.Context, *, code: str, reason: str) -> None:
    """Propose that the rule CODE be no more."""
    with platform(context) as services:
        click.echo(f"draft {services.apart.propose_end(operator(), code, reason)}")


@apart.command()
@click.pass_context
def drafts(context: click.Context) -> None:
    """List the drafts that wait for a security administrator."""
    with platform(context) as services:
        rows = (
            (str(draft.id), draft.code, "end" if draft.ends else draft.kind, "|".join(draft.functions), draft.proposed_by, draft.reason)
            for draft in services.authorization_queries.apart.drafts()
        )
        show_rows(("draft", "code", "what", "functions", "proposed by", "reason"), rows)


@apart.command()
@click.argument("draft_id", type=click.UUID)
@click.option("--reason", required=True)
@click.pass_context
def drop(context: click.Context, *, draft_id: UUID, reason: str) -> None:
    """Throw a draft away."""
    with platform(context) as services:
        services.apart.drop_rule(operator(), draft_id, reason)
        click.echo("dropped")


@apart.command()
@click.pass_context
def exceptions(context: click.Context) -> None:
    """List the exceptions that hold."""
    with platform(context) as services:
        found: list[ExceptionView] = []
        after: UUID | None = None
        while page := services.authorization_queries.apart.exceptions(after=after):
            found += page
            after = page[-1].id
        names = services.identity_queries.official_names({who for one in found for who in (one.official_id, one.given_by_official_id)})
        rows = (
            (
                str(one.id),
                names.get(one.official_id, ""),
                one.rule_code,
                "|".join(one.functions),
                f"{one.ends_at:%Y-%m-%d %H:%MZ}",
                names.get(one.given_by_official_id, ""),
                one.reason,
            )
            for one in found
        )
        show_rows(("exception", "official", "rule", "functions", "until", "given by", "reason"), rows)


@apart.command("end-exception")
@click.argument("exception_id", type=click.UUID)
@click.option("--reason", required=True)
@click.option("--yes", is_flag=True, help="do not ask")
@click.pass_context
def end_exception(context: click.Context, *, exception_id: UUID, reason: str, yes: bool) -> None:
    """Take an exception back at once; temporary grants that rest on it end with it."""
    with platform(context) as services:
        if not yes:
            click.confirm("temporary grants that rest on the exception end with it; go on?", abort=True)
        ended = services.apart.end_exception(operator(), exception_id, reason)
        click.echo("ended" if ended else "it had ended already")


@apart.command()
@click.pass_context
def violations(context: click.Context) -> None:
    """List who broke a rule at the last nightly look."""
    with platform(context) as services:
        found: list[ViolationView] = []
        after: UUID | None = None
        while page := services.authorization_queries.apart.violations(after=after):
            found += page
            after = page[-1].id
        names = services.identity_queries.official_names({one.official_id for one in found})
        rows = (
            (
                names.get(one.official_id, ""),
                one.rule_code,
                str(one.rule_version),
                "|".join(one.functions),
                f"{one.found_at:%Y-%m-%d %H:%MZ}",
            )
            for one in found
        )
        show_rows(("official", "rule", "version", "functions", "since"), rows)


@apart.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Look now who breaks a rule; exit code 1 when somebody does. Changes nothing."""
    with platform(context) as services:
        broken = 0
        for rule in services.authorization_queries.apart.rules():
            preview = services.authorization_queries.apart.breaches(rule)
            broken += len(preview.broken)
            click.echo(f"{rule.code} (version {rule.version}):")
            _show(services, preview)
    if broken:
        sys.exit(1)


@apart.command("export")
@click.pass_context
def export_(context: click.Context) -> None:
    """Write the rules in force as YAML, in the form that `import` reads."""
    with platform(context) as services:
        found = {rule.code: _as_file(rule) for rule in services.authorization_queries.apart.rules()}
        click.echo(yaml.safe_dump(found, allow_unicode=True, sort_keys=True), nl=False)


@apart.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="say what would be proposed, propose nothing")
@click.pass_context
def import_(context: click.Context, *, file: Path, dry_run: bool) -> None:
    """Propose whatever FILE has otherwise than the rules in force; rules that it does not name stay as they are."""
    wanted = _read(file)
    with platform(context) as services:
        standing = {rule.code: _as_file(rule) for rule in services.authorization_queries.apart.rules()}
        changed = [new for new in wanted if _differs(new, standing.get(new.code))]
        for new in changed:
            click.echo(f"{'~' if new.code in standing else '+'} {new.code}: {new.name}")
            if not dry_run:
                _proposed(services, services.apart.propose_rule(operator(), new))
        if not changed:
            click.echo("nothing differs")


def _read(file: Path) -> list[NewRule]:
    """Return the rules of a file."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise click.ClickException(f"{file} is no mapping of codes to rules")
    return [_rule(str(code), entry, file) for code, entry in document.items()]


def _rule(code: str, entry: object, file: Path) -> NewRule:
    if not isinstance(entry, dict) or not entry.keys() <= _MEMBERS or not {"name", "kind", "reason"} <= entry.keys():
        raise click.ClickException(f"{file}: {code} has name, kind, functions, most, liftable and reason, and nothing else")
    functions, most, liftable = entry.get("functions", []), entry.get("most", 1), entry.get("liftable", True)
    if not isinstance(functions, list) or type(most) is not int or not isinstance(liftable, bool):
        raise click.ClickException(f"{file}: {code}: functions is a list, most a number, liftable true or false")
    return NewRule(code, str(entry["name"]), str(entry["kind"]), tuple(map(str, functions)), str(entry["reason"]), most, liftable)


def _as_file(rule: RuleView) -> dict[str, Any]:
    return {
        "name": rule.name,
        "kind": rule.kind,
        "functions": list(rule.functions),
        "most": rule.most,
        "liftable": rule.liftable,
        "reason": rule.reason,
    }


def _differs(new: NewRule, standing: dict[str, Any] | None) -> bool:
    """Return whether a rule of a file is otherwise than the one in force; another reason alone is no other rule."""
    if standing is None:
        return True
    same = (new.name, new.kind, sorted(new.functions), new.most, new.liftable)
    return same != (standing["name"], standing["kind"], sorted(standing["functions"]), standing["most"], standing["liftable"])


def _proposed(services: Services, draft_id: UUID) -> None:
    queries = services.authorization_queries.apart
    click.echo(f"draft {draft_id} waits for a security administrator")
    _show(services, queries.preview(queries.draft(draft_id)))


def _show(services: Services, preview: RulePreview) -> None:
    """Print who breaks a rule."""
    broken = len(preview.broken)
    click.echo(f"  {preview.looked_at} people looked at, {broken} break it, {len(preview.breaches) - broken} by an exception")
    names = services.identity_queries.official_names([one.official_id for one in preview.breaches[:_NAMED]])
    for one in preview.breaches[:_NAMED]:
        click.echo(f"  {'~' if one.lifted else '!'} {names.get(one.official_id, one.official_id)}: {', '.join(one.functions)}")
