"""What a policy would change, as the command line shows it: rules, counts by function, and people."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from govcloud.authorization.drafting.effects import GAINS, LOSSES, Effect
from govcloud.authorization.drafting.measuring import Gathered, Measured, Progress
from govcloud.authorization.drafting.views import Touched
from govcloud.authorization.policies.comparing import Difference
from govcloud.authorization.policies.document import PolicyDocument, RuleSpec
from govcloud.cli.tables import show as show_rows
from govcloud.identity.views import OfficialView
from govcloud.services import Services

#: So many people of a group are named; a group has the same effects for all of them.
_NAMED = 20
_MARKS = {
    Effect.GAINED: "+",
    Effect.MAY_GAIN: "(+)",
    Effect.LOST: "-",
    Effect.MAY_LOSE: "(-)",
    Effect.ALTERED: "~",
}


def show_lines(difference: Difference) -> None:
    """Print a difference, what comes in green and what goes in red."""
    for line in lines_of(difference):
        click.secho(line, fg="green" if line.startswith("+") else "red")


def lines_of(difference: Difference) -> Iterator[str]:
    """Give a difference as lines that begin with ``+`` or ``-``."""
    yield from (f"- role {role}" for role in difference.roles_removed)
    yield from (f"+ role {role}" for role in difference.roles_added)
    yield from (f"- {role} includes {included}" for role, included in difference.inclusions_removed)
    yield from (f"+ {role} includes {included}" for role, included in difference.inclusions_added)
    yield from (f"- {_sentence(rule)}" for rule in difference.rules_removed)
    yield from (f"+ {_sentence(rule)}" for rule in difference.rules_added)


def unknown_functions(services: Services, document: PolicyDocument) -> list[str]:
    """Return the functions of relying systems that the document names and the catalogue does not have (yet)."""
    subsystems = {subsystem.code for subsystem in services.subsystem_queries.all()}
    known = {function.code for function in services.subsystem_queries.functions()}
    known |= {f"{code}:*" for code in subsystems} | {f"{code}:door:enter" for code in subsystems}
    return sorted({rule.function for rule in document.rules if not rule.function.startswith("govcloud:")} - known)


def warn(unknown: list[str]) -> None:
    """Say which functions nobody can use."""
    if unknown:
        click.secho(f"not in the catalogue, so nobody can use them yet: {', '.join(unknown)}", fg="yellow", err=True)


def show_impact(services: Services, document: PolicyDocument, *, people: bool, everyone: bool = False) -> None:
    """Work out whom ``document`` would touch, and print counts by function; with ``people`` also names, with ``everyone`` all of them."""
    measured = measured_with_bar(services, document)
    show_measured(measured)
    if people or everyone:
        _show_groups(services, measured, everyone=everyone)


def impact_cells(services: Services, document: PolicyDocument, *, people: bool, everyone: bool = False) -> dict[str, Any]:
    """Work out whom ``document`` would touch, and return it for programs; ``people`` and ``everyone`` as in ``show_impact``."""
    measured = measured_with_bar(services, document)
    return {
        "population": measured.population,
        "touched": sum(group.size for group in measured.groups),
        "roles_lost": measured.roles_lost,
        "functions": [{"function": function, **found} for function, found in _counts(measured)],
        "groups": [
            {
                "kind": group.kind,
                "roles": group.roles,
                "attributes": group.attributes,
                "effects": group.effects,
                "size": group.size,
                "people": _people(services, measured, group, everyone=everyone) if people or everyone else (),
            }
            for group in measured.groups
        ],
    }


def _people(services: Services, measured: Measured, group: Gathered, *, everyone: bool) -> list[Touched]:
    """Return the people of a group: the first of them, or all."""
    return services.draft_queries.people_of(measured, group, group.size if everyone else _NAMED)


def show_label_of_function(services: Services, code: str, label: int) -> int:
    """Print whom another security label of a function would touch, by name; return how many appointments."""
    with _bar() as note:
        measured: Measured = services.drafting.relabelling.of_function(code, label, note)
    show_measured(measured)
    _show_groups(services, measured)
    return sum(group.size for group in measured.groups)


def show_label_of_person(services: Services, official: OfficialView, label: int) -> int:
    """Print which functions another security label would open and close to somebody; return under how many appointments."""
    found = services.drafting.relabelling.of_person(official.id, label)
    for item in found:
        subject = item.subject
        effects = ", ".join(f"{_MARKS[effect]} {function}" for function, effect in sorted(item.effects.items()))
        click.echo(f"{subject.name}, {subject.department_name} · {subject.position}: {effects}")
    click.echo(f"the label {label} changes what {official.name} may do under {len(found)} appointments")
    return len(found)


def _counts(measured: Measured) -> list[tuple[str, dict[str, int]]]:
    """Return how many appointments gain, lose, or have each function on other rows or conditions, and how many parts of the platform."""
    counts: dict[str, dict[str, int]] = {}
    for group in measured.groups:
        for function, effect in group.effects.items():
            known = counts.setdefault(function, {"gain": 0, "lose": 0, "other": 0, "parts": 0})
            name = "parts" if group.kind == "part" else "gain" if effect in GAINS else "lose" if effect in LOSSES else "other"
            known[name] += 1 if group.kind == "part" else group.size
    return sorted(counts.items())


def _show_groups(services: Services, measured: Measured, *, everyone: bool = False) -> None:
    for group in measured.groups:
        _show_group(services, measured, group, everyone=everyone)


def measured_with_bar(services: Services, document: PolicyDocument) -> Measured:
    """Work out whom ``document`` would touch, with a bar on the way."""
    live, now = services.authorization_queries.policy(), services.clock.now()
    with _bar() as note:
        measured: Measured = services.drafting.measuring.measure(live, document, now, note)
    return measured


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show a bar on standard error, and give what moves it."""
    shown = 0
    with click.progressbar(length=100, label="working out whom it touches", file=sys.stderr) as bar:

        def note(done: int, total: int) -> None:
            nonlocal shown
            percent = done * 100 // total
            bar.update(percent - shown)
            shown = percent

        yield note


def show_measured(measured: Measured) -> None:
    """Print the counts by function, and what stands in the way."""
    touched = sum(group.size for group in measured.groups)
    click.echo(f"{touched:,} of {measured.population:,} appointments are touched")
    rows = [
        (function, f"{found['gain']:,}", f"{found['lose']:,}", f"{found['other']:,}", str(found["parts"] or ""))
        for function, found in _counts(measured)
    ]
    if rows:
        show_rows(("function", "gain", "lose", "other rows or conditions", "parts of the platform"), rows)
    if measured.roles_lost:
        held = ", ".join(measured.roles_lost)
        click.secho(f"cannot be put in force: somebody holds {held}, which it no longer has", fg="red", err=True)


def _show_group(services: Services, measured: Measured, group: Gathered, *, everyone: bool) -> None:
    effects = ", ".join(f"{_MARKS[effect]} {function}" for function, effect in sorted(group.effects.items()))
    values = ", ".join(f"{name} {value}" for name, value in group.attributes.items())
    who = " ".join(part for part in (f"[{' '.join(group.roles)}]", values) if part)
    click.echo(f"\n{group.size:,} × {who}: {effects}" if group.kind != "part" else f"\n{group.roles[0]}: {effects}")
    found = _people(services, measured, group, everyone=everyone)
    if found:
        show_rows(("name", "code", "position", "department"), [(p.name, p.employee_code, p.position, p.department_name) for p in found])
    if group.size > len(found):
        click.echo(f"and {group.size - len(found):,} more")


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
