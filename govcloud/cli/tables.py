"""Rows on the command line: a table for people at a terminal, tab-separated lines for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text


def show(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print ``rows`` under ``headings``; nothing in them is taken as markup."""
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            click.echo("\t".join(row))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    # rich knows how wide Chinese characters are; padding by their number would not line up.
    Console().print(table)
