"""``govcloud ask log``: the decision log on the command line."""

from __future__ import annotations

from typing import Any

import click

from govcloud.authorization.decision_log.reading import LogAsked, LogEntry
from govcloud.cli.answer_words import json_text, when
from govcloud.cli.asking import JSON
from govcloud.cli.changes import Moment, find
from govcloud.cli.context import operator, platform
from govcloud.cli.tables import show as show_rows
from govcloud.kernel.paging import Cursor

_PAGE = 500


@click.command()
@click.option("--official", "employee_code", help="by employee code")
@click.option("--function", default="")
@click.option("--subsystem", default="")
@click.option("--kind", type=click.Choice(["denied", "sensitive", "sampled"]), default=None, help="why a decision was kept")
@click.option("--reason", default="", help="a reason code, as no_permission")
@click.option("--since", type=Moment())
@click.option("--until", type=Moment())
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@JSON
@click.pass_context
def log(context: click.Context, /, employee_code: str | None, kind: str | None, limit: int, *, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Read the decision log, the newest first; reading it is itself recorded."""
    with platform(context) as services:
        official_id = find(services, employee_code).id if employee_code else None
        rows: list[LogEntry] = []
        after: Cursor | None = None
        while len(rows) < limit:
            asked = LogAsked(official_id=official_id, kind=kind or "", limit=min(_PAGE, limit - len(rows)), after=after, **given)
            page = services.decision_log.read(operator(), asked)
            rows += page.rows
            after = page.after
            if after is None:
                break
        if page.lost:
            click.echo(f"{page.lost} decisions in this time could not be written down", err=True)
        if as_json:
            click.echo(json_text(rows))
            return
        names = services.identity_queries.official_names({row.official_id for row in rows if row.official_id})
        show_rows(
            ("at", "who", "function", "answer", "reason", "rule", "kept as", "client"),
            (
                (
                    when(row.at),
                    names.get(row.official_id, str(row.official_id)) if row.official_id else "",
                    row.function,
                    "yes" if row.allowed else "no",
                    row.reason,
                    row.rule or "",
                    row.kind,
                    row.client_id,
                )
                for row in rows
            ),
        )
