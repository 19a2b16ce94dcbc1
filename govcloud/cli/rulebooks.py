"""Showing and setting rules that are set in one place, whichever rulebook they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from govcloud.cli.context import operator
from govcloud.cli.tables import show
from govcloud.kernel.rulebook import Rulebook, differences


def show_rules(rulebook: Rulebook[Any]) -> None:
    """Show the rules that hold, and what each may be."""
    show(
        ("rule", "value", "allowed"), ((name, str(value), str(rulebook.rules[name])) for name, value in asdict(rulebook.current()).items())
    )


def set_rules(rulebook: Rulebook[Any], given: Sequence[str], reason: str) -> None:
    """Change the rules that are given as ``RULE=VALUE`` and say what changed.

    Raises:
        click.UsageError: something is not given so.
        Invalid: as for ``Rulebook.set``.
    """
    typed: dict[str, str] = {}
    for rule in given:
        name, separator, value = rule.partition("=")
        if not separator:
            raise click.UsageError(f"{rule!r} is not RULE=VALUE")
        typed[name] = value
    before = rulebook.current()
    changed = differences(before, rulebook.set(operator(), rulebook.typed(typed), reason))
    click.echo("\n".join(f"{name}: {old} -> {new}" for name, (old, new) in changed.items()) or "nothing changed")
